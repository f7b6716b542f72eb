"""What all windows of an account have in common: a name, a place that is remembered, an end that leaves nothing."""

from __future__ import annotations

import base64

from PyQt5.QtCore import QByteArray, QEvent, QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QRegion
from PyQt5.QtWidgets import QApplication, QWidget

from qtclient.look.icons import app_icon
from qtclient.model.settings import Settings
from qtclient.widgets.worded import Worded, set_role


class Window(Worded):
    """A window that deletes itself when it is closed, unless it ``stays``."""

    closed = pyqtSignal(str)  # its name
    activated = pyqtSignal()

    def __init__(self, settings: Settings, name: str, size: tuple[int, int], *, stays: bool = False) -> None:
        """``name`` is that under which the place is remembered; ``size`` is used as long as none is."""
        super().__init__(None)
        self.settings, self.name = settings, name
        self.setWindowFlags(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, not stays)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowIcon(app_icon())
        set_role(self, "window")
        self.resize(fitting(QSize(*size)))
        self._come_back()

    def bring_up(self) -> None:
        """Show it in front of all."""
        if self.isMinimized():
            self.showNormal()
        title = QRect(self.frameGeometry().topLeft(), QSize(self.width(), _TITLE))
        if self.isVisible() and _seen(title) < _GRIP:
            self.move(inside(self.frameGeometry(), self).topLeft())
        self.show()
        self.raise_()
        self.activateWindow()

    def remember(self) -> None:
        """Keep where it is."""
        places = dict(self.settings.get("windows"))
        place = base64.b64encode(bytes(self.saveGeometry())).decode()
        if self.name and places.get(self.name) != place:
            places[self.name] = place
            self.settings.set("windows", _newest(places))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.activated.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.remember()
        super().closeEvent(event)
        self.closed.emit(self.name)

    def _come_back(self) -> None:
        place = self.settings.get("windows").get(self.name) if self.name else None
        if isinstance(place, str):
            try:
                self.restoreGeometry(QByteArray(base64.b64decode(place, validate=True)))
            except ValueError:
                return  # somebody has written in the file; the window has its usual place
            self._come_inside()

    def _come_inside(self) -> None:
        """Since the place was remembered, the screen may have become another."""
        place = self.geometry()
        if not self.isMaximized() and not self.isFullScreen() and not QRegion(place).subtracted(_screens()).isEmpty():
            place.setSize(fitting(place.size(), place.center()))
            self.setGeometry(inside(place.adjusted(0, -_TITLE, 0, 0), self).adjusted(0, _TITLE, 0, 0))


def adopt(window: Window, owner: QWidget) -> None:
    """Place a window over the middle of the one that it belongs to, inside the screen, if no place is remembered."""
    if window.settings.get("windows").get(window.name) is None:
        frame = window.frameGeometry()
        frame.moveCenter(owner.frameGeometry().center())
        window.move(inside(frame, owner).topLeft())


def inside(frame: QRect, owner: QWidget) -> QRect:
    """A rectangle, moved as little as it takes to be on the screen of ``owner``."""
    free = _free(owner.frameGeometry().center())
    x = max(free.left(), min(frame.left(), free.right() - frame.width()))
    y = max(free.top(), min(frame.top(), free.bottom() - frame.height()))
    return QRect(QPoint(x, y), frame.size())


def fitting(size: QSize, near: QPoint | None = None) -> QSize:
    """A size, made so small that the screen ``near`` a place has room for it and for a frame."""
    free = _free(near or QPoint(0, 0))
    return size.boundedTo(QSize(free.width(), free.height() - _TITLE))


def _free(near: QPoint) -> QRect:
    screen = QApplication.screenAt(near) or QApplication.primaryScreen()
    return screen.availableGeometry()


def _screens() -> QRegion:
    result = QRegion()
    for screen in QApplication.screens():
        result = result.united(screen.availableGeometry())
    return result


def _seen(area: QRect) -> int:
    """How wide the part of it is that is on a screen."""
    return QRegion(area).intersected(_screens()).boundingRect().width()


_MOST_PLACES = 500
_TITLE = 36  # pixels of the frame above a window, as nobody tells before it is shown
_GRIP = 80  # pixels of it that one needs to move a window


def _newest(places: dict[str, str]) -> dict[str, str]:
    return dict(list(places.items())[-_MOST_PLACES:])
