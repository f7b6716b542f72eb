"""Conversations in the cache: positions, drafts, what is unread. The writer's thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from qtclient.cache import rows
from qtclient.cache.numbers import Numbers
from qtclient.cache.ranges import NOW, Ranges
from qtclient.records import NOT_STORED, Conversation, Key, Kind

_MOST = 1000  # unread messages of one conversation that are counted


class Conversations:
    """Part of a `Ledger`. What is touched is counted anew and told once, at the end of the transaction."""

    def __init__(self, db: sqlite3.Connection, ranges: Ranges, numbers: Numbers) -> None:
        self._db = db
        self._ranges = ranges
        self._numbers = numbers
        self._ids: dict[Key, int] = {}
        self._touched: dict[int, tuple[int, int]] = {}  # time and row of the newest that has happened
        self._unsure = False  # what was touched may have been undone

    def undone(self) -> None:
        """Some of what was done since the last commit was in vain."""
        self._ids.clear()
        self._unsure = True

    def forget(self) -> None:
        """Nothing has happened after all."""
        self._ids.clear()
        self._touched.clear()

    def id(self, key: Key, since: int = NOW) -> int:
        """Its number; one that is new has everything that is pushed, above ``since``.

        What was said in it before the last login is read: else the login would have named it.
        """
        if key in self._ids:
            return self._ids[key]
        row = self._db.execute(
            "SELECT id FROM conversations WHERE kind = ? AND name = ?", (key.kind.value, key.name)
        ).fetchone()
        if row is None:
            read = self._numbers.get("welcomed")
            cursor = self._db.execute(
                "INSERT INTO conversations (kind, name, read_mid, told_mid) VALUES (?, ?, ?, ?)",
                (key.kind.value, key.name, read, read),
            )
            number = int(cursor.lastrowid or 0)
            if since < NOW:
                self._ranges.add(number, since, NOW)
        else:
            number = int(row[0])
        self._ids[key] = number
        return number

    def known(self, key: Key) -> int | None:
        """Its number, None where there is none yet."""
        if key in self._ids:
            return self._ids[key]
        row = self._db.execute(
            "SELECT id FROM conversations WHERE kind = ? AND name = ?", (key.kind.value, key.name)
        ).fetchone()
        return int(row[0]) if row else None

    def touch(self, key: Key, ts: int = 0, row: int = 0) -> None:
        """Something has happened in it at ``ts``; ``row`` is a new message's."""
        number = self.id(key)
        before = self._touched.get(number, (0, 0))
        self._touched[number] = max(ts, before[0]), max(row, before[1])

    def find_last(self, key: Key) -> None:
        """Its newest message has moved, or is gone."""
        number = self.id(key)
        self._touched[number] = self._touched.get(number, (0, 0))[0], 0
        self._find_last(number)

    def set_draft(self, key: Key, text: str, ts: int) -> None:
        """Keep what is being written."""
        self._db.execute("UPDATE conversations SET draft = ? WHERE id = ?", (text, self.id(key)))
        self.touch(key, ts if text else 0)

    def all_chosen(self) -> list[str]:
        """The files that are to be sent and were not sent yet, of all conversations."""
        return [path for (paths,) in self._db.execute("SELECT paths FROM chosen") for path in json.loads(paths)]

    def set_chosen(self, key: Key, paths: Sequence[str], ts: int) -> None:
        """Keep which files are to be sent, and not sent yet."""
        if paths:
            self.touch(key, ts)
            self._db.execute("REPLACE INTO chosen VALUES (?, ?)", (self.id(key), json.dumps(paths)))
        elif (number := self.known(key)) is not None:
            self._db.execute("DELETE FROM chosen WHERE conversation = ?", (number,))

    def set_muted(self, key: Key, muted: bool) -> None:
        """Whether it makes notices."""
        self._db.execute("UPDATE conversations SET muted = ? WHERE id = ?", (muted, self.id(key)))
        self.touch(key)

    # -- read positions ----------------------------------------------------------

    def read_all(self, key: Key) -> int:
        """The user has seen all there is; returns the mid to tell the server, 0 when it knows."""
        number = self.known(key)
        if number is None:
            return 0
        newest = self._db.execute(
            "SELECT max(row) FROM messages WHERE conversation = ? AND row < ?", (number, NOT_STORED)
        ).fetchone()[0]
        position, told, uncached = self._db.execute(
            "SELECT read_mid, told_mid, uncached FROM conversations WHERE id = ?", (number,)
        ).fetchone()
        reached = max(newest or 0, position, self._live_from() if uncached else 0)
        if reached > position:
            self.read_up_to(key, reached)
        return int(reached) if reached > told else 0

    def read_up_to(self, key: Key, mid: int, *, told: bool = False) -> None:
        """The user has read so far, here or elsewhere; ``told``: the server says so."""
        number = self.id(key)
        self._db.execute("UPDATE conversations SET read_mid = max(read_mid, ?) WHERE id = ?", (mid, number))
        if told:
            self._db.execute("UPDATE conversations SET told_mid = max(told_mid, ?) WHERE id = ?", (mid, number))
        if mid >= self._live_from():
            self._db.execute("UPDATE conversations SET uncached = 0 WHERE id = ?", (number,))
        self.touch(key)

    def told(self, key: Key, mid: int) -> None:
        """The server knows that the user has read so far."""
        self._db.execute("UPDATE conversations SET told_mid = max(told_mid, ?) WHERE id = ?", (mid, self.id(key)))

    def peer_read(self, key: Key, mid: int) -> bool:
        """The other one has read so far; returns whether that is news."""
        cursor = self._db.execute(
            "UPDATE conversations SET peer_read = :mid WHERE id = :id AND peer_read < :mid",
            {"mid": mid, "id": self.id(key)},
        )
        return cursor.rowcount > 0

    def unread_by_peers(self) -> list[str]:
        """With whom there is a message of ours that they are not known to have read.

        The last active come first, as far as that has been committed.
        """
        found = self._db.execute(
            "SELECT name FROM conversations c WHERE kind = 'peer' AND EXISTS (SELECT 1 FROM messages m"
            " WHERE m.conversation = c.id AND m.row > c.peer_read AND m.row < ? AND m.mine) ORDER BY active DESC",
            (NOT_STORED,),
        )
        return [name for (name,) in found]

    def untold(self) -> list[tuple[Key, int]]:
        """What the user has read, and the server does not know."""
        found = self._db.execute("SELECT kind, name, read_mid FROM conversations WHERE read_mid > told_mid")
        return [(Key(Kind(kind), name), mid) for kind, name, mid in found]

    def take_unread(self, unread: dict[Key, tuple[int, int]], newest: int) -> None:
        """What a login says is unread: position and count. Of all else, everything is read up to ``newest``."""
        live_from = self._live_from()
        for key, (mid, count) in unread.items():
            number = self.id(key, since=live_from if key.kind is Kind.PEER else newest)
            self._db.execute(  # what was read without a connection counts, what was taken for read does not
                "UPDATE conversations SET told_mid = :mid, uncached = 0,"
                " read_mid = CASE WHEN read_mid > told_mid THEN max(read_mid, :mid) ELSE :mid END WHERE id = :id",
                {"mid": mid, "id": number},
            )
            self.touch(key)
            if mid < live_from:
                self._db.execute("UPDATE conversations SET uncached = ? WHERE id = ?", (count, number))
        rest = self._db.execute("SELECT kind, name FROM conversations WHERE unread > 0 AND read_mid < ?", (newest,))
        for key in [Key(Kind(kind), name) for kind, name in rest.fetchall()]:
            if key not in unread:
                self.read_up_to(key, newest, told=True)

    def all_cached(self) -> None:
        """Everything that was ever said to us is here now."""
        for number, kind, unread in self._db.execute("SELECT id, kind, unread FROM conversations").fetchall():
            if kind == Kind.PEER.value:
                self._ranges.add(number, 0, NOW)
            if unread:
                self._touched.setdefault(number, (0, 0))
        self._db.execute("UPDATE conversations SET uncached = 0 WHERE uncached > 0")

    # -- the end of a transaction --------------------------------------------------

    def finish(self) -> list[Conversation]:
        """Count what was touched, and return it as it is now."""
        floor = self._live_from()
        lines = []
        for number, (ts, row) in self._touched.items():
            self._db.execute(
                "UPDATE conversations SET active = max(active, :ts), last = max(last, :row), unread = uncached +"
                " (SELECT count(*) FROM (SELECT 1 FROM messages WHERE conversation = :id"
                " AND row > max(read_mid, CASE WHEN uncached > 0 THEN :floor ELSE 0 END) AND row < :not_stored"
                f" AND mine = 0 LIMIT {_MOST})) WHERE id = :id",
                {"id": number, "floor": floor, "not_stored": NOT_STORED, "ts": ts, "row": row},
            )
            if self._unsure:
                self._find_last(number)
            found = self._db.execute(f"{rows.CONVERSATION} WHERE c.id = ?", (number,)).fetchone()
            if found is not None:  # else the job that made it was undone
                lines.append(rows.conversation(found))
        self._touched.clear()
        self._unsure = False
        return lines

    def _find_last(self, number: int) -> None:
        self._db.execute(
            "UPDATE conversations SET last = coalesce((SELECT max(row) FROM messages WHERE conversation = :id), 0)"
            " WHERE id = :id",
            {"id": number},
        )

    def _live_from(self) -> int:
        return self._numbers.get("live_from")
