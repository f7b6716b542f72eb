"""Distances and fonts of message rows, made from one font. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QFont, QFontMetricsF

SIDE = 16  # from the edge of the view to bubbles
PAD_X, PAD_Y = 12, 8  # from the edge of a bubble to its words
RADIUS, TIGHT = 16.0, 5.0  # corners: of a bubble, and where it joins its neighbour
WITHIN, BETWEEN = 2, 12  # above a bubble: inside a run of one sender, and before a new run
AVATAR, AVATAR_GAP = 32, 8
SIGN = 40  # the disc in front of a file's name
CARD_MIN, PICTURE_MAX = 232, QSize(360, 320)
WIDEST = 600  # a bubble, at the usual font size


class Measures:
    """One for each font."""

    def __init__(self, font: QFont) -> None:
        self.text = QFont(font)
        self.small = _scaled(font, 0.85)
        self.bold = QFont(font)
        self.bold.setWeight(QFont.Weight.DemiBold)
        self.name = QFont(self.small)
        self.name.setWeight(QFont.Weight.DemiBold)
        self.large = _scaled(font, 2.4)  # a message of nothing but a few emoji
        self.text_metrics = QFontMetricsF(self.text)
        self.small_metrics = QFontMetricsF(self.small)
        self.bold_metrics = QFontMetricsF(self.bold)
        self.name_metrics = QFontMetricsF(self.name)
        self.line = self.text_metrics.height()
        self.glyph = max(14, round(self.small_metrics.height() * 0.85))  # the state of an own message
        self.small_line = self.small_metrics.height()
        self.estimate = round(self.line + 2 * PAD_Y + WITHIN + 4)  # the height of a row that has not been looked at

    def widest(self, view: float, avatars: bool) -> float:
        """How wide a bubble may become in a view."""
        free = view - 2 * SIDE - (AVATAR + AVATAR_GAP if avatars else 0)
        return max(56.0, min(free * 0.8, WIDEST * max(1.0, self.line / 18)))


def _scaled(font: QFont, factor: float) -> QFont:
    result = QFont(font)
    if font.pointSizeF() > 0:
        result.setPointSizeF(max(6.0, font.pointSizeF() * factor))
    else:
        result.setPixelSize(max(8, round(font.pixelSize() * factor)))
    return result
