"""Figures as people read them."""

from __future__ import annotations

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def count(value: float) -> str:
    """A number of things, or of things per second: 45,231; below ten with one digit after the point, if it has one."""
    return f"{value:.1f}" if 0 < value < 9.95 and value != int(value) else f"{value:,.0f}"


def duration(ms: float) -> str:
    """Milliseconds to three digits, in the unit that fits: 85 µs, 1.23 ms, 12.3 ms, 1.23 s."""
    if ms < 0.9995:
        return f"{ms * 1000:.0f} µs" if ms else "0"
    return f"{_three(ms)} ms" if ms < 999.5 else f"{_three(ms / 1000)} s"


def short(value: float) -> str:
    """A number for an axis: 450, 45k, 4.5M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def brief(ms: float) -> str:
    """A round time for an axis: 50 µs, 2 ms, 10 s."""
    return f"{ms * 1000:g} µs" if ms < 0.9995 else f"{ms:g} ms" if ms < 999.5 else f"{ms / 1000:g} s"


def micro(seconds: float) -> str:
    """Seconds in µs, to three digits: 0.26 µs, 325 µs."""
    return f"{_three(seconds * 1e6)} µs"


def size(value: float) -> str:
    """Bytes: 512 B, 2.41 KiB, 45.2 MiB."""
    for unit in _SIZES:
        if value < 999.5 or unit == _SIZES[-1]:
            break
        value /= 1024
    return f"{value:.0f} B" if unit == "B" else f"{_three(value)} {unit}"


def plural(number: int, noun: str) -> str:
    """1 process, 2 processes."""
    more = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else more}"


def _three(value: float) -> str:
    """Three digits, but no fewer than stand before the point."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
