"""Wait for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE = 60.0  # seconds; far beyond what is needed, so that a machine that does other work passes, too


def wait_until(condition: Callable[[], object], what: str = "the condition", timeout: float = DEADLINE) -> None:
    """Return as soon as the condition holds; fail with its name when it does not in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.005)
