"""Back-off after failed logins, per account and per address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

FREE_TRIES = 5  # failures of one account from one address, or from its sessions, before it must wait
FREE_TRIES_WIDE = 50  # failures of one account from anywhere, or of one address for any account
FIRST_WAIT = 1.0  # seconds, doubled with each further failure
LONGEST_WAIT = 300.0
FORGET_AFTER = 900.0  # seconds without a failure
REMEMBERED = 100_000  # keys; the oldest go first, so that an attacker cannot fill the memory

_SESSIONS = "its sessions"  # in place of an address


class FailureGate:
    """Every method: any thread.

    An account under attack stays open to its owner: wherever a session of it has begun before, only what failed for
    this account from there counts. An address is closed to accounts that are new there, unless many people are known to
    share it. A session that there is has a count of its own. Wrong tokens count for nothing: nobody guesses one, and
    after holidays a whole school's have expired.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards both tables
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._places: OrderedDict[tuple[str, str], None] = OrderedDict()  # where sessions of accounts have begun

    def wait_ms(self, account: str, address: str, *, shared: bool = False) -> int:
        """How long this address must wait before it may try this account; 0 when it may now. ``shared``: many people
        are known to be there.
        """
        now = self._clock()
        with self._lock:
            wait = self._wait((account, address), FREE_TRIES, now)
            if (account, address) not in self._places:
                wait = max(wait, self._wait((account, ""), FREE_TRIES_WIDE, now))
                if not shared:
                    wait = max(wait, self._wait(("", address), FREE_TRIES_WIDE, now))
            return int(wait * 1000)

    def session_wait_ms(self, account: str) -> int:
        """How long somebody who has a session of this account must wait before trying its password."""
        with self._lock:
            return int(self._wait((account, _SESSIONS), FREE_TRIES, self._clock()) * 1000)

    def address_wait_ms(self, address: str) -> int:
        """How long this address must wait because of its failures for any accounts."""
        with self._lock:
            return int(self._wait(("", address), FREE_TRIES_WIDE, self._clock()) * 1000)

    def failed(self, account: str, address: str) -> None:
        """A wrong password was given at a login."""
        self._count([(account, address), (account, ""), ("", address)])

    def session_failed(self, account: str) -> None:
        """A wrong password was given by somebody who has a session of the account."""
        self._count([(account, _SESSIONS)])

    def succeeded(self, account: str, address: str) -> None:
        """The right password was given: this address is forgiven for this account."""
        with self._lock:
            self._failures.pop((account, address), None)

    def entered(self, account: str, address: str) -> None:
        """A session has begun there: whatever fails elsewhere, or for others, does not close it for this account."""
        with self._lock:
            self._places[account, address] = None
            self._places.move_to_end((account, address))
            if len(self._places) > REMEMBERED:
                self._places.popitem(last=False)

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
