"""The time as the wire has it, and whether the machine has slept: connections may be dead then without a word."""

from __future__ import annotations

import time

_NOTICED = 3.0  # seconds


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class SleepWatch:
    """One thread. Compares the clock that goes on during a sleep with the one that does not."""

    def __init__(self) -> None:
        self._gap = self._now()

    def slept(self) -> bool:
        """Whether it has, since this was asked last."""
        before, self._gap = self._gap, self._now()
        return self._gap - before > _NOTICED

    @staticmethod
    def _now() -> float:
        """How far the two clocks are apart, in seconds."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.time() - time.monotonic()
