"""When the server is full of logins: it says how long it takes until it is one's turn, and nobody need do anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from chatwire.codec import Object
from chatwire.errors import Refused

LONGEST_PAUSE = (
    10.0  # seconds before one asks again, however long it will take: it may go faster than the server thought
)

T = TypeVar("T")


def seconds_until_turn(reply: Object) -> float | None:
    """What a refusal says about it; None when it says nothing."""
    wait = reply.get("retry_after_ms")
    if reply.get("result") != "rate_limited" or not isinstance(wait, int | float) or not math.isfinite(wait):
        return None
    return max(0.0, wait / 1000)


def pause_before(seconds: float) -> float:
    """How long to wait before one asks again."""
    return min(seconds + 0.05, LONGEST_PAUSE)


def in_turn(ask: Callable[[], T], wait: Callable[[float, float], bool]) -> T:
    """Ask again, on the same connection, until it is our turn; blocks.

    ``wait`` gets how long it will take, and how long to wait now, in seconds; false: give up.

    Raises:
        Refused: the server says something else, or ``wait`` gave up.
    """
    while True:
        try:
            return ask()
        except Refused as error:
            seconds = seconds_until_turn(error.reply)
            if seconds is None or not wait(seconds, pause_before(seconds)):
                raise
