"""The theme: puts colours, fonts and words of the settings and the desktop in force, now and whenever they change.

GUI thread only.
"""

from __future__ import annotations

from typing import Any, Protocol

from PyQt5.QtCore import QEvent, QObject, pyqtSignal
from PyQt5.QtGui import QFont, QFontInfo
from PyQt5.QtWidgets import QApplication

from qtclient.i18n import set_language
from qtclient.look import palette
from qtclient.look.colours import DARK, LIGHT
from qtclient.look.desktop import Desktop
from qtclient.look.sheet import style_sheet

SMALLEST, LARGEST = 7, 28  # points of a font that may be chosen


class Wishes(Protocol):
    """What the settings are asked: ``theme`` (system, light, dark), ``font_size`` (0: the desktop's), ``language``."""

    def get(self, name: str) -> Any:
        """The value of a setting."""

    @property
    def changed(self) -> Any:
        """The signal that tells the name of a setting that is another now."""


class Theme(QObject):
    """One for the program. ``changed`` comes after new colours or fonts are in force."""

    changed = pyqtSignal()

    def __init__(self, wishes: Wishes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        app = _app()
        self._wishes = wishes
        self._font = QFont(app.font())
        self._desktop = Desktop(app.palette(), self)
        self._desktop.changed.connect(self.apply)
        self._shown: tuple[object, ...] = ()
        self._styled = False
        wishes.changed.connect(self._wish)

    def apply(self) -> None:
        """Put it all in force; nothing is done twice."""
        set_language(self._wishes.get("language"))
        colours = DARK if self._is_dark() else LIGHT
        points = self._points()
        if self._shown == (colours, points):
            return
        self._shown = (colours, points)
        palette.use(colours)
        app = _app()
        if not self._styled:
            self._styled = True
            app.setStyle("Fusion")
        font = QFont(self._font)
        font.setPointSizeF(points)
        app.setFont(font)
        app.setPalette(palette.qt_palette(colours))
        app.setStyleSheet(style_sheet(colours, points))
        self.changed.emit()

    def _is_dark(self) -> bool:
        wanted = str(self._wishes.get("theme"))
        return wanted == "dark" or (wanted != "light" and self._desktop.dark)

    def _points(self) -> float:
        wished = int(self._wishes.get("font_size"))
        if wished > 0:
            return float(min(LARGEST, max(SMALLEST, wished)))
        return max(float(SMALLEST), QFontInfo(self._font).pointSizeF())

    def _wish(self, name: str) -> None:
        if name == "language":
            set_language(self._wishes.get("language"))
            for widget in QApplication.topLevelWidgets():
                QApplication.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))
        elif name in ("theme", "font_size"):
            self.apply()


def _app() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
