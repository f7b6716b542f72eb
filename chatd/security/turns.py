"""Who may join the queue of logins, and when those who may not are to come again.

A client gives up after ten seconds without an answer. So the queue holds what can be served within a few, and everybody
else is told how long it takes until it is their turn, and has it then. No place in the queue is kept for them: when
those who were told to come do not, others have it.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

PATIENCE = 3.0  # seconds of work that may wait; who was promised this time may wait as long again
EARLY = 0.3  # seconds before it is due a promise is kept
FORGOTTEN = 15.0  # seconds after it was due, a promise is not kept any more
LONGEST_WAIT = 600.0
HASTE = 0.8  # of the time that is expected is promised: better that some wait in the queue than that it runs dry
MOST = 20_000  # promises; above, times are told and not kept


class Load(Protocol):
    """What waits before somebody (`executor.Load`)."""

    def wait(self, waiting: int = 0, here: int = 0) -> float:
        """Seconds until it is somebody's turn behind all that, so many others, and so many at the same address."""


class Turns:
    """Every method: any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards all below
        self._due: dict[str, tuple[float, str]] = {}  # by account: when, and the address
        self._order: list[tuple[float, str]] = []  # a heap of them
        self._here: Counter[str] = Counter()  # by address

    def wait_ms(self, account: str, address: str, load: Load) -> int:
        """0: it may join the queue now; else the milliseconds until it may."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            due = self._due[account][0] if account in self._due else None
            behind = load.wait()
            kept = due is not None and due <= now + EARLY
            if behind <= (2 * PATIENCE if kept else PATIENCE):
                self._keep(account)
                return 0
            if kept:
                self._keep(account)
                due = now + behind - PATIENCE
            elif due is None:
                due = now + min(LONGEST_WAIT, HASTE * load.wait(len(self._due), self._here[address]))
            self._promise(account, address, due)
            return int((due - now) * 1000) + 1

    def _promise(self, account: str, address: str, due: float) -> None:
        if account in self._due or len(self._due) >= MOST:
            return
        self._due[account] = (due, address)
        self._here[address] += 1
        heapq.heappush(self._order, (due, account))

    def _keep(self, account: str) -> None:
        """It is over, since it was kept, or too late for it."""
        if (promise := self._due.pop(account, None)) is not None:
            self._here[promise[1]] -= 1
            if not self._here[promise[1]]:
                del self._here[promise[1]]

    def _forget(self, now: float) -> None:
        while self._order and self._order[0][0] < now - FORGOTTEN:
            due, account = heapq.heappop(self._order)
            if account in self._due and self._due[account][0] == due:
                self._keep(account)
