"""Notices as the desktop shows them: org.freedesktop.Notifications over D-Bus. GUI thread only; nobody waits for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from PyQt5.QtCore import QByteArray, QMetaType, QObject, pyqtSignal, pyqtSlot
from PyQt5.QtDBus import (
    QDBusArgument,
    QDBusConnection,
    QDBusMessage,
    QDBusPendingCallWatcher,
    QDBusPendingReply,
    QDBusServiceWatcher,
)

from qtclient.i18n import tr
from qtclient.look.avatar import avatar_image
from qtclient.records import Key, Kind

_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
_PATIENCE = 3000  # ms: the bus may have to start the one who shows them
_MOST_WAITING = 20
_MOST_SHOWN = 200
_LOW, _NORMAL = 0, 1  # urgencies
_PICTURE = 64  # pixels

Place = tuple[Key | None, bool]
"""Two notices in the same place are never seen together: the later one replaces the other."""


@dataclass(frozen=True)
class Note:
    """One notice. ``key`` is the conversation that it is about; ``passing``: of no interest later."""

    title: str
    text: str
    key: Key | None = None
    passing: bool = False

    @property
    def place(self) -> Place:
        """See `Place`: that somebody is online does not hide what they have said."""
        return self.key, self.passing


class Notifier(QObject):
    """Shows notes, one for each place, and takes them away. What the desktop cannot show comes back as `refused`."""

    chosen = pyqtSignal(object)  # Note that was clicked
    refused = pyqtSignal(object)  # Note

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._can: frozenset[str] | None = None  # what the desktop's notices can do, once it has said so
        self._absent = False  # nobody shows notices
        self._waiting: list[Note] = []  # for that answer
        self._calls: dict[QDBusPendingCallWatcher, Callable[[QDBusPendingReply], None]] = {}
        self._sent: dict[Place, Note] = {}  # their numbers are not known yet
        self._next: dict[Place, Note | None] = {}  # what is to follow those, or None where they are to go again
        self._shown: dict[int, Note] = {}
        self._bus = session_bus()
        if self._bus.isConnected():
            self._listen()

    def show(self, note: Note) -> None:
        """Show it, in the place of an older one about the same."""
        if self._absent or not self._bus.isConnected():
            self.refused.emit(note)
        elif self._can is None:
            self._waiting = [*self._waiting, note][-_MOST_WAITING:]
            if len(self._waiting) == 1:
                self._call("GetCapabilities", [], self._know)
        else:
            self._send(note)

    def withdraw(self, key: Key) -> None:
        """What was said in a conversation has been seen."""
        place: Place = (key, False)
        self._waiting = [note for note in self._waiting if note.place != place]
        if place in self._sent:
            self._next[place] = None  # once its number is known
        else:
            self._clear(place)

    def about(self) -> set[Key]:
        """The conversations that there is a notice about."""
        notes = [*self._waiting, *self._sent.values(), *self._shown.values()]
        return {note.key for note in notes if note.key is not None and not note.passing}

    def close(self) -> None:
        """Nobody would hear a click any more."""
        for place in self._sent:
            self._next[place] = None
        for number in list(self._shown):
            self._take_away(number)
        self._waiting.clear()

    # -- the other side ----------------------------------------------------------------

    def _listen(self) -> None:
        self._bus.connect(_NAME, _PATH, _NAME, "ActionInvoked", self._invoked)
        self._bus.connect(_NAME, _PATH, _NAME, "NotificationClosed", self._gone)
        watcher = QDBusServiceWatcher(_NAME, self._bus, QDBusServiceWatcher.WatchForOwnerChange, self)
        watcher.serviceOwnerChanged.connect(self._another)

    @pyqtSlot(str, str, str)
    def _another(self, name: str, old: str, new: str) -> None:
        """Another program shows notices now, which knows nothing of what was shown before."""
        self._can, self._absent = None, False
        self._shown.clear()

    def _know(self, reply: QDBusPendingReply) -> None:
        waiting, self._waiting = self._waiting, []
        if reply.isValid():
            words = reply.argumentAt(0)
            self._can = frozenset(map(str, words if isinstance(words, list) else ()))
        else:
            self._absent = True
        for note in waiting:
            self.show(note)

    @pyqtSlot(QDBusMessage)
    def _invoked(self, message: QDBusMessage) -> None:
        """A notice was clicked; of others' notices we hear, too."""
        if message.signature() == "us" and (note := self._shown.pop(message.arguments()[0], None)) is not None:
            self._close(message.arguments()[0])
            self.chosen.emit(note)

    @pyqtSlot(QDBusMessage)
    def _gone(self, message: QDBusMessage) -> None:
        if message.signature() == "uu":
            self._shown.pop(message.arguments()[0], None)

    # -- ours --------------------------------------------------------------------------

    def _send(self, note: Note) -> None:
        if note.place in self._sent:
            self._next[note.place] = note
            return
        self._sent[note.place] = note
        before = [number for number, shown in self._shown.items() if shown.place == note.place]
        can = self._can or frozenset()
        text = _escaped(note.text) if "body-markup" in can else note.text
        actions = ["default", tr("Open")] if "actions" in can else []
        arguments = [
            tr("Chat"), _argument(before[0] if before else 0, QMetaType.Type.UInt), "", note.title, text,
            QDBusArgument(actions, QMetaType.Type.QStringList), _hints(note), -1,
        ]  # fmt: skip
        self._call("Notify", arguments, lambda reply: self._numbered(note, reply))

    def _numbered(self, note: Note, reply: QDBusPendingReply) -> None:
        del self._sent[note.place]
        follows = self._next.pop(note.place, note)
        number = reply.argumentAt(0) if reply.isValid() else None
        if isinstance(number, int):
            self._shown = {one: shown for one, shown in self._shown.items() if shown.place != note.place}
            self._shown[number] = note
            for oldest in list(self._shown)[:-_MOST_SHOWN]:
                del self._shown[oldest]
        elif follows is not None:
            self.refused.emit(note)
        if follows is None:
            self._clear(note.place)
        elif follows is not note:
            self.show(follows)

    def _clear(self, place: Place) -> None:
        for number, note in list(self._shown.items()):
            if note.place == place:
                self._take_away(number)

    def _take_away(self, number: int) -> None:
        del self._shown[number]
        self._close(number)

    def _close(self, number: int) -> None:
        call = QDBusMessage.createMethodCall(_NAME, _PATH, _NAME, "CloseNotification")
        call.setArguments([_argument(number, QMetaType.Type.UInt)])
        call.setAutoStartService(False)
        self._bus.send(call)

    def _call(self, method: str, arguments: list[object], done: Callable[[QDBusPendingReply], None]) -> None:
        call = QDBusMessage.createMethodCall(_NAME, _PATH, _NAME, method)
        call.setArguments(arguments)
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(call, _PATIENCE), self)
        self._calls[watcher] = done
        watcher.finished.connect(self._answered)

    @pyqtSlot(QDBusPendingCallWatcher)
    def _answered(self, watcher: QDBusPendingCallWatcher) -> None:
        done = self._calls.pop(watcher)
        done(QDBusPendingReply(watcher))
        watcher.deleteLater()


