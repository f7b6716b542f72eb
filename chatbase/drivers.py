"""How the two engines' drivers are connected, and their connections pooled."""

from __future__ import annotations

import select
import socket
import sqlite3
import urllib.parse
from collections.abc import Callable
from typing import Any

import pymysql
from dbutils.pooled_db import PooledDB

CONNECT_TIMEOUT = 3  # seconds; the pool's lock is held while it connects, so it must be short
QUERY_TIMEOUT = 20  # seconds without an answer; PyMySQL's own default is none
SQLITE_BUSY_MS = 10_000  # another process (a backup, a shell) may hold SQLite's write lock for so long
STATEMENTS = 256  # that SQLite keeps prepared: some for each number of rows
NEVER, WHEN_TAKEN = 0, 1  # DBUtils: when a connection is looked at

SQLITE_SESSION = [
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk, not only in the kernel
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
    "PRAGMA wal_autocheckpoint=4000",  # pages; a page that many commits have changed is copied back once
]


def pool(factory: Any, settings: dict[str, Any], connections: int, **more: Any) -> PooledDB:
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
            cached_statements=STATEMENTS,
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


def parse(url: str) -> tuple[str, Any, dict[str, Any]]:
    """Return the engine's name, what connects to it, and how. Raises ValueError when the URL is none."""
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
