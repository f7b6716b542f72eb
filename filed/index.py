"""The file daemon's view of the index of files. Each method is one transaction, and insists on what it writes."""

from __future__ import annotations

from collections.abc import Sequence

from chatbase import files
from chatbase.clock import Clock
from chatbase.engine import Database
from chatbase.files import File
from chatbase.insisting import write


class Index:
    """Every method: any thread. All raise DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, keep_days: int, partial_hours: int) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep_days * 24 * 3_600_000
        self._partial = partial_hours * 3_600_000

    def find(self, file_id: str) -> File | None:
        """The file of that id, or None."""
        with self._database.transaction() as tx:
            return files.find(tx, file_id)

    def find_all(self, file_ids: Sequence[str]) -> dict[str, File]:
        """The files of these ids, by id."""
        with self._database.transaction() as tx:
            return files.states(tx, file_ids)

    def add(self, file: File) -> None:
        """A file that nobody was offered. Raises Conflict."""
        write(self._database, lambda tx: tx.execute(files.INSERT, *file.row()))

    def used_by(self, sender: int) -> int:
        """Bytes that a user's files take, or will."""
        with self._database.transaction() as tx:
            return files.used_by(tx, sender)

    def begin(self, file_id: str) -> int | None:
        """Bytes are about to come: the upload's life begins anew. When it ends now, ms; None if nobody wants them."""
        end = self._clock.latest() + self._partial
        begun = write(self._database, lambda tx: files.change(tx, file_id, files.UPLOADING, files.OPEN, end))
        return end if begun else None

    def complete(self, file_id: str, sha256: str | None) -> bool:
        """All bytes are there; false when nobody wants them any more."""
        end = self._clock.latest() + self._keep
        return write(self._database, lambda tx: files.complete(tx, file_id, sha256, end))

    def set_hash(self, file_id: str, sha256: str) -> None:
        """What a complete file hashes to."""
        write(self._database, lambda tx: files.set_hash(tx, file_id, sha256))

    def end(self, file_id: str, state: str, permitted: Sequence[str]) -> bool:
        """A file is over; false when it was in none of the states that permit that."""
        return write(self._database, lambda tx: files.change(tx, file_id, state, permitted))

    def due(self, limit: int) -> list[File]:
        """Files whose time is over."""
        now = self._clock.earliest()
        with self._database.transaction() as tx:
            return [file for state in files.ALIVE for file in files.due(tx, state, now, limit)]

    def complete_ids(self) -> list[str]:
        """The ids of all complete files."""
        with self._database.transaction() as tx:
            return files.complete_ids(tx)

    def unhashed(self, limit: int) -> list[File]:
        """Complete files of which nobody knows the hash yet."""
        with self._database.transaction() as tx:
            return files.unhashed(tx, self._clock.earliest(), limit)
