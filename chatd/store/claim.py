"""One server for one database: two would give out the same mids, and neither would deliver what the other stores.

On MariaDB the claim is a lock that belongs to the connection through which the journal writes: a transaction on this
connection cannot outlive the claim, whatever breaks. When the connection is lost, the next transaction takes the lock
again on a new one, or is refused. No question is asked of a connection that has the lock: it would be one of four round
trips of a commit. To have it again also says that nothing of the old connection is on its way any more: MariaDB ends a
connection's transaction before it gives up the connection's locks.

On SQLite it is a lock on a file beside the database. The database file itself is SQLite's to lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from chatbase.engine import Database, DatabaseUnavailable, Transaction

log = logging.getLogger("chatd.store")

WAIT = 5  # seconds; MariaDB notices the end of a connection, of a killed server's too, a moment later
_NAME_LIMIT = 64  # characters of a lock's name
_IDLE_LIMIT = 31_536_000  # seconds; the highest wait_timeout, a year


class Claimed(DatabaseUnavailable):
    """Another server has the database."""

    def __init__(self) -> None:
        super().__init__("another server is using this database")


class Writing(Protocol):
    """What messages are written through: a `Claim`, so that no other server writes at the same time."""

    def transaction(self, *, write: bool = False) -> AbstractContextManager[Transaction]:
        """Like `Database.transaction`. Raises Claimed when the claim was lost and another server has it."""


class Claim(Writing, Protocol):
    """The right to write messages into a database. One thread at a time may use it."""

    def close(self) -> None:
        """Let another server have it."""


def claim(database: Database, url: str, needed: int = 0) -> Claim:
    """Claim the database that is open as ``database``; ``needed`` as in `Database`.

    Raises:
        Claimed: another server has it.
        DatabaseUnavailable: it cannot be reached.
        OSError: the lock file cannot be used.
    """
    return FileClaim(database) if database.sqlite else LockClaim(url, needed)


class FileClaim:
    """The claim on an SQLite database. It lives as long as the process."""

    def __init__(self, database: Database) -> None:
        assert database.file is not None
        # The real path: by whatever link a server gets to a database, it is the same lock.
        self._file = os.open(f"{database.file.real}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise Claimed from None
        self.transaction = database.transaction

    def close(self) -> None:
        os.close(self._file)


class LockClaim:
    """The claim on a MariaDB database, with a connection of its own."""

    def __init__(self, url: str, needed: int = 0) -> None:
        self._database = Database(url, 1, needed)
        self._own = f"chatd:{secrets.token_hex(16)}"  # a second lock, by which our own lost connection is known
        try:
            with self._database.transaction() as tx:
                row = tx.row("SELECT DATABASE()")
                self._name = lock_name(row[0] if row else "")
                self._take(tx, WAIT)
        except DatabaseUnavailable:
            self._database.close()
            raise

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Transaction]:
        with self._database.transaction(write=write) as tx:
            if tx.connection is not self._holder:
                self._take(tx, 0)
                log.warning("the connection to the database was lost; it is claimed again")
            yield tx

    def close(self) -> None:
        self._database.close()

    def _take(self, tx: Transaction, wait: int) -> None:
        tx.execute("SET SESSION wait_timeout = ?", _IDLE_LIMIT)  # an idle night must not cost the claim
        if not _lock(tx, self._name, wait) and not (self._end_former(tx) and _lock(tx, self._name, WAIT)):
            raise Claimed
        _lock(tx, self._own, WAIT)
        self._holder = tx.connection

    def _end_former(self, tx: Transaction) -> bool:
        """End our own former connection if it has the lock: after a cut in the network MariaDB may keep it for hours.

        Its number is not enough to know it by: after a restart of MariaDB another server's can have the same.
        """
        row = tx.row("SELECT IS_USED_LOCK(?), IS_USED_LOCK(?)", self._name, self._own)
        if row is None or row[0] is None or row[0] != row[1]:
            return False
        tx.execute("KILL ?", row[0])
        return True


def lock_name(database: str) -> str:
    """MariaDB's locks belong to all databases of a server, so the name tells which one is meant."""
    name = f"chatd:{database}"
    return name if len(name) <= _NAME_LIMIT else f"chatd:{hashlib.sha256(database.encode()).hexdigest()[:32]}"


def _lock(tx: Transaction, name: str, wait: int) -> bool:
    return tx.row("SELECT GET_LOCK(?, ?)", name, wait) == (1,)
