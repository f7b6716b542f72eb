"""The icon in the tray of the desktop, and what can be done there. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtWidgets import QAction, QMenu, QSystemTrayIcon

from qtclient.i18n import ntr, tr
from qtclient.look.counted import counted_icon
from qtclient.look.icons import app_icon
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.widgets import said

_BLINK = 600  # ms
_AWAIT = 10_000  # ms between two looks for a tray
_LATER = 150  # ms in which changes of the list of conversations are gathered


class Tray(QObject):
    """The icon, with the number of unread messages."""

    show_wanted = pyqtSignal()
    quit_wanted = pyqtSignal()

    def __init__(self, session: Session, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._settings = session, settings
        self.icon = QSystemTrayIcon(app_icon(), self)
        self._menu = QMenu()
        self._count = -1
        self._blink = self._timer(_BLINK, self._turn, single=False)
        self._dark = False
        self._later = self._timer(_LATER, self._recount)
        self._await = self._timer(_AWAIT, self._appear)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._activated)
        self._menu.triggered.connect(self._chosen)
        session.conversations_changed.connect(self._changed)
        settings.changed.connect(self._apply)
        self.say_words()
        self._recount()
        self._apply("tray")

    def say_words(self) -> None:
        self._menu.clear()
        self._menu.setAccessibleName(tr("Chat"))
        self._menu.addAction(tr("Show")).setData("show")
        quiet = self._menu.addAction(tr("Do not disturb"))
        quiet.setCheckable(True)
        quiet.setChecked(self._settings.get("dnd"))
        quiet.setData("dnd")
        self._menu.addSeparator()
        self._menu.addAction(tr("Quit")).setData("quit")
        self._tell()

    @property
    def count(self) -> int:
        """Unread messages in conversations that are not muted."""
        return max(0, self._count)

    def is_there(self) -> bool:
        """Whether the user can see the icon."""
        return self.icon.isVisible() and QSystemTrayIcon.isSystemTrayAvailable()

    def close(self) -> None:
        self._blink.stop()
        self._await.stop()
        self.icon.hide()
        self._menu.deleteLater()

    def _changed(self) -> None:
        if not self._later.isActive():  # else it would never come while messages pour in
            self._later.start()

    def _recount(self) -> None:
        records = self._session.conversations.records()
        count = sum(record.unread for record in records if record.unread and not record.muted)
        if count != self._count:
            self._count = count
            self.icon.setIcon(counted_icon(count))
            self._tell()
        self._set_blinking()

    def _tell(self) -> None:
        user = said.name(self._session.user)
        unread = ntr("{count} unread message", "{count} unread messages", self.count) if self.count else ""
        self.icon.setToolTip(f"{user} · {unread}" if unread else user)

    def _set_blinking(self) -> None:
        wanted = self.count > 0 and self._settings.get("blink") and not self._settings.get("dnd")
        if wanted and not self._blink.isActive():
            self._blink.start()
        elif not wanted and self._blink.isActive():
            self._blink.stop()
            self._dark = False
            self.icon.setIcon(counted_icon(self.count))

    def _turn(self) -> None:
        self._dark = not self._dark
        self.icon.setIcon(counted_icon(self.count, faint=self._dark))

    def _apply(self, name: str) -> None:
        if name == "tray":
            self._appear()
        elif name in ("dnd", "language"):
            self.say_words()
        self._set_blinking()

    def _appear(self) -> None:
        """Show the icon, or wait for a tray: at the start of a desktop, it may come after us."""
        wanted = self._settings.get("tray")
        there = QSystemTrayIcon.isSystemTrayAvailable()
        if (wanted and there) != self.icon.isVisible():
            self.icon.setVisible(wanted and there)
        if wanted and not there:
            self._await.start()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_wanted.emit()

    def _chosen(self, action: QAction) -> None:
        name = action.data()
        if name == "show":
            self.show_wanted.emit()
        elif name == "dnd":
            self._settings.set("dnd", not self._settings.get("dnd"))
        else:
            self.quit_wanted.emit()

    def _timer(self, interval: int, act: Callable[[], None], *, single: bool = True) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval)
        timer.setSingleShot(single)
        timer.timeout.connect(act)
        return timer
