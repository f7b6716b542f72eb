"""The two database engines behind one pool, one SQL and one family of errors."""

from __future__ import annotations

import select
import socket
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import pymysql
from dbutils.pooled_db import PooledDB

CONNECT_TIMEOUT = 3  # seconds; the pool's lock is held while it connects, so it must be short
QUERY_TIMEOUT = 20  # seconds without an answer; PyMySQL's own default is none
SQLITE_BUSY_MS = 10_000  # another process (a backup, a shell) may hold SQLite's write lock for so long

Row = tuple[Any, ...]

_ROWS = 128  # in one INSERT on SQLite; old versions allow 999 values in a statement
_STATEMENTS = 256  # that SQLite keeps prepared: some for each number of rows
_AMONG = 256  # values in one IN (...)
_DEADLOCKS = (1205, 1213)  # MariaDB: lock wait timeout, deadlock
_DRIVER_ERRORS = (sqlite3.Error, pymysql.err.Error, OSError)
_NEVER, _WHEN_TAKEN = 0, 1  # DBUtils: when a connection is looked at

_STATEMENT = 1 << 20  # characters in one INSERT on MariaDB, well below what servers take

# Nothing that a user says can leave its hexadecimal digits.
_LITERALS: dict[type, Callable[[Any], str]] = {
    int: str,
    type(None): lambda value: "NULL",
    bytes: lambda value: f"x'{value.hex()}'",
    str: lambda value: f"_utf8mb4 x'{value.encode().hex()}'",
}


class DatabaseUnavailable(Exception):
    """The database cannot be reached, is full, or gave up; what was asked for may be tried again later."""


class Deadlock(DatabaseUnavailable):
    """The database chose this transaction to make way for another; to be run again."""


class CommitUncertain(DatabaseUnavailable):
    """The connection failed during the commit itself: what was written may or may not be stored."""


class Conflict(Exception):
    """A unique key is taken."""


class Cursor(Protocol):
    """The part of a DB-API cursor that transactions use."""

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
            if size + len(piece) > _STATEMENT:
                self._cursor.execute(head + ",".join(pieces))
                pieces, size = [], 0
            pieces.append(piece)
            size += len(piece)
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

    def __init__(self, url: str, connections: int) -> None:
        """Open the pool.

        Raises:
            ValueError: the URL is none.
            DatabaseUnavailable: the database cannot be reached.
        """
        self.engine, factory, settings = _parse(url)
        self.sqlite = self.engine == "sqlite"
        self._write_lock = threading.Lock()
        with self._translated():
            if self.sqlite:
                session = _SQLITE_SESSION
                self._writer = _pool(factory, settings, 1, mincached=1, setsession=session, ping=_NEVER)
                self._pool = _pool(factory, settings, connections, mincached=0, setsession=session, ping=_NEVER)
            else:
                self._pool = _pool(factory, settings, connections, mincached=connections, ping=_WHEN_TAKEN)
                self._writer = self._pool

    def dialect(self, sql: str) -> str:
        """The text of a statement as this engine's driver wants it."""
        return sql if self.sqlite else _percent(sql)

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Transaction]:
        """Run a block in one transaction: with ``write``, committed when it ends; rolled back otherwise.

        Raises:
            Conflict: a unique key is taken.
            DatabaseUnavailable: anything that is the database's fault; nothing is known to be stored.
        """
        with self._translated():
            if write and self.sqlite:
                with self._write_lock:
                    yield from self._run("BEGIN IMMEDIATE", write)
            else:
                yield from self._run("BEGIN", write)

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.close()
        self._writer.close()

    def _run(self, begin: str, write: bool) -> Iterator[Transaction]:
        """The driver's own connection is used, past the one of DBUtils, which might repeat a statement by itself."""
        pooled = (self._writer if write else self._pool).connection()
        connection = pooled.dbapi_connection
        committed = False
        try:
            cursor = connection.cursor()
            if self.sqlite:
                cursor.execute(begin)  # on MariaDB the first statement begins one, which saves a round trip
            yield Transaction(self, cursor)
            if write:
                self._commit(connection)
                committed = True
        finally:
            if not committed:
                with suppress(*_DRIVER_ERRORS):  # a connection that is lost is found out when it is taken again
                    connection.rollback()
            pooled.close()  # back to the pool

    @staticmethod
    def _commit(connection: Any) -> None:
        try:
            connection.commit()
        except Exception as error:  # whatever it is, the commit may have happened
            raise CommitUncertain(_first_line(error)) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where drivers' errors become ours."""
        try:
            yield
        except (sqlite3.IntegrityError, pymysql.err.IntegrityError) as error:
            raise Conflict(str(error)) from error
        except _DRIVER_ERRORS as error:
            kind = Deadlock if error.args and error.args[0] in _DEADLOCKS else DatabaseUnavailable
            raise kind(_first_line(error)) from error


