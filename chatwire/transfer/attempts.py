"""When to try again, and when to give up."""

from __future__ import annotations

import random

from chatwire.transfer.control import Control
from chatwire.transfer.errors import Unreachable

LIMIT = 12  # attempts in a row that bring nothing; about a minute in all
FIRST_DELAY = 0.2  # seconds
LONGEST_DELAY = 20.0
LONGEST_PATIENCE = 60.0  # seconds; of what a server may ask for


class Broken(Exception):
    """An attempt has failed in a way that may pass. ``least``: seconds that the server asks to be left alone."""

    def __init__(self, reason: str, least: float = 0.0) -> None:
        super().__init__(reason)
        self.least = min(LONGEST_PATIENCE, max(0.0, least))


class Attempts:
    """Counts attempts that brought nothing, and waits longer and longer between them."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._in_vain = 0

    def brought(self) -> None:
        """Bytes have moved: everything begins anew."""
        self._in_vain = 0

    def failed(self, error: Broken) -> None:
        """Wait before the next attempt: exponential back-off with full jitter.

        Raises:
            Unreachable: that was the last one.
            Cancelled: while waiting.
        """
        self._in_vain += 1
        if self._in_vain >= LIMIT:
            raise Unreachable(f"{error}; gave up after {LIMIT} attempts, what has arrived is kept") from error
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (self._in_vain - 1))
        self._control.sleep(max(error.least, random.uniform(0, longest)))
