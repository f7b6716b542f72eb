"""Token buckets, as one number each (the generic cell rate algorithm, ITU-T I.371)."""

from __future__ import annotations

import threading
import time
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
