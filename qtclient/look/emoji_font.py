"""Emoji in colour: fonts for text have some of them in black and white, and Qt would take those. GUI thread only."""

from __future__ import annotations

from functools import lru_cache

from PyQt5.QtGui import QFont, QFontDatabase

_FAMILIES = ("Noto Color Emoji", "Twemoji", "Apple Color Emoji", "Segoe UI Emoji")


@lru_cache(maxsize=1)
def family() -> str:
    """The font that has them; empty where none is installed."""
    known = QFontDatabase().families()
    return next((name for name in _FAMILIES if name in known), "")


def in_colour(font: QFont) -> QFont:
    """The same for a text of nothing but emoji."""
    result = QFont(font)
    if family():
        result.setFamily(family())
    return result
