"""The program's sign with a number in its corner, as the tray shows it. GUI thread only."""

from __future__ import annotations

from functools import lru_cache

from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from qtclient.look.icons import app_pixmap

_SIDES = (16, 22, 24, 32, 48, 64)  # pixels: trays scale badly
_MOST = 99
_GROUND, _WORDS = "#d5303d", "#ffffff"
_FAINT = 90  # of 255: what is left of the sign in the dark half of blinking


def counted_icon(count: int, *, faint: bool = False) -> QIcon:
    """The sign; ``faint`` in the dark half of blinking."""
    return _made("" if count <= 0 else str(count) if count <= _MOST else f"{_MOST}+", faint)


@lru_cache(maxsize=8)
def _made(words: str, faint: bool) -> QIcon:
    result = QIcon()
    for side in _SIDES:
        pixmap = QPixmap(app_pixmap(side))
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if faint:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
            painter.fillRect(pixmap.rect(), QColor(0, 0, 0, _FAINT))
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        if words:
            _paint_count(painter, side, words)
        painter.end()
        result.addPixmap(pixmap)
    return result


def _paint_count(painter: QPainter, side: int, words: str) -> None:
    """Over more of a small sign than of a large one, as it has to be read there, too."""
    high = round(side * (0.6 if side < 32 else 0.55))
    font = QFont()
    font.setPixelSize(round(high * 0.8))
    font.setBold(True)
    painter.setFont(font)
    wide = min(side, max(high, painter.fontMetrics().horizontalAdvance(words) + high * 0.4))
    pill = QRectF(side - wide, side - high, wide, high)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(_GROUND))
    painter.drawRoundedRect(pill, high / 2, high / 2)
    painter.setPen(QColor(_WORDS))
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip), words)
