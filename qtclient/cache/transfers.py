"""Files on their way, remembered so that they survive the client. The writer's thread."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from qtclient.records import Key, Kind, Phase


@dataclass(frozen=True)
class Kept:
    """A transfer as it is remembered. ``title`` is the file's harmless name; ``cid`` that of our offer.

    ``mtime``, in ns since 1970, and ``size`` tell whether the file is still the one whose ``sha256`` this is.
    """

    id: int
    upload: bool
    key: Key
    cid: str
    file: str
    title: str
    path: str
    size: int
    mtime: int
    sha256: str
    phase: Phase
    problem: str


class KeptTransfers:
    """Part of a `Ledger`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, kept: Kept) -> None:
        """Remember one, or what has changed about it."""
        self._db.execute(
            "INSERT OR REPLACE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (kept.id, kept.upload, kept.key.kind.value, kept.key.name, kept.cid, kept.file, kept.title, kept.path,
             kept.size, kept.mtime, kept.sha256, kept.phase.value, kept.problem),
        )  # fmt: skip

    def forget(self, number: int) -> None:
        """It is of no interest any more."""
        self._db.execute("DELETE FROM transfers WHERE id = ?", (number,))

    def paths(self) -> list[str]:
        """The files that are sent, and the places for those that are fetched."""
        return [path for (path,) in self._db.execute("SELECT path FROM transfers")]

    def last_id(self) -> int:
        """The highest id, 0 when there is none."""
        (found,) = self._db.execute("SELECT max(id) FROM transfers").fetchone()
        return int(found or 0)

    def all(self) -> list[Kept]:
        """In the order in which they were begun."""
        found = self._db.execute("SELECT * FROM transfers ORDER BY id").fetchall()
        return [_kept(row) for row in found]


def _kept(row: tuple[Any, ...]) -> Kept:
    number, upload, kind, name, cid, file, title, path, size, mtime, sha256, phase, problem = row
    key = Key(Kind(kind), name)
    return Kept(number, bool(upload), key, cid, file, title, path, size, mtime, sha256, Phase(phase), problem)
