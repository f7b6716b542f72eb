"""The messages that a model holds, oldest first, and what happens to them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Any

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from qtclient.model.aloud import spoken
from qtclient.model.words import told
from qtclient.records import NOT_STORED, Key, Message, Sent

MessageRole = Qt.ItemDataRole.UserRole + 1
MOST, KEPT = 300, 150  # messages in a model that only grows at its end: above the first it forgets down to the second
TOP = NOT_STORED << 1


class MessageRows(QAbstractListModel):
    """A part of a conversation. The windows' thread.

    ``keep_all`` is for views to set while the user looks at something else than the end: nothing is forgotten then.
    """

    def __init__(self, key: Key, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.keep_all = False
        self._messages: list[Message] = []
        self._rows: list[int] = []
        self._at_beginning = False
        self._at_end = True

    @property
    def at_beginning(self) -> bool:
        """Whether the first message ever is in it."""
        return self._at_beginning

    @property
    def at_end(self) -> bool:
        """Whether the newest message is in it."""
        return self._at_end

    def message(self, index: int) -> Message:
        """The message in a row of the model."""
        return self._messages[index]

    def position(self, row: int) -> int:
        """Where in the model a message is, by its ``row``; -1 where it is not."""
        at = bisect_left(self._rows, row)
        return at if at < len(self._rows) and self._rows[at] == row else -1

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
        highest = TOP if self._at_end else self._rows[-1]
        wanted = sorted((m for m in self._news(messages) if lowest < m.row < highest), key=lambda one: one.row)
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

    def _news(self, messages: list[Message]) -> list[Message]:
        """All but what has been stored since: the model may have been opened after that, and before it was told."""
        if all(message.mid for message in messages):
            return messages
        stored = {one.cid for one in self._messages if one.mine and one.mid}
        return [message for message in messages if message.mid or message.cid not in stored]

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
