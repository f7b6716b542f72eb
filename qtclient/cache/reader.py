"""What the window thread reads: pages of conversations, lists, what was searched for. Every query goes by an index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtclient.cache import grams, rows
from qtclient.cache.ranges import NOW, Ranges
from qtclient.cache.schema import connect
from qtclient.records import NOT_STORED, Conversation, Hit, Key, Kind, Message


@dataclass(frozen=True)
class Page:
    """Messages of a conversation, oldest first. ``whole``: nothing is known to be missing between them and what is
    next to the page; ``end``: there is nothing beyond it at all.
    """

    messages: list[Message]
    whole: bool
    end: bool


class Reader:
    """A connection of its own, used by one thread at a time. What cannot be read is empty, and told."""

    def __init__(self, path: Path, failed: Callable[[sqlite3.Error], None] | None = None) -> None:
        """``failed`` is told when nothing can be read. Raises sqlite3.Error when there is not even a database."""
        self._db = connect(path)
        self.failed = failed
        self._ids: dict[Key, int] = {}
        self._ranges = Ranges(self._db)
        try:
            self._db.execute("PRAGMA query_only = ON")
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """May be called twice."""
        self._db.close()

    def meta(self, name: str) -> int:
        """A number that the cache remembers; 0 when it does not."""
        found = self._all("SELECT value FROM meta WHERE name = ?", name)
        return found[0][0] if found and isinstance(found[0][0], int) else 0

    # -- lists -----------------------------------------------------------------

    def conversations(self) -> list[Conversation]:
        """All that have had something in them or in their draft, the last active first."""
        found = self._all(f"{rows.CONVERSATION} WHERE c.active > 0 ORDER BY c.active DESC")
        return [rows.conversation(row) for row in found]

    def conversation(self, key: Key) -> Conversation:
        """One of them; an empty one where there is none."""
        found = self._all(f"{rows.CONVERSATION} WHERE c.kind = ? AND c.name = ?", key.kind.value, key.name)
        return rows.conversation(found[0]) if found else Conversation(key)

    def chosen(self, key: Key) -> list[str]:
        """The files that are to be sent there, and not sent yet."""
        found = self._all(
            "SELECT paths FROM chosen JOIN conversations ON id = conversation WHERE kind = ? AND name = ?",
            key.kind.value, key.name,
        )  # fmt: skip
        return [str(path) for path in json.loads(found[0][0])] if found else []

    def friends(self) -> list[str]:
        """The roster as it was last known, by name."""
        return [name for (name,) in self._all("SELECT name FROM friends ORDER BY name")]

    def groups(self) -> list[str]:
        """The groups as they were last known, by name."""
        return [name for (name,) in self._all("SELECT name FROM groups ORDER BY name")]

    # -- messages --------------------------------------------------------------

    def newest(self, key: Key, count: int) -> Page:
        """The end of a conversation."""
        return self.before(key, NOT_STORED << 1, count)

    def before(self, key: Key, row: int, count: int) -> Page:
        """What stands above a row, down to where something may be missing."""
        conversation = self._id(key)
        if conversation is None:
            nothing = key.kind is Kind.PEER and self.meta("begun") > 0 and self.meta("live_from") == 0
            return Page([], whole=False, end=nothing)
        found = self._select("m.conversation = ? AND m.row < ? ORDER BY m.row DESC LIMIT ?", conversation, row, count)[
            ::-1
        ]
        low = self._low(conversation, min(row - 1, NOW))
        while found and (mid := found[0].mid) and mid <= low:
            found.pop(0)
        return Page(found, whole=len(found) == count, end=low == 0 and len(found) < count)

    def asks_before(self, key: Key, row: int) -> int:
        """Before which mid the server has to be asked for what stands above a row. It may have been asked already for
        what is directly above it, and have said nothing that can be shown.
        """
        mid, conversation = min(row, NOW), self._id(key)
        if conversation is None:
            return mid
        try:
            return self._ranges.asks_before(conversation, mid)
        except sqlite3.Error:
            return mid

    def any_before(self, key: Key, row: int, count: int) -> list[Message]:
        """The same, whatever may be missing."""
        conversation = self._id(key)
        if conversation is None:
            return []
        return self._select("m.conversation = ? AND m.row < ? ORDER BY m.row DESC LIMIT ?", conversation, row, count)[
            ::-1
        ]

    def after(self, key: Key, row: int, count: int) -> Page:
        """What stands below a row, up to where something may be missing."""
        conversation = self._id(key)
        if conversation is None:
            return Page([], whole=True, end=True)
        found = self._below(conversation, row, count)
        high = self._high(conversation, min(row, NOW))
        kept = found if high == NOW else [message for message in found if message.row <= high]
        whole = len(kept) == len(found)
        return Page(kept, whole, end=whole and len(found) < count)

    def any_after(self, key: Key, row: int, count: int) -> list[Message]:
        """The same, whatever may be missing."""
        conversation = self._id(key)
        return [] if conversation is None else self._below(conversation, row, count)

    def pending(self) -> int:
        """How many messages are to be sent."""
        found = self._all("SELECT count(*) FROM messages WHERE row >= ? AND sent IN (0, 1)", NOT_STORED)
        return int(found[0][0]) if found else 0

    def message(self, row: int) -> Message | None:
        """One message."""
        found = self._select("m.row = ?", row)
        return found[0] if found else None

    def by_file(self, file: str) -> Message | None:
        """The message that offers a file."""
        found = self._select("m.row = (SELECT row FROM files WHERE file = ?)", file)
        return found[0] if found else None

    def first_unread(self, key: Key) -> int | None:
        """The row of the first message of others that the user has not read."""
        found = self._all(
            "SELECT min(m.row) FROM messages m JOIN conversations c ON c.id = m.conversation"
            " WHERE c.kind = ? AND c.name = ? AND m.row > c.read_mid AND m.mine = 0",
            key.kind.value,
            key.name,
        )
        return int(found[0][0]) if found and found[0][0] is not None else None

    def search(self, text: str, key: Key | None, limit: int) -> list[Hit]:
        """Messages and files' names with all the words of a text in them, newest first."""
        asked = grams.query(text)
        if not asked or limit < 1:
            return []
        if key is not None:
            conversation = self._id(key)
            if conversation is None:
                return []
            asked = f"place : {grams.place(conversation)} AND {asked}"
        found = self._all(
            f"{rows.MESSAGE} WHERE m.row IN (SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?)"
            " ORDER BY m.row DESC",
            asked,
            limit,
        )
        return [Hit(message.key, message.row, message) for message in map(rows.message, found)]

    def _below(self, conversation: int, row: int, count: int) -> list[Message]:
        return self._select("m.conversation = ? AND m.row > ? ORDER BY m.row LIMIT ?", conversation, row, count)

    def _select(self, where: str, *values: object) -> list[Message]:
        return [rows.message(row) for row in self._all(f"{rows.MESSAGE} WHERE {where}", *values)]

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if self.failed is not None:
                self.failed(error)
            return []

    def _low(self, conversation: int, mid: int) -> int:
        try:
            return self._ranges.low(conversation, mid)
        except sqlite3.Error:
            return mid  # nothing is known to be there

    def _high(self, conversation: int, mid: int) -> int:
        try:
            return self._ranges.high(conversation, mid)
        except sqlite3.Error:
            return mid  # the same

    def _id(self, key: Key) -> int | None:
        if key not in self._ids:
            found = self._all("SELECT id FROM conversations WHERE kind = ? AND name = ?", key.kind.value, key.name)
            if not found:
                return None
            self._ids[key] = int(found[0][0])
        return self._ids[key]
