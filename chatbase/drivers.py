"""How the two engines' drivers are connected, and their connections pooled."""

from __future__ import annotations

import os
import select
import socket
import sqlite3
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, NoReturn, cast

import pymysql
from dbutils.pooled_db import PooledDB
from pymysql.constants import CLIENT

from chatbase.mariadb_url import UrlError, mariadb_settings

CONNECT_TIMEOUT = 3  # seconds; the pool's lock is held while it connects, so it must be short
GREETING_TIMEOUT = 5  # seconds for each answer until we are logged in, for the same reason
IDLE = 10.0  # seconds after which a connection is asked whether it still is one
IDLE_ANSWER = 3  # seconds for that, as the pool's lock is held
KEEP_ALIVE = 30, 5, 3  # seconds without a word, between two questions, and how many stay unanswered
USER_TIMEOUT_MS = 10_000  # for what was sent to be acknowledged by the other machine
QUERY_TIMEOUT = 20  # seconds without an answer; PyMySQL's own default is none
SQLITE_BUSY_MS = 10_000  # another process (a backup, a shell) may hold SQLite's write lock for so long
# The server's own may be another language (ORACLE, ANSI_QUOTES), or cut what is too long without a word.
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
STATEMENTS = 256  # that SQLite keeps prepared: some for each number of rows
NEVER, WHEN_TAKEN = 0, 1  # DBUtils: when a connection is looked at

_SQLITE = "sqlite:///"
_NO_URL = "a database URL is sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME, with %XX for special characters"

SQLITE_SESSION = [
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk, not only in the kernel
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
    "PRAGMA wal_autocheckpoint=4000",  # pages; a page that many commits have changed is copied back once
]

_MARIADB_SESSION = {
    "charset": "utf8mb4",
    "collation": "utf8mb4_bin",
    "sql_mode": SQL_MODE,
    "autocommit": False,
    "connect_timeout": CONNECT_TIMEOUT,
    "read_timeout": QUERY_TIMEOUT,
    "write_timeout": QUERY_TIMEOUT,
}


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


class Silence:
    """Until when connections of one database were found dead without a word: those unused since then are dead, too.

    Any thread: it is one number, which only grows.
    """

    until = 0.0  # time.monotonic()


class _MariaConnection(pymysql.connections.Connection):  # generic in its stubs only
    """A connection that the pool can check, mostly without a round trip, and whose failures are errors of the driver.

    Firewalls forget connections on which nothing is said for a while, and tell nobody. So something is said, by TCP;
    and one that was idle is asked before it is used.
    """

    _sock: socket.socket | None
    _force_close: Callable[[], None]  # in PyMySQL, and not in its stubs, as are the next ones
    _read_timeout: float | None
    server_capabilities: int

    def __init__(self, silence: Silence, **settings: Any) -> None:
        self._must_encrypt = "ssl" in settings
        self._silence = silence
        self._used = time.monotonic()
        super().__init__(**settings)

    def connect(self, sock: socket.socket | None = None) -> None:
        """Raises pymysql.err.Error, whatever the other side says: it may be no such server at all."""
        if self.user is None:
            raise pymysql.err.OperationalError(0, "the URL names no user, and the one of this process has no name")
        usual = self._read_timeout
        self._read_timeout = GREETING_TIMEOUT
        try:
            super().connect(sock)
            self._read_timeout = usual
            self._used = time.monotonic()
            _keep_alive(self._sock)
        except pymysql.err.Error:
            raise
        except RuntimeError as error:  # the account's way to log in needs a package that is not there
            raise pymysql.err.OperationalError(0, f"cannot log in: {error}") from error
        except Exception as error:
            words = f"what answers is no MariaDB or MySQL server ({type(error).__name__}: {error})"
            raise pymysql.err.OperationalError(0, words) from error

    def _request_authentication(self) -> None:
        """PyMySQL before 1.2 goes on in plain text when the server, or who stands between, says that it has no TLS."""
        if self._must_encrypt and not self.server_capabilities & CLIENT.SSL:
            raise pymysql.err.OperationalError(0, "the server has no TLS, and the ssl_ parameters of the URL demand it")
        super()._request_authentication()  # type: ignore[misc]  # the same

    def ping(self, reconnect: bool | None = None) -> None:
        """Raise when the server has closed the connection: an idle one has nothing to be read but its end."""
        if self._sock is None or self._has_input():
            self._give_up("the server has closed the connection")
        now = time.monotonic()
        if self._used <= self._silence.until:
            self._give_up("others that were idle for as long are dead")
        if now - self._used > IDLE and not self._answers():
            self._silence.until = now - IDLE
            self._give_up("the connection was forgotten while it was idle")
        self._used = now

    def _has_input(self) -> bool:
        poll = select.poll()
        poll.register(cast(socket.socket, self._sock), select.POLLIN)
        return bool(poll.poll(0))

    def _answers(self) -> bool:
        usual, self._read_timeout = self._read_timeout, IDLE_ANSWER
        try:
            super().ping(reconnect=False)
        except pymysql.err.Error:
            return False
        finally:
            self._read_timeout = usual
        return True

    def _give_up(self, why: str) -> NoReturn:
        """No farewell is written into it: over TLS, CPython may report that failure to the thread's next connection."""
        self._force_close()
        raise pymysql.err.InterfaceError(0, why)


def _keep_alive(sock: socket.socket | None) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    idle, between, unanswered = KEEP_ALIVE
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, between)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, unanswered)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


class _MariaModule:
    """PyMySQL with our connection, as DBUtils wants it."""

    threadsafety = 1
    Error = pymysql.err.Error
    OperationalError = pymysql.err.OperationalError
    InterfaceError = pymysql.err.InterfaceError
    InternalError = pymysql.err.InternalError
    connect = _MariaConnection


def sqlite_url(path: str | os.PathLike[str]) -> str:
    """The URL of an SQLite file, whatever its path holds. `parse` gives back the same path."""
    return _SQLITE + urllib.parse.quote(os.fsencode(path))


def parse(url: str) -> tuple[str, Any, dict[str, Any]]:
    """Return the engine's name, what connects to it, and how. Raises ValueError when the URL is none."""
    # What urllib would take out without a word, or cut off: the database would be another one than the one meant.
    if any(character < " " or character == "\x7f" for character in url):
        raise ValueError(_NO_URL)
    if url.lower().startswith(_SQLITE):
        return "sqlite", _SqliteModule, {"path": _sqlite_path(url[len(_SQLITE) :])}
    try:
        settings = mariadb_settings(url)
    except UrlError:
        raise
    except ValueError:  # its message may quote a piece of the password
        settings = None
    if settings is None:
        raise ValueError(_NO_URL)
    return "mariadb", _MariaModule, settings | _MARIADB_SESSION | {"silence": Silence()}


def _sqlite_path(text: str) -> str:
    if not text or "?" in text or "#" in text:
        raise ValueError(_NO_URL)
    return os.fsdecode(urllib.parse.unquote_to_bytes(text))
