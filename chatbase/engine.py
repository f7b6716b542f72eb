"""The two database engines behind one pool, one SQL and one family of errors."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import pymysql

from chatbase.database_file import DatabaseFile
from chatbase.drivers import NEVER, SQLITE_SESSION, STATEMENTS, WHEN_TAKEN, parse, pool

Row = tuple[Any, ...]

_ROWS = 128  # in one INSERT on SQLite; old versions allow 999 values in a statement
_AMONG = 256  # values in one IN (...)
_DEADLOCKS = (1020, 1205, 1213)  # MariaDB: changed since the snapshot, lock wait timeout, deadlock
_TOO_MANY = (1040, 1203, 1226)  # connections: of all, of this user (set for the server), of this user (set for him)
_DRIVER_ERRORS = (sqlite3.Error, pymysql.err.Error, OSError)

LEAST_PACKET = 1 << 20  # bytes that MariaDB must take in one statement (max_allowed_packet)
_STATEMENT = 768 * 1024  # bytes in one INSERT of many rows; a single row has 200 kB at most

# Nothing that a user says can leave its hexadecimal digits.
_LITERALS: dict[type, Callable[[Any], str]] = {
    int: str,
    type(None): lambda value: "NULL",
    bytes: lambda value: f"x'{value.hex()}'",
    str: lambda value: f"_utf8mb4 x'{value.encode().hex()}'",
}


class DatabaseUnavailable(Exception):
    """The database cannot be reached, is full, or gave up; what was asked for may be tried again later.

    ``level``: at which whoever has to give up should log it.
    """

    level = logging.ERROR


class Deadlock(DatabaseUnavailable):
    """The database chose this transaction to make way for another; to be run again (see `insisting`)."""


class CommitUncertain(DatabaseUnavailable):
    """The connection failed during the commit itself: what was written may or may not be stored."""


class DatabaseMoved(DatabaseUnavailable):
    """SQLite's file was removed or replaced while it is open (`database_file`, which has logged it already)."""

    level = logging.DEBUG


class TooFewConnections(DatabaseUnavailable):
    """MariaDB does not permit as many connections as are needed."""

    def __init__(self, error: BaseException, needed: int) -> None:
        super().__init__(f"it permits too few connections; this program needs {needed} ({_first_line(error)})")


class Conflict(Exception):
    """A unique key is taken."""


class Cursor(Protocol):
    """The part of a DB-API cursor that transactions use."""

    connection: Any
    rowcount: int
    lastrowid: int | None

    def execute(self, sql: str, args: Sequence[Any] = ...) -> object:
        """Run one statement."""

    def fetchall(self) -> Sequence[Row]:
        """All rows."""


