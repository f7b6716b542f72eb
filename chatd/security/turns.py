"""Who may join the queue of logins, and when those who may not are to come again.

A client gives up after ten seconds without an answer. So the queue holds what can be served within a few. All others
stand in line outside: they are told how long it takes until it is their turn, by the pace of those before, and may join
the queue when they ask again and nobody is left before them. Who does not ask again is forgotten, and the queue never
runs dry for somebody who does not come.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 3.0  # seconds of work that may wait; with half of it, everybody may join
SHORTEST_WAIT = 0.2  # seconds before anybody asks again
LONGEST_WAIT = 600.0
FORGOTTEN = 35.0  # seconds after the time that was told; clients of before ask again after 30
MOST = 20_000  # in line
MOST_HERE = 1_000  # of them at one address; others are told a time all the same


class Load(Protocol):
    """What waits before somebody (`executor.Load`)."""

    def wait(self, waiting: float = 0, here: float = 0, addresses: float = 0) -> float:
        """Seconds until it is somebody's turn behind all that, and so many others, so many of them at the same address,
        from so many other addresses.
        """


@dataclass
class _Place:
    """``number`` grows along the line; who has not asked again at ``until`` has left."""

    number: int
    address: str
    until: float


class Turns:
    """Every method: any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards all below
        self._line: OrderedDict[str, _Place] = OrderedDict()  # by account
        self._ends: list[tuple[float, str]] = []  # a heap: when to look whether somebody has left
        self._here: Counter[str] = Counter()  # how many of an address stand in line
        self._next = 0

    def wait_ms(self, account: str, address: str, load: Load) -> int:
        """0: it may join the queue now; else the milliseconds until it is to ask again."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            place = self._line.get(account)
            before = self._before(place)
            wait = load.wait(before * len(self._line), before * self._here[address], before * len(self._here))
            if wait <= PATIENCE or load.wait() <= PATIENCE / 2:
                self._leave(account)
                return 0
            wait = min(LONGEST_WAIT, max(SHORTEST_WAIT, wait - PATIENCE / 2))
            self._stand(account, address, place, now + wait + FORGOTTEN)
            return int(wait * 1000) + 1

    def _before(self, place: _Place | None) -> float:
        """The part of those in line who stand before a place. Some of them may have left, here and there."""
        if place is None:
            return 1.0
        first = next(iter(self._line.values())).number
        return (place.number - first) / (self._next - first)

    def _stand(self, account: str, address: str, place: _Place | None, until: float) -> None:
        if place is not None:
            place.until = until
        elif len(self._line) < MOST and self._here[address] < MOST_HERE:
            self._line[account] = _Place(self._next, address, until)
            self._next += 1
            self._here[address] += 1
            heapq.heappush(self._ends, (until, account))

    def _leave(self, account: str) -> None:
        if (place := self._line.pop(account, None)) is not None:
            self._here[place.address] -= 1
            if not self._here[place.address]:
                del self._here[place.address]

    def _forget(self, now: float) -> None:
        """Those who have left; there is one entry for each account in the heap, or more for who came anew."""
        while self._ends and self._ends[0][0] < now:
            _, account = heapq.heappop(self._ends)
            place = self._line.get(account)
            if place is None:
                continue
            if place.until < now:
                self._leave(account)
            else:
                heapq.heappush(self._ends, (place.until, account))