def _pool(factory: Any, settings: dict[str, Any], connections: int, **more: Any) -> PooledDB:
    """Up to so many connections, each used by one thread at a time."""
    return PooledDB(
        factory,
        maxcached=connections,
        maxconnections=connections,
        maxshared=0,
        blocking=True,
        reset=False,  # the pool would roll back under its lock
        **more,
        **settings,
    )


class _SqliteModule:
    """The standard library's module with our way to connect: DBUtils wants a DB-API module or a callable."""

    threadsafety = 1
    Error = sqlite3.Error
    OperationalError = sqlite3.OperationalError
    InterfaceError = sqlite3.InterfaceError
    InternalError = sqlite3.InternalError

    @staticmethod
    def connect(path: str) -> sqlite3.Connection:
        """Transactions are begun and ended by us alone; the pool may hand a connection to another thread."""
        return sqlite3.connect(
            path,
            timeout=SQLITE_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )


class _MariaConnection(pymysql.connections.Connection):  # generic in its stubs only
    """A connection that the pool can check without a round trip."""

    _sock: socket.socket | None
    _force_close: Callable[[], None]  # in PyMySQL, and not in its stubs

    def ping(self, reconnect: bool | None = None) -> None:
        """Raise when the server has closed the connection: an idle one has nothing to be read but its end."""
        poll = select.poll()
        if self._sock is not None:
            poll.register(self._sock, select.POLLIN)
        if self._sock is None or poll.poll(0):
            # No farewell is written into it: over TLS, CPython may report that failure to the thread's next connection.
            self._force_close()
            raise pymysql.err.InterfaceError(0, "the server has closed the connection")


class _MariaModule:
    """PyMySQL with our connection, as DBUtils wants it."""

    threadsafety = 1
    Error = pymysql.err.Error
    OperationalError = pymysql.err.OperationalError
    InterfaceError = pymysql.err.InterfaceError
    InternalError = pymysql.err.InternalError
    connect = _MariaConnection


_SQLITE_SESSION = [
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk, not only in the kernel
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
    "PRAGMA wal_autocheckpoint=4000",  # pages; a page that many commits have changed is copied back once
]


def _parse(url: str) -> tuple[str, Any, dict[str, Any]]:
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
            return "sqlite", _SqliteModule, {"path": urllib.parse.unquote(parts.path[1:])}
        if parts.scheme in ("mysql", "mariadb") and len(parts.path) > 1:
            return "mariadb", _MariaModule, _mariadb_settings(parts)
    except ValueError:
        pass  # its message may quote a piece of the password
    raise ValueError(
        "a database URL is sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME, with %XX for special characters"
    )


def _mariadb_settings(parts: urllib.parse.SplitResult) -> dict[str, Any]:
    query = dict(urllib.parse.parse_qsl(parts.query))
    where: dict[str, Any] = {"host": parts.hostname or "127.0.0.1", "port": parts.port or 3306}
    if "unix_socket" in query:
        where = {"unix_socket": query["unix_socket"], "ssl_disabled": True}  # what stays in the kernel needs no TLS
    return {
        **where,
        "user": urllib.parse.unquote(parts.username or ""),
        "password": urllib.parse.unquote(parts.password or ""),
        "database": urllib.parse.unquote(parts.path[1:]),
        "charset": "utf8mb4",
        "collation": "utf8mb4_bin",
        "autocommit": False,
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": QUERY_TIMEOUT,
        "write_timeout": QUERY_TIMEOUT,
    }


@lru_cache(maxsize=_STATEMENTS)
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