class Transaction:
    """Statements that belong together. One thread uses it, within `Database.transaction`."""

    __slots__ = ("_cursor", "_database")

    def __init__(self, database: Database, cursor: Cursor) -> None:
        self._database = database
        self._cursor = cursor

    @property
    def connection(self) -> object:
        """The driver's connection, to be compared only: another one after the last one was lost."""
        return self._cursor.connection

    def rows(self, sql: str, *args: Any) -> Sequence[Row]:
        """Return all rows of a query; parameters are marked by ``?``."""
        self._cursor.execute(self._database.dialect(sql), args)
        return self._cursor.fetchall()

    def rows_among(self, sql: str, values: Sequence[Any], *args: Any) -> list[Row]:
        """Return the rows of a query in which ``IN (?)`` stands for any number of values; piece by piece if many.

        A piece is filled up to a power of two with its last value, so that few different statements come about. The
        parameters after that are ``args``.
        """
        found: list[Row] = []
        for start in range(0, len(values), _AMONG):
            piece = list(values[start : start + _AMONG])
            piece += piece[-1:] * ((1 << (len(piece) - 1).bit_length()) - len(piece))
            found += self.rows(sql.replace("IN (?)", f"IN ({', '.join('?' * len(piece))})"), *piece, *args)
        return found

    def row(self, sql: str, *args: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self.rows(sql, *args)
        return rows[0] if rows else None

    def execute(self, sql: str, *args: Any) -> int:
        """Run a statement and return the number of rows it concerned."""
        self._cursor.execute(self._database.dialect(sql), args)
        return self._cursor.rowcount

    def insert(self, sql: str, *args: Any) -> int:
        """Insert a row and return its generated id."""
        self._cursor.execute(self._database.dialect(sql), args)
        return self._cursor.lastrowid or 0

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows; ``sql`` is an INSERT of one row that ends with its VALUES. What fails, fails as a whole.

        Values are integers, texts, bytes and None. On SQLite the driver would run a statement for each row, and each
        run lets go of the interpreter, which a busy program then takes half a millisecond to give back. On MariaDB it
        would make one statement of them, but take 10 microseconds for each row where these literals take 2.
        """
        if self._database.sqlite:
            self._many_parameters(sql, rows)
        else:
            start = sql.rindex("(")
            self._many_literals(sql[:start], _percent(sql[start:]), rows)

    def _many_literals(self, head: str, values: str, rows: Sequence[Sequence[Any]]) -> None:
        pieces: list[str] = []
        size = 0
        for row in rows:
            piece = values % tuple([_LITERALS[type(value)](value) for value in row])
            if pieces and size + len(piece) > _STATEMENT:
                self._cursor.execute(head + ",".join(pieces))
                pieces, size = [], 0
            pieces.append(piece)  # of ASCII alone, so characters are bytes
            size += len(piece) + 1
        if pieces:
            self._cursor.execute(head + ",".join(pieces))

    def _many_parameters(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for start in range(0, len(rows), _ROWS):
            piece = rows[start : start + _ROWS]
            self._cursor.execute(_repeated(sql, len(piece)), list(chain.from_iterable(piece)))


class Database:
    """A pool of connections. Every method may be called by any thread; a connection is used by one at a time.

    The pool holds as many connections as there are threads that use it, so nobody ever waits for one. On SQLite, where
    only one connection can write, writers queue on a lock of ours: SQLite itself would make them sleep and poll. They
    share a connection of their own, since the pages that a connection has in memory are good until another one writes:
    taking turns, each would read again what the others have changed.
    """

    def __init__(self, url: str, connections: int, needed: int = 0) -> None:
        """Open the pool. ``needed``: how many connections the program has in all, if these are not all.

        Raises:
            ValueError: the URL is none.
            DatabaseUnavailable: the database cannot be reached.
        """
        self.engine, factory, settings = parse(url)
        self.sqlite = self.engine == "sqlite"
        self._write_lock = threading.Lock()
        self.file: DatabaseFile | None = None  # on SQLite
        try:
            if self.sqlite:
                session = SQLITE_SESSION
                self._writer = pool(factory, settings, 1, mincached=1, setsession=session, ping=NEVER)
                self._pool = pool(factory, settings, connections, mincached=0, setsession=session, ping=NEVER)
                self.file = DatabaseFile(settings["path"])
            else:
                self._pool = pool(factory, settings, connections, mincached=connections, ping=WHEN_TAKEN)
                self._writer = self._pool
                self._check_packet()
        except _DRIVER_ERRORS as error:
            if error.args and error.args[0] in _TOO_MANY:
                raise TooFewConnections(error, needed or connections) from error
            raise _translated(error) from error

    def dialect(self, sql: str) -> str:
        """The text of a statement as this engine's driver wants it."""
        return sql if self.sqlite else _percent(sql)

    def transaction(self, *, write: bool = False) -> AbstractContextManager[Transaction]:
        """Run a block in one transaction: with ``write``, committed when it ends; rolled back otherwise.

        Raises:
            Conflict: a unique key is taken.
            DatabaseUnavailable: anything that is the database's fault; nothing is known to be stored.
        """
        if write and self.sqlite:
            return _Alone(self, self._write_lock)
        return _Running(self, write=write)

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.close()
        self._writer.close()
        if self.file is not None:
            self.file.close()

    def check_place(self) -> None:
        """Raises DatabaseMoved when what is stored would not be found again."""
        if self.file is not None and not self.file.in_place():
            raise DatabaseMoved("the database file was removed or replaced")

    def _check_packet(self) -> None:
        """Raises DatabaseUnavailable when statements of ours might be longer than MariaDB takes."""
        with self.transaction() as tx:
            [(most,)] = tx.rows("SELECT @@max_allowed_packet")
        if most < LEAST_PACKET:
            raise DatabaseUnavailable(f"its max_allowed_packet is {most}, and at least {LEAST_PACKET} is needed")

    def _take(self, *, write: bool) -> Any:
        """A connection of the pool's; closing it gives it back."""
        return (self._writer if write else self._pool).connection()

    @staticmethod
    def _commit(connection: Any) -> None:
        try:
            connection.commit()
        except Exception as error:  # whatever it is, the commit may have happened
            raise CommitUncertain(_first_line(error)) from error


class _Running:
    """A transaction in a block of its own; nested generators would take 2 to 3 of 14 microseconds more.

    The driver's own connection is used, past the one of DBUtils, which might repeat a statement by itself.
    """

    __slots__ = ("_connection", "_database", "_pooled", "_write")
    _BEGIN = "BEGIN"

    def __init__(self, database: Database, *, write: bool) -> None:
        self._database = database
        self._write = write

    def __enter__(self) -> Transaction:
        if not self._write:  # who writes looks before the commit
            self._database.check_place()
        try:
            self._pooled = self._database._take(write=self._write)
        except _DRIVER_ERRORS as error:
            raise _translated(error) from error
        self._connection = self._pooled.dbapi_connection
        try:
            cursor = self._connection.cursor()
            if self._database.sqlite:
                cursor.execute(self._BEGIN)  # on MariaDB the first statement begins one, which saves a round trip
        except BaseException as error:
            self._roll_back()
            self._pooled.close()
            if isinstance(error, _DRIVER_ERRORS):
                raise _translated(error) from error
            raise
        return Transaction(self._database, cursor)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        committed = False
        try:
            if self._write and error is None:
                self._database.check_place()
                self._database._commit(self._connection)
                committed = True
        finally:
            if not committed:
                self._roll_back()
            self._pooled.close()  # back to the pool
        if isinstance(error, _DRIVER_ERRORS):
            raise _translated(error) from error

    def _roll_back(self) -> None:
        with suppress(*_DRIVER_ERRORS):  # a connection that is lost is found out when it is taken again
            self._connection.rollback()


class _Alone(_Running):
    """One that writes to SQLite: the writers take turns."""

    __slots__ = ("_lock",)
    _BEGIN = "BEGIN IMMEDIATE"

    def __init__(self, database: Database, lock: threading.Lock) -> None:
        super().__init__(database, write=True)
        self._lock = lock

    def __enter__(self) -> Transaction:
        self._lock.acquire()
        try:
            return super().__enter__()
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._lock.release()


def _translated(error: BaseException) -> Exception:
    """The one place where drivers' errors become ours."""
    if isinstance(error, sqlite3.IntegrityError | pymysql.err.IntegrityError):
        return Conflict(str(error))
    kind = Deadlock if error.args and error.args[0] in _DEADLOCKS else DatabaseUnavailable
    return kind(_first_line(error))


@lru_cache(maxsize=STATEMENTS)
def _repeated(sql: str, times: int) -> str:
    """An INSERT of one row as one of several.

    When a row is refused, SQLite has to undo the rows before it. By default it would keep copies of all pages that it
    changes, in a temporary file, to undo that statement alone; the whole transaction it can undo without.
    """
    row = sql[sql.rindex("(") :]
    return sql.replace("INSERT INTO", "INSERT OR ROLLBACK INTO", 1) + f", {row}" * (times - 1)


@lru_cache(maxsize=1024)
def _percent(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _first_line(error: BaseException) -> str:
    text = str(error.args[1] if len(error.args) > 1 else error) or type(error).__name__
    return text.splitlines()[0]
