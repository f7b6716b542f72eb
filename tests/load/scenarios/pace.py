"""How often a sender of an open loop speaks."""

from __future__ import annotations


def interval(rate: float, senders: int) -> int:
    """The ns between two messages of one of ``senders``, who send ``rate`` per second together; 0: a closed loop."""
    return round(senders * 1e9 / rate) if rate else 0
