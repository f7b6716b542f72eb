"""Notices where nobody else shows them: balloons at the tray icon, one after the other. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtGui import QIcon

from qtclient.look.avatar import avatar_icon
from qtclient.look.icons import app_pixmap
from qtclient.records import Key, Kind
from qtclient.windows.notifier import Note, Place
from qtclient.windows.tray import Tray

_SHOWN = 5000  # ms that a balloon has for itself
_MOST_WAITING = 5


class Balloons(QObject):
    """There is only ever one balloon: a later one would hide it at once."""

    chosen = pyqtSignal(object)  # Note that was clicked

    def __init__(self, tray: Tray, parent: QObject) -> None:
        super().__init__(parent)
        self._tray = tray
        self._waiting: dict[Place, Note] = {}
        self._now: Note | None = None
        self._next = QTimer(self)
        self._next.setInterval(_SHOWN)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._show)
        tray.icon.messageClicked.connect(self._clicked)

    def show(self, note: Note) -> None:
        """In its turn; what is about the same and was not shown yet makes room."""
        if not self._tray.is_there():
            return
        self._waiting[note.place] = note
        for place in list(self._waiting)[:-_MOST_WAITING]:
            del self._waiting[place]
        if not self._next.isActive():
            self._show()

    def withdraw(self, key: Key) -> None:
        """What was said in a conversation has been seen: it is not worth a balloon any more."""
        self._waiting = {place: note for place, note in self._waiting.items() if note.key != key or note.passing}

    def about(self) -> set[Key]:
        """The conversations that are still to have one."""
        return {note.key for note in self._waiting.values() if note.key is not None and not note.passing}

    def _show(self) -> None:
        if self._waiting:
            self._now = self._waiting.pop(next(iter(self._waiting)))
            key = self._now.key
            icon = QIcon(app_pixmap(64)) if key is None else avatar_icon(key.name, group=key.kind is Kind.GROUP)
            self._tray.icon.showMessage(self._now.title, self._now.text, icon, _SHOWN)
            self._next.start()

    def _clicked(self) -> None:
        if self._now is not None:
            self.chosen.emit(self._now)
        self._next.stop()
        self._show()
