"""The messages of one conversation: a window of the cache, oldest first, that grows where it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PyQt5.QtCore import QObject, pyqtSignal

from qtclient.cache.reader import Reader
from qtclient.model.message_rows import TOP, MessageRows
from qtclient.records import NOT_STORED, Key, Message

PAGE = 60  # messages


class Source(Protocol):
    """Where a model gets messages from. The windows' thread."""

    @property
    def reader(self) -> Reader:
        """The cache."""

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""

    def unwritten(self, key: Key) -> list[Message]:
        """What is to be shown and is not in the cache yet, oldest first."""

    def fetch_history(self, key: Key, before: int, done: Callable[[bool], None]) -> None:
        """Have what is before a mid fetched into the cache; ``done`` is called later, in the windows' thread."""


class MessagesModel(MessageRows):
    """Opens with the newest page. The windows' thread.

    ``older_loaded`` tells how many messages were put before the others when the server had to be asked for them.
    ``paging``: what is being put at the end is a page after a jump, and no news.
    """

    older_loaded = pyqtSignal(int)
    beginning_reached = pyqtSignal()

    def __init__(self, key: Key, source: Source, parent: QObject | None = None) -> None:
        super().__init__(key, parent)
        self._source = source
        self._asking = False
        self._patched = False  # what is shown is all there is here, but the newest may be missing
        self._stalled = False  # the server promises more, and gives nothing
        self.paging = False
        self._open()
        self.look_again()

    # -- what is there -----------------------------------------------------------------

    @property
    def loading(self) -> bool:
        """Whether the server is being asked for older messages."""
        return self._asking

    def first_unread_row(self) -> int:
        """Where the first message is that the user has not read; -1 where there is none in the model."""
        row = self._source.reader.first_unread(self.key)
        return -1 if row is None else self.position(row)

    # -- more of it ----------------------------------------------------------------------

    def load_older(self) -> bool:
        """Put a page before the others: at once, from the cache; or later, from the server. False: nothing comes."""
        if self._at_beginning or self._asking or self._stalled:
            return self._asking
        first = self._rows[0] if self._rows else TOP
        page = self._source.reader.before(self.key, first, PAGE)
        if page.messages:
            self._prepend(page.messages)
            self._note_beginning(page.end)
            return True
        if page.end:
            self._note_beginning(True)
            return False
        return self._ask(first) if self._source.online else self._prepend(self._anything(first))

    def load_newer(self) -> bool:
        """After a jump: put a page behind the others, now or when the server has answered. False: nothing comes."""
        if self._at_end or self._asking:
            return self._asking
        page = self._source.reader.after(self.key, self._rows[-1], PAGE)
        if page.messages or page.end:
            return self._append(page.messages, at_end=page.end)
        if self._source.online:
            return self._fill_gap()
        return self._append_anything()

    def load_around(self, row: int) -> int:
        """Show a message that may be far from all that is in the model; returns where it is then, -1 for nowhere."""
        at = self.position(row)
        if at >= 0:
            return at
        reader = self._source.reader
        here = [found for found in (reader.message(row),) if found is not None and found.key == self.key]
        older, newer = reader.before(self.key, row, PAGE // 2), reader.after(self.key, row, PAGE)
        self.beginResetModel()
        self._asking = self._patched = self._stalled = False
        self._at_beginning, self._at_end = older.end, newer.end
        found = older.messages + here + newer.messages
        self._fill(self._with_unwritten(found) if newer.end else found)
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
        found = page.messages or self._anything(TOP)
        self._at_beginning, self._at_end, self._stalled = page.end, True, False
        self._patched = bool(found) and not page.messages
        self._fill(self._with_unwritten(found))

    def _with_unwritten(self, messages: list[Message]) -> list[Message]:
        """The end of the conversation as it is, though the disk takes nothing now."""
        unwritten = self._source.unwritten(self.key)
        if not unwritten:
            return messages
        stored = {one.cid for one in messages if one.mine and one.mid}  # since they were read, in their lasting place
        unwritten = [one for one in unwritten if one.mid or one.cid not in stored]
        return sorted({one.row: one for one in messages + unwritten}.values(), key=lambda message: message.row)

    def _ask(self, row: int) -> bool:
        self._asking = True
        before = self._source.reader.asks_before(self.key, row)
        self._source.fetch_history(self.key, before, partial(self._answered, before))
        return True

    def _answered(self, before: int, fetched: bool) -> None:
        """The server's page is in the cache now, unless there was none to be had."""
        if not self._asking:
            return
        self._asking = False
        first = self._rows[0] if self._rows else TOP
        page = self._source.reader.before(self.key, first, PAGE)
        if fetched and not page.messages and not page.end:
            if self._source.reader.asks_before(self.key, first) < before:
                self._ask(first)  # nothing in that page can be shown
                return
            self._stalled = True
        found = page.messages if fetched else self._anything(first)
        self._prepend(found)
        if fetched:
            self._note_beginning(page.end)
        self.older_loaded.emit(len(found))

    def _fill_gap(self) -> bool:
        """Something may be missing behind the last message: have it fetched, from where the cache goes on backwards."""
        before = self._gap_ends()
        self._asking = True
        self._source.fetch_history(self.key, before, partial(self._filled, before))
        return True

    def _gap_ends(self) -> int:
        """Before which mid something is missing behind the last message."""
        beyond = self._source.reader.any_after(self.key, self._rows[-1], 1)[0].row
        return self._source.reader.asks_before(self.key, beyond)

    def _filled(self, before: int, fetched: bool) -> None:
        """The server's page is in the cache now; a wide gap takes several."""
        if not self._asking:
            return
        self._asking = False
        page = self._source.reader.after(self.key, self._rows[-1], PAGE)
        if page.messages or page.end:
            self._append(page.messages, at_end=page.end)
        elif fetched and self._gap_ends() < before:
            self._fill_gap()
        else:
            self._append_anything()

    def _append(self, messages: list[Message], *, at_end: bool) -> bool:
        self._at_end, self.paging = at_end, True
        self._insert(len(self._messages), self._with_unwritten(messages) if at_end else messages)
        self.paging = False
        return bool(messages)

    def _append_anything(self) -> bool:
        """What the cache has, though something may be missing."""
        found = self._source.reader.any_after(self.key, self._rows[-1], PAGE)
        return self._append(found, at_end=len(found) < PAGE)

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
