"""Token buckets, as one number each (the generic cell rate algorithm, ITU-T I.371)."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``per_second`` in the long run, ``burst`` at once."""

    per_second: float
    burst: int


RATES = {
    "login": Rate(1, 20),
    "edit": Rate(10, 200),
    "chat": Rate(50, 1000),
    "query": Rate(20, 200),
    "mark": Rate(50, 1000),
}
"""By command class, for each connection. People do not come near them; a program that floods does."""

REGISTRATIONS = Rate(1, 200)
"""New accounts from one address."""

WAITING_LOGINS = 32
"""Passwords of one address that may wait to be hashed at a time; a hash takes a tenth of a second."""

SESSION_STARTS = Rate(1, 60)
"""Sessions of one account: each start and end is told to all friends."""

REMEMBERED = 10_000  # keys; above it, those whose bucket is full again are forgotten


def admit(rate: Rate, theoretical: float, now: float) -> tuple[float, int]:
    """Try to take one token.

    ``theoretical`` is what the last call returned, 0.0 at first; ``now`` is monotonic seconds. Returns the new value
    and 0, or the old value and the milliseconds until a token is there.
    """
    interval = 1.0 / rate.per_second
    start = max(theoretical, now)
    wait = start - now - interval * (rate.burst - 1)
    if wait > 1e-9:
        return theoretical, int(wait * 1000) + 1
    return start + interval, 0


class KeyedRates:
    """A bucket for each key: an address, or an account. `wait_ms`: any thread."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._lock = threading.Lock()  # guards the table
        self._theoretical: dict[str, float] = {}

    def wait_ms(self, key: str) -> int:
        """Take a token and return 0, or return the milliseconds until there is one."""
        now = time.monotonic()
        with self._lock:
            if len(self._theoretical) >= REMEMBERED:
                self._theoretical = {old: value for old, value in self._theoretical.items() if value > now}
            self._theoretical[key], wait = admit(self._rate, self._theoretical.get(key, 0.0), now)
            return wait


class Places:
    """How much of one kind may be under way for each key. Every method: any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()  # guards both tables
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[Callable[[], bool]]] = {}

    def take(self, key: str) -> bool:
        """Take a place; false when there is none."""
        with self._lock:
            if self._taken[key] >= self._most:
                return False
            self._taken[key] += 1
            return True

    def take_later(self, key: str, begin: Callable[[], bool]) -> bool:
        """The same; when there is none, ``begin`` is called, in any thread, once there is one for it: false if it does
        not need it any more. What waits has no bound here: one connection asks one thing at a time.
        """
        with self._lock:
            if self._taken[key] >= self._most:
                self._waiting.setdefault(key, deque()).append(begin)
                return False
            self._taken[key] += 1
            return True

    def give_back(self, key: str) -> None:
        """Let another one have it."""
        while (begin := self._next(key)) is not None:
            if begin():
                return

    def _next(self, key: str) -> Callable[[], bool] | None:
        """Who is to have a place that has become free."""
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting:
                begin = waiting.popleft()
                if not waiting:
                    del self._waiting[key]
                return begin
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
            return None
