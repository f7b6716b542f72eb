"""Messages in the cache: written, arrived, stored, refused; and the files that they offer. The writer's thread."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from qtclient.cache import rows
from qtclient.cache.changes import Changes
from qtclient.cache.conversations import Conversations
from qtclient.cache.incoming import Incoming
from qtclient.cache.index import SearchIndex
from qtclient.records import NOT_STORED, FileInfo, FileState, Key, Kind, Message, Sent

_RANK = {FileState.OFFERING: 0, FileState.WAITING: 1, FileState.UPLOADING: 2, FileState.COMPLETE: 3}
_OVER = 4  # the rank of all others
_LOCAL = "local:"  # begins the id of a file that the server does not know yet


def local_file(cid: str) -> str:
    """What a file is called until the server has given it an id."""
    return _LOCAL + cid


class Messages:
    """Part of a `Ledger`; what changes is added to ``changes``."""

    def __init__(self, db: sqlite3.Connection, me: str, conversations: Conversations, index: SearchIndex) -> None:
        self._db = db
        self.index = index
        self._me = me
        self._conversations = conversations
        self.changes = Changes()

    # -- ours ------------------------------------------------------------------

    def write(
        self, key: Key, cid: str, text: str, ts: int, sent: Sent, since: int, file: FileInfo | None = None, *, row: int
    ) -> None:
        """Add a message that the server does not have yet."""
        if row < NOT_STORED or self._db.execute("SELECT 1 FROM messages WHERE row = ?", (row,)).fetchone():
            row = max(self.last_row(), NOT_STORED) + 1
        number = self._conversations.id(key, since)
        self._insert(row, number, Incoming(key, 0, cid, self._me, True, text, ts, file), sent)
        self._conversations.touch(key, ts, row)
        self.changes.added.append(self._message(row))

    def last_row(self) -> int:
        """The highest that is used; 0 where there is none."""
        return int(self._db.execute("SELECT max(row) FROM messages").fetchone()[0] or 0)

    def pending(self) -> list[Message]:
        """What is to be sent, oldest first; files aside."""
        return self._select("m.row >= ? AND m.sent IN (0, 1) AND m.file IS NULL ORDER BY m.row", NOT_STORED)

    def is_new(self, cid: str) -> bool:
        """Whether there is no message of ours of this name."""
        return (
            self._db.execute("SELECT 1 FROM messages WHERE cid = ? AND mine AND cid <> ''", (cid,)).fetchone() is None
        )

    def set_link(self, online: bool) -> None:
        """What waits is on its way, or the other way round."""
        old, new = (Sent.WAITING, Sent.SENDING) if online else (Sent.SENDING, Sent.WAITING)
        found = self._select("m.row >= ? AND m.sent = ?", NOT_STORED, old)
        self._db.execute("UPDATE messages SET sent = ? WHERE row >= ? AND sent = ?", (new, NOT_STORED, old))
        self.changes.changed += [replace(message, sent=new) for message in found]

    def stored(self, cid: str, mid: int, ts: int, sent: Sent, file: FileInfo | None = None) -> bool:
        """A message of ours has been stored. Returns False where there is none of this name that waits."""
        row = self._waiting(cid)
        if row is None:
            return False
        before = self._message(row)
        self._unindex(before)
        if self._db.execute("SELECT 1 FROM messages WHERE row = ?", (mid,)).fetchone():
            self._delete(before)  # it came as somebody's push first, which had no cid
            return True
        self._db.execute(
            "UPDATE messages SET row = ?, ts = ?, sent = ?, problem = '' WHERE row = ?",
            (mid, ts or before.ts, sent, row),
        )
        if before.file is not None:
            self._rename_file(before.file, file, mid)
        after = self._message(mid)
        self._index(mid, self._conversations.id(after.key), after)
        self._conversations.find_last(after.key)
        self._conversations.touch(after.key, after.ts)
        self.changes.moved.append((row, after))
        return True

    def refused(self, cid: str, problem: str) -> None:
        """The server does not want a message of ours."""
        row = self._waiting(cid)
        if row is not None:
            self._db.execute("UPDATE messages SET sent = ?, problem = ? WHERE row = ?", (Sent.FAILED, problem, row))
            self._changed(row)

    def again(self, cid: str, sent: Sent) -> Message | None:
        """A refused message is to be sent once more; returns it, None where there is none."""
        row = self._waiting(cid)
        if row is None or self._message(row).sent is not Sent.FAILED:
            return None
        self._db.execute("UPDATE messages SET sent = ?, problem = '' WHERE row = ?", (sent, row))
        self._changed(row)
        return self._message(row)

    def discard(self, cid: str) -> None:
        """A message that was never stored is not wanted any more."""
        row = self._waiting(cid)
        if row is not None:
            message = self._message(row)
            self._unindex(message)
            self._delete(message)

    # -- what the server has -----------------------------------------------------

    def take(self, message: Incoming, *, since: int) -> Message | None:
        """A message that the server has stored; returns it where it is new here."""
        sent = Sent.STORED if message.mine else Sent.RECEIVED
        if message.mine and message.cid and self.stored(message.cid, message.mid, message.ts, sent, message.file):
            return None
        number = self._conversations.id(message.key, since)
        if not self._insert(message.mid, number, message, sent):
            if message.file is not None:
                self.file_state(message.file.file, message.file)
            return None
        self._conversations.touch(message.key, message.ts, message.mid)
        added = self._message(message.mid) if message.mine or message.file else _received(message)
        self.changes.added.append(added)
        return added

    def file_state(self, file: str, said: FileInfo) -> Message | None:
        """What the server says about a file now; returns the message that offers it, if that is news."""
        row = self._db.execute(
            "SELECT row, state, offset, sha256, detail FROM files WHERE file = ?", (file,)
        ).fetchone()
        if row is None:
            return None
        before, offset = FileState(row[1]), max(said.offset, row[2])
        sha256, words = said.sha256 or row[3], said.detail or row[4]
        if said.state is not before and _RANK.get(said.state, _OVER) <= _RANK.get(before, _OVER):
            return None  # old news, or it is over already
        if (said.state.value, offset, sha256, words) == row[1:]:
            return None
        self._db.execute(
            "UPDATE files SET state = ?, offset = ?, sha256 = ?, detail = ? WHERE file = ?",
            (said.state.value, offset, sha256, words, file),
        )
        return self._changed(row[0])

    def file_path(self, file: str, path: str) -> None:
        """Where a file is here."""
        row = self._db.execute("SELECT row FROM files WHERE file = ?", (file,)).fetchone()
        if row is not None:
            self._db.execute("UPDATE files SET path = ? WHERE file = ?", (path, file))
            self._changed(row[0])

    def file_paths(self) -> list[tuple[str, str, bool]]:
        """All files that are here: id, place, and whether it is not on its way any more."""
        found = self._db.execute("SELECT file, path, state NOT IN ('waiting', 'uploading') FROM files WHERE path <> ''")
        return [(file, path, bool(over)) for file, path, over in found]

    def by_file(self, file: str) -> Message | None:
        """The message that offers a file."""
        found = self._select("m.row = (SELECT row FROM files WHERE file = ?)", file)
        return found[0] if found else None

    def unfinished_files(self, limit: int) -> list[str]:
        """Files whose state may have changed while there was no connection, the newest first."""
        found = self._db.execute(
            "SELECT file FROM files WHERE state IN ('waiting', 'uploading') AND row < ? ORDER BY row DESC LIMIT ?",
            (NOT_STORED, limit),
        )
        return [file for (file,) in found]

    def read_by_peer(self, key: Key, mid: int) -> None:
        """The other one has read what we sent, up to a mid."""
        if key.kind is Kind.PEER and self._conversations.peer_read(key, mid):
            self.changes.read.append((key, mid))

    # -- rows --------------------------------------------------------------------

    def _insert(self, row: int, conversation: int, message: Incoming, sent: Sent) -> bool:
        file = message.file
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO messages (row, conversation, mine, sent, ts, cid, sender, text, file)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row, conversation, message.mine, sent, message.ts, message.cid, message.sender, message.text,
             file.file if file else None),
        )  # fmt: skip
        if cursor.rowcount < 1:
            return False
        if file is not None:
            self._put_file(file, row)
        self._index(row, conversation, message)
        return True

    def _put_file(self, file: FileInfo, row: int) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                file.file,
                row,
                file.name,
                file.length,
                file.state.value,
                file.offset,
                file.sha256,
                file.path,
                file.detail,
            ),
        )

    def _rename_file(self, before: FileInfo, after: FileInfo | None, row: int) -> None:
        """A file of ours has got its id."""
        self._db.execute("DELETE FROM files WHERE file = ?", (before.file,))
        self._put_file(replace(after or before, path=before.path), row)
        self._db.execute("UPDATE messages SET file = ? WHERE row = ?", ((after or before).file, row))

    def _delete(self, message: Message) -> None:
        self._db.execute("DELETE FROM messages WHERE row = ?", (message.row,))
        if message.file is not None:
            self._db.execute("DELETE FROM files WHERE file = ? AND row = ?", (message.file.file, message.row))
        self._conversations.find_last(message.key)
        self.changes.removed.append(message)

    def _index(self, row: int, conversation: int, message: Message | Incoming) -> None:
        self.index.add(row, conversation, message.file.name if message.file else message.text)

    def _unindex(self, message: Message) -> None:
        words = message.file.name if message.file else message.text
        self.index.remove(message.row, self._conversations.id(message.key), words)

    def _waiting(self, cid: str) -> int | None:
        row = self._db.execute("SELECT row FROM messages WHERE cid = ? AND mine AND cid <> ''", (cid,)).fetchone()
        return int(row[0]) if row is not None and row[0] >= NOT_STORED else None

    def _changed(self, row: int) -> Message:
        message = self._message(row)
        self.changes.changed.append(message)
        self._conversations.touch(message.key)
        return message

    def _message(self, row: int) -> Message:
        return self._select("m.row = ?", row)[0]

    def _select(self, where: str, *values: object) -> list[Message]:
        return [rows.message(row) for row in self._db.execute(f"{rows.MESSAGE} WHERE {where}", values)]


def _received(message: Incoming) -> Message:
    """What the database would say of it."""
    return Message(
        message.mid, message.key, message.mid, message.cid, message.sender, False, message.text, message.ts,
        Sent.RECEIVED,
    )  # fmt: skip
