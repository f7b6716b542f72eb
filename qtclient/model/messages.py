"""The messages of one conversation: a window of the cache, oldest first, that grows where it is looked at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, pyqtSignal

from qtclient.cache.reader import Reader
from qtclient.model.aloud import spoken
from qtclient.model.words import told
from qtclient.records import NOT_STORED, Key, Message, Sent

MessageRole = Qt.ItemDataRole.UserRole + 1
PAGE = 60  # messages
MOST, KEPT = 300, 150  # messages in a model that only grows at its end: above the first it forgets down to the second
_TOP = NOT_STORED << 1


class Source(Protocol):
    """Where a model gets messages from. The windows' thread."""

    @property
    def reader(self) -> Reader:
        """The cache."""

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""

    def fetch_history(self, key: Key, before: int, done: Callable[[bool], None]) -> None:
        """Have what is before a mid fetched into the cache; ``done`` is called later, in the windows' thread."""


class MessagesModel(QAbstractListModel):
    """Opens with the newest page. The windows' thread.

    ``older_loaded`` tells how many messages were put before the others when the server had to be asked for them.
    ``keep_all`` is for views to set while the user looks at something else than the end: nothing is forgotten then.
    """

    older_loaded = pyqtSignal(int)
    beginning_reached = pyqtSignal()

    def __init__(self, key: Key, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self._source = source
        self._messages: list[Message] = []
        self._rows: list[int] = []
        self._at_beginning = False
        self._at_end = True
        self._asking = False
        self._patched = False  # what is shown is all there is here, but the newest may be missing
        self.keep_all = False
        self._open()
        self.look_again()

    # -- what is there -----------------------------------------------------------------

    @property
    def at_beginning(self) -> bool:
        """Whether the first message ever is in it."""
        return self._at_beginning

    @property
    def at_end(self) -> bool:
        """Whether the newest message is in it."""
        return self._at_end

    @property
    def loading(self) -> bool:
        """Whether the server is being asked for older messages."""
        return self._asking

    def message(self, index: int) -> Message:
        """The message in a row of the model."""
        return self._messages[index]

    def position(self, row: int) -> int:
        """Where in the model a message is, by its ``row``; -1 where it is not."""
        at = bisect_left(self._rows, row)
        return at if at < len(self._rows) and self._rows[at] == row else -1

    def first_unread_row(self) -> int:
        """Where the first message is that the user has not read; -1 where there is none in the model."""
        row = self._source.reader.first_unread(self.key)
        return -1 if row is None else self.position(row)

    # -- more of it ----------------------------------------------------------------------

    def load_older(self) -> bool:
        """Put a page before the others: at once, from the cache; or later, from the server. False: nothing comes."""
        if self._at_beginning or self._asking:
            return self._asking
        first = self._rows[0] if self._rows else _TOP
        page = self._source.reader.before(self.key, first, PAGE)
        if page.messages:
            self._prepend(page.messages)
            self._note_beginning(page.end)
            return True
        if page.end:
            self._note_beginning(True)
            return False
        return self._ask(min(first, NOT_STORED - 1)) if self._source.online else self._prepend(self._anything(first))

    def load_newer(self) -> bool:
        """After a jump: put a page behind the others. False: there is no more."""
        if self._at_end:
            return False
        found = self._source.reader.after(self.key, self._rows[-1], PAGE)
        self._at_end = len(found) < PAGE
        self._insert(len(self._messages), found)
        return bool(found)

    def load_around(self, row: int) -> int:
        """Show a message that may be far from all that is in the model; returns where it is then, -1 for nowhere."""
        at = self.position(row)
        if at >= 0:
            return at
        reader = self._source.reader
        newer = reader.after(self.key, row - 1, PAGE)
        older = reader.before(self.key, row, PAGE // 2)
        self.beginResetModel()
        self._at_end = len(newer) < PAGE
        self._at_beginning, self._patched = older.end, False
        self._fill(older.messages + newer)
        self.endResetModel()
        return self.position(row)

    def load_newest(self) -> None:
        """After a jump: go back to the end."""
        if not self._at_end:
            self.reload()

    def reload(self) -> None:
        """Begin anew with what the cache has."""
        self.beginResetModel()
        self._asking = False
        self._open()
        self.endResetModel()
        self.look_again()

    def look_again(self) -> None:
        """There is a connection, or there has been one: ask for the newest where they may be missing."""
        if self._patched and not self._asking and self._source.online:
            self._asking = True
            self._source.fetch_history(self.key, NOT_STORED - 1, self._looked)

    def _looked(self, fetched: bool) -> None:
        if self._asking:
            self._asking = False
            if fetched:
                self.beginResetModel()
                self._open()
                self.endResetModel()

    def _open(self) -> None:
        page = self._source.reader.newest(self.key, PAGE)
        found = page.messages or self._anything(_TOP)
        self._at_beginning, self._at_end = page.end, True
        self._patched = bool(found) and not page.messages
        self._fill(found)

    def _ask(self, before: int) -> bool:
        self._asking = True
        self._source.fetch_history(self.key, before, self._answered)
        return True

    def _answered(self, fetched: bool) -> None:
        """The server's page is in the cache now, unless there was none to be had."""
        if not self._asking:
            return
        self._asking = False
        first = self._rows[0] if self._rows else _TOP
        page = self._source.reader.before(self.key, first, PAGE)
        found = page.messages if fetched else self._anything(first)
        self._prepend(found)
        if fetched:
            self._note_beginning(page.end)
        self.older_loaded.emit(len(found))

    def _note_beginning(self, reached: bool) -> None:
        if reached and not self._at_beginning:
            self._at_beginning = True
            self.beginning_reached.emit()

    def _anything(self, before: int) -> list[Message]:
        """What the cache has, though something may be missing: better than nothing, without a connection."""
        return self._source.reader.any_before(self.key, before, PAGE)

    def _prepend(self, messages: list[Message]) -> bool:
        self._insert(0, messages)
        return bool(messages)

    def _fill(self, messages: list[Message]) -> None:
        self._messages = [told(message) for message in messages]
        self._rows = [message.row for message in messages]

    def _insert(self, at: int, messages: list[Message]) -> None:
        if messages:
            self.beginInsertRows(QModelIndex(), at, at + len(messages) - 1)
            self._messages[at:at] = [told(message) for message in messages]
            self._rows[at:at] = [message.row for message in messages]
            self.endInsertRows()

    # -- what happens, told by the session -------------------------------------------------

    def add(self, messages: list[Message]) -> None:
        """Messages are new in the cache; they are shown if they belong between those that are shown, or behind them."""
        lowest = self._rows[0] if self._rows and self._rows[0] < NOT_STORED and not self._at_beginning else 0
        highest = _TOP if self._at_end else self._rows[-1]
        wanted = sorted((m for m in messages if lowest < m.row < highest), key=lambda message: message.row)
        run: list[Message] = []
        at = -1
        for message in wanted:
            place = bisect_left(self._rows, message.row)
            if place < len(self._rows) and self._rows[place] == message.row:
                continue
            if run and place != at:
                self._insert(at, run)
                place += len(run)
                run = []
            at = place
            run.append(message)
        self._insert(at, run)
        if len(self._rows) > MOST and self._at_end and not self.keep_all:
            self._forget(len(self._rows) - KEPT)

    def _forget(self, count: int) -> None:
        """The oldest can be had from the cache again."""
        self.beginRemoveRows(QModelIndex(), 0, count - 1)
        del self._messages[:count], self._rows[:count]
        self._at_beginning = False
        self.endRemoveRows()

    def change(self, message: Message) -> None:
        """Something about a message is another."""
        at = self.position(message.row)
        if at >= 0:
            self._messages[at] = told(message)
            index = self.index(at)
            self.dataChanged.emit(index, index)

    def move(self, row: int, message: Message) -> None:
        """A message has been stored, and has its lasting place now."""
        at = self.position(row)
        if at < 0:
            self.add([message])
            return
        to = bisect_left(self._rows, message.row)
        if to not in (at, at + 1):
            self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), to)
            del self._messages[at], self._rows[at]
            at = to - 1 if to > at else to
            self._messages.insert(at, told(message))
            self._rows.insert(at, message.row)
            self.endMoveRows()
        else:
            self._messages[at], self._rows[at] = told(message), message.row
        index = self.index(at)
        self.dataChanged.emit(index, index)

    def remove(self, row: int) -> None:
        """A message is gone."""
        at = self.position(row)
        if at >= 0:
            self.beginRemoveRows(QModelIndex(), at, at)
            del self._messages[at], self._rows[at]
            self.endRemoveRows()

    def read_up_to(self, mid: int) -> list[Message]:
        """The other one has read so far; returns what has changed by that."""
        changed = []
        for at in range(bisect_left(self._rows, mid + 1) - 1, -1, -1):
            message = self._messages[at]
            if message.sent is Sent.READ:
                break  # so are all before
            if message.mine:
                self._messages[at] = replace(message, sent=Sent.READ)
                changed.append(self._messages[at])
                self.dataChanged.emit(self.index(at), self.index(at))
        return changed

    # -- what views ask ----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """See Qt."""
        return 0 if parent.isValid() else len(self._messages)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See Qt."""
        if not index.isValid() or not 0 <= index.row() < len(self._messages):
            return None
        message = self._messages[index.row()]
        if role == MessageRole:
            return message
        if role == Qt.ItemDataRole.DisplayRole:
            return message.file.name if message.file else message.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(message)
        return None
