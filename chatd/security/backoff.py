"""Back-off after failed logins, per account and per address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

FREE_TRIES = 5  # failures of one account from one address before it must wait
FREE_TRIES_WIDE = 50  # failures of one account from anywhere, or of one address for any account
FIRST_WAIT = 1.0  # seconds, doubled with each further failure
LONGEST_WAIT = 300.0
FORGET_AFTER = 900.0  # seconds without a failure
REMEMBERED = 100_000  # keys; the oldest go first, so that an attacker cannot fill the memory


class FailureGate:
    """Every method: any thread.

    An account under attack from one address stays open to its owner elsewhere, up to a much higher number of failures.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards the table
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait_ms(self, account: str, address: str) -> int:
        """How long this address must wait before it may try this account; 0 when it may now."""
        now = self._clock()
        with self._lock:
            waits = (self._wait(key, free, now) for key, free in _keys(account, address))
            return int(max(waits) * 1000)

    def address_wait_ms(self, address: str) -> int:
        """How long this address must wait because of its failures for any accounts."""
        with self._lock:
            return int(self._wait(("", address), FREE_TRIES_WIDE, self._clock()) * 1000)

    def failed(self, account: str, address: str) -> None:
        """A wrong password was given."""
        self._count([key for key, _ in _keys(account, address)])

    def token_failed(self, address: str) -> None:
        """A wrong token was given. Nobody guesses one, so it says nothing of the account, and must not close it."""
        self._count([("", address)])

    def succeeded(self, account: str, address: str) -> None:
        """The right password was given: this address is forgiven for this account."""
        with self._lock:
            self._failures.pop((account, address), None)

    def _count(self, keys: Sequence[tuple[str, str]]) -> None:
        now = self._clock()
        with self._lock:
            for key in keys:
                count, last = self._failures.pop(key, (0, now))
                self._failures[key] = (1 if now - last > FORGET_AFTER else count + 1, now)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def _wait(self, key: tuple[str, str], free: int, now: float) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        if count < free or now - last > FORGET_AFTER:
            return 0.0
        return max(0.0, last + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(count - free, 20)) - now)


def _keys(account: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return (((account, address), FREE_TRIES), ((account, ""), FREE_TRIES_WIDE), (("", address), FREE_TRIES_WIDE))
