"""How far a transfer is, and how fast."""

from __future__ import annotations

import time
from collections import deque

_OVER = 5.0  # seconds, over which the speed is taken
_QUIET = 2.0  # seconds without a byte, after which it is said to rest


class Pace:
    """``reached`` in bytes is set by the thread of the transfer; the rest is for who shows it."""

    def __init__(self, reached: int) -> None:
        self.reached = reached
        self._moved = 0.0  # time.monotonic() when it was seen to have come further
        self._samples: deque[tuple[float, int]] = deque()

    def start_at(self, reached: int) -> None:
        """So much was there before. The thread of the transfer."""
        self.reached = reached
        self.begin()

    def begin(self) -> None:
        """What was before does not count. Any thread."""
        self._samples = deque()  # not cleared: `speed` may be looking at them

    def speed(self) -> float:
        """Bytes a second, lately. Also looks whether it has come further."""
        now, done, samples = time.monotonic(), self.reached, self._samples
        if not samples or samples[-1][1] != done:
            self._moved = now
        samples.append((now, done))
        while samples[0][0] < now - _OVER:
            samples.popleft()
        (first, begin), (last, end) = samples[0], samples[-1]
        return max(0.0, (end - begin) / (last - first)) if last - first > 0.1 else 0.0

    @property
    def rests(self) -> bool:
        """Whether nothing has come for a while, as far as `speed` has seen."""
        return time.monotonic() - self._moved > _QUIET
