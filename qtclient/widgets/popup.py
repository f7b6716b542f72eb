"""The base of what pops up over a window and goes away by itself. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QGuiApplication, QPainter, QPainterPath, QPaintEvent, QPen, QRegion, QResizeEvent
from PyQt5.QtWidgets import QWidget

from qtclient.look import palette
from qtclient.widgets.worded import Worded

_RADIUS = 12


class Popup(Worded):
    """A card with round corners; a click elsewhere or Escape closes and deletes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # An X screen need not have somebody who composes its windows; behind translucent corners it would be black.
        self._cut = QGuiApplication.platformName() == "xcb"
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, not self._cut)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._cut:
            path = QPainterPath()
            path.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
            self.setMask(QRegion(path.toFillPolygon().toPolygon()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        colours = palette.now()
        painter = QPainter(self)
        if self._cut:
            painter.fillRect(self.rect(), palette.colour(colours.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(palette.colour(colours.surface))
        painter.setPen(QPen(palette.colour(colours.edge), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.end()
