"""Icons that take their colour from the theme at the moment they are painted, so a switch of the theme needs nobody.

GUI thread only.
"""

from __future__ import annotations

from functools import lru_cache

from PyQt5.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QIcon, QIconEngine, QImage, QPainter, QPixmap
from PyQt5.QtSvg import QSvgRenderer

from qtclient.look import palette
from qtclient.look.drawings import APP, markup


def icon(name: str, role: str = "muted") -> QIcon:
    """An icon by the name of its drawing, in the colour of that role (a field of `Colours`)."""
    return QIcon(_Engine(name, role))


def paint_icon(painter: QPainter, rect: QRect | QRectF, name: str, colour: str) -> None:
    """Draw one into a square; sharp on any screen."""
    ratio = painter.device().devicePixelRatioF()
    side = max(1, round(rect.width() * ratio))
    painter.drawPixmap(QRectF(rect), _drawn(name, colour, side), QRectF(0, 0, side, side))


def app_icon() -> QIcon:
    """The program's own."""
    result = QIcon()
    for side in (16, 22, 24, 32, 48, 64, 128, 256):
        result.addPixmap(app_pixmap(side))
    return result


@lru_cache(maxsize=32)
def app_pixmap(side: int) -> QPixmap:
    """The program's own sign, ``side`` device pixels wide."""
    return _render(APP.encode(), side)


class _Engine(QIconEngine):
    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name, self._role = name, role

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        square = QRect(0, 0, side, side)
        square.moveCenter(rect.center())
        paint_icon(painter, square, self._name, self._colour(mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        result = QPixmap(size)
        result.fill(Qt.GlobalColor.transparent)
        painter = QPainter(result)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return result

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        colours = palette.now()
        if mode == QIcon.Mode.Disabled:
            return colours.faint
        role = "accent" if state == QIcon.State.On and self._role == "muted" else self._role
        return str(getattr(colours, role))


@lru_cache(maxsize=512)
def _drawn(name: str, colour: str, side: int) -> QPixmap:
    return _render(markup(name, colour), side)


def _render(document: bytes, side: int) -> QPixmap:
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(document)).render(painter)
    painter.end()
    return QPixmap.fromImage(image)
