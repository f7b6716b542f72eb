"""The index of files, which both daemons read and write.

A state changes only from a state that permits it, in one statement, so that whoever comes second is told that it is
too late: a file that was withdrawn cannot become complete, nor one that is complete be withdrawn unnoticed.

    waiting -> uploading -> complete -> expired, withdrawn (cancelled)
    waiting, uploading -> declined, cancelled, failed, expired
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbase.engine import Row, Transaction

WAITING = "waiting"  # offered; no byte has come
UPLOADING = "uploading"
COMPLETE = "complete"
DECLINED = "declined"  # by the one it was offered to
CANCELLED = "cancelled"  # by its sender
FAILED = "failed"  # its bytes are not those that were announced, or a one-shot transfer broke
EXPIRED = "expired"

OPEN = (WAITING, UPLOADING)
ALIVE = (WAITING, UPLOADING, COMPLETE)

MAX_FILE = 4 * 2**30  # bytes, the default of --max-file
QUOTA = 20 * 2**30  # bytes of a user, the default of --quota
PARTIAL_LIFE = 24 * 3600  # seconds that an upload may rest
INSERT = (
    "INSERT INTO files (id, mid, conversation, sender, recipient, name, size, announced, state, created, expires)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_ALIVE = f"'{WAITING}', '{UPLOADING}', '{COMPLETE}'"
_COLUMNS = "id, mid, conversation, sender, recipient, name, size, announced, sha256, state, created, expires"


@dataclass(frozen=True)
class File:
    """One row. Sizes in bytes, times in milliseconds since 1970 UTC, hashes in lower-case hexadecimal digits."""

    id: str
    mid: int | None
    conversation: int
    sender: int | None
    recipient: int | None
    name: str
    size: int
    announced: str | None
    sha256: str | None
    state: str
    created: int
    expires: int

    @property
    def alive(self) -> bool:
        """Whether there are bytes, or may still be."""
        return self.state in ALIVE

    def row(self) -> tuple[Any, ...]:
        """The values for `INSERT`; a new file has no sha256 yet."""
        return (self.id, self.mid, self.conversation, self.sender, self.recipient, self.name, self.size,
                self.announced, self.state, self.created, self.expires)  # fmt: skip


def find(tx: Transaction, file_id: str) -> File | None:
    """The file of that id, or None."""
    row = tx.row(f"SELECT {_COLUMNS} FROM files WHERE id = ?", file_id)
    return _file(row) if row else None


def by_mids(tx: Transaction, mids: Sequence[int]) -> dict[int, File]:
    """The files that these messages offer, by mid."""
    return {row[1]: _file(row) for row in tx.rows_among(f"SELECT {_COLUMNS} FROM files WHERE mid IN (?)", mids)}


def usage(tx: Transaction, sender: int) -> tuple[int, int]:
    """How many living files a user has, and the bytes that these take, or will."""
    row = tx.row(f"SELECT COUNT(*), SUM(size) FROM files WHERE sender = ? AND state IN ({_ALIVE})", sender)
    return (int(row[0]), int(row[1] or 0)) if row else (0, 0)


def used_by(tx: Transaction, sender: int) -> int:
    """Bytes that the living files of a user take, or will."""
    return usage(tx, sender)[1]


def change(tx: Transaction, file_id: str, state: str, permitted: Sequence[str], expires: int | None = None) -> bool:
    """Move a file to a state, and its end to ``expires``; false when it is in none of the ``permitted`` ones."""
    among = ", ".join("?" * len(permitted))
    later = "" if expires is None else ", expires = ?"
    values = [state] if expires is None else [state, expires]
    sql = f"UPDATE files SET state = ?{later} WHERE id = ? AND state IN ({among})"
    return tx.execute(sql, *values, file_id, *permitted) > 0


def complete(tx: Transaction, file_id: str, sha256: str | None, expires: int) -> bool:
    """All bytes are there; false when the file was withdrawn meanwhile."""
    return tx.execute(
        f"UPDATE files SET state = '{COMPLETE}', sha256 = ?, expires = ? WHERE id = ? AND state IN (?, ?)",
        sha256, expires, file_id, *OPEN,
    ) > 0  # fmt: skip


def set_hash(tx: Transaction, file_id: str, sha256: str) -> None:
    """What the bytes of a complete file hash to."""
    tx.execute(f"UPDATE files SET sha256 = ? WHERE id = ? AND state = '{COMPLETE}'", sha256, file_id)


def due(tx: Transaction, state: str, now: int, limit: int) -> list[File]:
    """Files in a state that should have ended by ``now``."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM files WHERE state = ? AND expires <= ? ORDER BY expires LIMIT ?", state, now, limit
    )
    return [_file(row) for row in rows]


def states(tx: Transaction, file_ids: Sequence[str]) -> dict[str, File]:
    """The files of these ids, by id."""
    return {row[0]: _file(row) for row in tx.rows_among(f"SELECT {_COLUMNS} FROM files WHERE id IN (?)", file_ids)}


def complete_ids(tx: Transaction) -> list[str]:
    """The ids of all complete files."""
    return [row[0] for row in tx.rows(f"SELECT id FROM files WHERE state = '{COMPLETE}'")]


def unhashed(tx: Transaction, now: int, limit: int) -> list[File]:
    """Complete files of which nobody knows the hash yet: the daemon was stopped before it was done."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM files WHERE state = '{COMPLETE}' AND expires > ? AND sha256 IS NULL LIMIT ?",
        now,
        limit,
    )
    return [_file(row) for row in rows]


def _file(row: Row) -> File:
    return File(*row)
