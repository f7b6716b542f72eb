"""Notices of the desktop and the icon in the tray. Nothing here ever asks for an answer. GUI thread only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from PyQt5.QtCore import QMetaType, QObject, QRectF, Qt, QTimer, pyqtSignal
from PyQt5.QtDBus import QDBusArgument, QDBusConnection, QDBusMessage
from PyQt5.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PyQt5.QtWidgets import QAction, QMenu, QSystemTrayIcon

from qtclient.i18n import ntr, tr
from qtclient.look.icons import app_icon, app_pixmap
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind, Link, LinkState, Message
from qtclient.widgets import said

_GATHER = 400  # ms: what comes within is one notice
_QUIET = 5.0  # seconds after a login in which it is no news who is online
_BLINK = 600  # ms
_AWAIT = 10_000  # ms between two looks for a tray
_LONGEST = 160  # characters of a message in a notice


class Tray(QObject):
    """The icon, with the number of unread messages."""

    show_wanted = pyqtSignal()
    quit_wanted = pyqtSignal()
    clicked = pyqtSignal()  # the notice that was shown last

    def __init__(self, session: Session, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._settings = session, settings
        self.icon = QSystemTrayIcon(app_icon(), self)
        self._menu = QMenu()
        self._count = -1
        self._blink = self._timer(_BLINK, self._turn, single=False)
        self._dark = False
        self._later = self._timer(150, self._recount)
        self._await = self._timer(_AWAIT, self._appear)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self.clicked)
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


class Notices(QObject):
    """Decides what is worth a notice, and gathers what comes at once."""

    open_wanted = pyqtSignal(object)  # Key
    shown = pyqtSignal(str, str)  # title and text, for who listens

    def __init__(
        self, session: Session, settings: Settings, tray: Tray, looked_at: Callable[[Key], bool], parent: QObject
    ) -> None:
        """``looked_at`` tells whether the user has a conversation before the eyes."""
        super().__init__(parent)
        self._session, self._settings, self._tray, self._looked_at = session, settings, tray, looked_at
        self._waiting: dict[Key, list[Message]] = {}
        self._last: Key | None = None
        self._news_from = time.monotonic() + _QUIET
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(_GATHER)
        self._gather.timeout.connect(self._tell)
        session.message_arrived.connect(self._arrived)
        session.presence.connect(self._presence)
        session.friend_added.connect(self._befriended)
        session.link_changed.connect(self._link)
        tray.clicked.connect(self._clicked)

    def _wanted(self) -> bool:
        return bool(self._settings.get("notify")) and not self._settings.get("dnd")

    def _arrived(self, message: Message, live: bool) -> None:
        if not live or not self._wanted() or self._is_muted(message.key) or self._looked_at(message.key):
            return
        self._waiting.setdefault(message.key, []).append(message)
        if not self._gather.isActive():
            self._gather.start()

    def _is_muted(self, key: Key) -> bool:
        """Out of memory where that knows it: it is asked for every message."""
        record = self._session.conversations.get(key)
        return record.muted if record is not None else self._session.muted(key)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for key, messages in list(waiting.items())[:3]:
            self._last = key
            self._show(*_words(key, messages))
        rest = list(waiting.items())[3:]
        if rest:
            count = sum(len(messages) for _, messages in rest)
            self._show(tr("Chat"), ntr("{count} more message", "{count} more messages", count))

    def _presence(self, name: str, online: bool) -> None:
        known = time.monotonic() >= self._news_from
        key = Key(Kind.PEER, name)
        if known and self._wanted() and not self._is_muted(key) and not self._looked_at(key):
            self._last = key
            harmless = said.name(name)
            self._show(
                harmless, tr("{name} is online", name=harmless) if online else tr("{name} is offline", name=harmless)
            )

    def _befriended(self, name: str) -> None:
        if self._wanted():
            self._last = Key(Kind.PEER, name)
            self._show(said.name(name), tr("{name} is your friend now", name=said.name(name)))

    def _link(self, state: LinkState) -> None:
        if state.link is Link.ONLINE:
            self._news_from = time.monotonic() + _QUIET

    def _show(self, title: str, text: str) -> None:
        self.shown.emit(title, text)
        if self._tray.is_there():
            self._tray.icon.showMessage(title, text, QIcon(app_pixmap(64)))
        else:
            over_dbus(title, text)

    def _clicked(self) -> None:
        if self._last is not None:
            self.open_wanted.emit(self._last)


def _words(key: Key, messages: list[Message]) -> tuple[str, str]:
    """Title and text of one notice about messages of one conversation."""
    last = messages[-1]
    who, where = said.name(last.sender), said.name(key.name)
    title = tr("{who} in {group}", who=who, group=where) if key.kind is Kind.GROUP else who
    if len(messages) > 1:
        return where, ntr("{count} new message", "{count} new messages", len(messages))
    if last.file is not None:
        return title, tr("File: {name}, {size}", name=said.name(last.file.name), size=said.size(last.file.length))
    text = said.name(last.text)
    return title, text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def counted_icon(count: int, *, faint: bool = False) -> QIcon:
    """The program's sign with a number in its corner."""
    pixmap = QPixmap(app_pixmap(64))
    if count or faint:
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if faint:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
            painter.fillRect(pixmap.rect(), QColor(0, 0, 0, 90))
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        if count:
            _paint_count(painter, str(count) if count < 100 else "99+")
        painter.end()
    return QIcon(pixmap)


def _paint_count(painter: QPainter, words: str) -> None:
    wide = 34 if len(words) == 1 else 42 if len(words) == 2 else 52
    pill = QRectF(64 - wide, 30, wide, 34)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#d5303d"))
    painter.drawRoundedRect(pill, 17, 17)
    font = QFont()
    font.setPixelSize(25)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("#ffffff"))
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), words)


def over_dbus(title: str, text: str) -> None:
    """Where the desktop has no tray (GNOME), its notices can still be asked for; nobody waits for the answer."""
    bus = QDBusConnection.sessionBus()
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") or not bus.isConnected():
        return
    name = "org.freedesktop.Notifications"
    call = QDBusMessage.createMethodCall(name, "/org/freedesktop/Notifications", name, "Notify")
    replaces = QDBusArgument()
    replaces.add(0, QMetaType.Type.UInt)
    actions = QDBusArgument([], QMetaType.Type.QStringList)
    harmless = text.replace("&", "&amp;").replace("<", "&lt;")
    call.setArguments([tr("Chat"), replaces, "", title, harmless, actions, {}, -1])
    bus.send(call)