def session_bus() -> QDBusConnection:
    """The bus of the desktop; one that is not connected where there is none. Qt would start one of its own."""
    there = bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS"))
    return QDBusConnection.sessionBus() if there else QDBusConnection("")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _argument(value: int, kind: QMetaType.Type) -> QDBusArgument:
    """A number of just that width, as D-Bus insists on it."""
    result = QDBusArgument()
    result.add(value, kind)
    return result


def _hints(note: Note) -> dict[str, object]:
    hints: dict[str, object] = {
        "urgency": _argument(_LOW if note.passing else _NORMAL, QMetaType.Type.UChar),
        "category": "presence" if note.passing else "im.received",
    }
    if note.passing:
        hints["transient"] = True
    if note.key is not None:
        hints["image-data"] = _picture(note.key)
    return hints


def _picture(key: Key) -> QDBusArgument:
    """The avatar: width, height, bytes of a row, alpha, bits of a channel, channels, and the bytes."""
    image = avatar_image(key.name, _PICTURE, group=key.kind is Kind.GROUP)
    result = QDBusArgument()
    result.beginStructure()
    for number in (image.width(), image.height(), image.bytesPerLine()):
        result.add(number, QMetaType.Type.Int)
    result.add(True, QMetaType.Type.Bool)
    for number in (8, 4):
        result.add(number, QMetaType.Type.Int)
    bits = image.constBits()
    assert bits is not None
    result.add(QByteArray(bits.asstring(image.sizeInBytes())), QMetaType.Type.QByteArray)
    result.endStructure()
    return result
