"""What the desktop wants: light or dark. Asked over D-Bus (the settings portal), with the palette as the fallback.

GUI thread only; nothing here waits for an answer.
"""

from __future__ import annotations

import os

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusPendingReply, QDBusVariant
from PyQt5.QtGui import QPalette

_SERVICE, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_FACE = "org.freedesktop.portal.Settings"
_GROUP, _KEY = "org.freedesktop.appearance", "color-scheme"
_DARK = 1  # of the portal: 0 no preference, 1 dark, 2 light


class Desktop(QObject):
    """Follows the desktop's preference; ``changed`` when it is known to have changed."""

    changed = pyqtSignal()

    def __init__(self, before: QPalette, parent: QObject | None = None) -> None:
        """``before`` is the palette that Qt found, before any other was set."""
        super().__init__(parent)
        self.dark = _wants_dark(before)
        self._watchers: set[QDBusPendingCallWatcher] = set()
        bus = QDBusConnection.sessionBus()
        if os.environ.get("DBUS_SESSION_BUS_ADDRESS") and bus.isConnected():
            self._ask(bus)
            bus.connect(_SERVICE, _PATH, _FACE, "SettingChanged", self._told)

    def _ask(self, bus: QDBusConnection) -> None:
        call = QDBusMessage.createMethodCall(_SERVICE, _PATH, _FACE, "Read")
        call.setArguments([_GROUP, _KEY])
        watcher = QDBusPendingCallWatcher(bus.asyncCall(call, 3000), self)
        watcher.finished.connect(self._answered)
        self._watchers.add(watcher)

    @pyqtSlot(QDBusPendingCallWatcher)
    def _answered(self, watcher: QDBusPendingCallWatcher) -> None:
        self._watchers.discard(watcher)
        reply = QDBusPendingReply(watcher)
        if reply.isValid():
            self._take(reply.argumentAt(0))
        watcher.deleteLater()

    @pyqtSlot(QDBusMessage)
    def _told(self, message: QDBusMessage) -> None:
        arguments = message.arguments()
        if len(arguments) >= 3 and arguments[:2] == [_GROUP, _KEY]:
            self._take(arguments[2])

    def _take(self, value: object) -> None:
        while isinstance(value, QDBusVariant):
            value = value.variant()
        if value in (1, 2):
            dark = value == _DARK
            if dark != self.dark:
                self.dark = dark
                self.changed.emit()


def _wants_dark(before: QPalette) -> bool:
    if os.environ.get("GTK_THEME", "").lower().endswith((":dark", "-dark")):
        return True
    window = before.color(QPalette.ColorRole.Window).lightness()
    return window < before.color(QPalette.ColorRole.WindowText).lightness()
