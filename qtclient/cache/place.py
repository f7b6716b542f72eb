"""The file of a cache: opened, locked, and set aside when it is broken, with what only it had saved from it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from qtclient.cache.schema import connect, prepare

_ONLY_HERE = (
    ("conversations", "id, kind, name, active, muted, draft", "active > 0 OR muted OR draft <> ''"),
    ("messages", "row, conversation, mine, sent, ts, cid, sender, text, file, problem", f"row >= {1 << 53}"),
    ("files", "file, row, name, length, state, offset, sha256, path, detail", f"row >= {1 << 53} OR path <> ''"),
    ("transfers", "*", "1"),
    ("chosen", "conversation, paths", "1"),
)
"""What the server cannot tell again: table, columns, and which rows."""

_ROOM = 64 << 10  # bytes that SQLite needs beside any cache

log = logging.getLogger("qtclient.cache")


class AlreadyOpen(Exception):
    """Another process has this cache open."""


class Lock:
    """Held as long as an account is open, so that one cache has one writer."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, readable by its user alone, and lock it. Raises AlreadyOpen, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise AlreadyOpen from None
        except BaseException:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let others have it. To be called once."""
        os.close(self._file)


def is_broken(error: Exception) -> bool:
    """Whether an error of SQLite means that the file is no good, rather than the disk or the moment."""
    return type(error) is sqlite3.DatabaseError or "no such table" in str(error) or "no such column" in str(error)


def why(path: Path, error: Exception) -> str:
    """What to say about a cache that cannot be used now: SQLite calls a full disk many names."""
    try:
        full = shutil.disk_usage(path.parent).free < _ROOM
    except OSError:
        full = False
    return "the disk is full" if full else str(error)


def open_place(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a cache; returns also whether it was broken, and an empty one is in its place now.

    Raises:
        TooNew: a newer program has written it.
        sqlite3.Error: it cannot be opened now, for another reason.
    """
    try:
        return _open(path), False
    except sqlite3.Error as error:
        if not is_broken(error):
            raise
        log.error("the cache %s is broken: %s", path, error)
        return start_anew(path), True


def start_anew(path: Path) -> sqlite3.Connection:
    """Set a cache aside that nobody has open, and begin another with what can be saved. Raises as `open_place`."""
    aside = _free_name(path)
    for ending in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
    connection = _open(path)
    try:
        _save_from(aside, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def elsewhere() -> Path:
    """A new folder in the memory, or wherever else there is room, that only the user can read. Raises OSError."""
    problem = OSError("there is no room anywhere")
    for base in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", tempfile.gettempdir()):
        try:
            if base and os.path.isabs(base):
                return Path(tempfile.mkdtemp(prefix="qtclient-", dir=base))
        except OSError as error:
            problem = error
    raise problem


def sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong; takes a while where there is much."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))  # nobody else's to read
    connection = connect(path)
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _free_name(path: Path) -> Path:
    """Beside a cache, where nothing is yet: one can break twice within a second."""
    stem, number = f"{path.stem}-broken-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}", 1
    aside = path.with_name(stem + path.suffix)
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{stem}-{number}{path.suffix}")
    return aside


def _save_from(aside: Path, into: sqlite3.Connection) -> None:
    """Copy what only the broken cache knew, row by row, as far as it can be read."""
    try:
        source = sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return
    with contextlib.closing(source):
        for table, columns, wanted in _ONLY_HERE:
            for row in _readable(source, f"SELECT {columns} FROM {table} WHERE {wanted}"):
                places = ", ".join("?" * len(row))
                names = "" if columns == "*" else f"({columns})"
                with contextlib.suppress(sqlite3.Error):
                    into.execute(f"INSERT OR IGNORE INTO {table} {names} VALUES ({places})", row)
    # A position in another numbering would hide what comes.
    into.execute("UPDATE conversations SET read_mid = 0, told_mid = 0, peer_read = 0, last = 0")
    for table in ("messages", "chosen"):  # its number will be another one's
        into.execute(f"DELETE FROM {table} WHERE conversation NOT IN (SELECT id FROM conversations)")


def _readable(source: sqlite3.Connection, query: str) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    with contextlib.suppress(sqlite3.Error):
        found.extend(source.execute(query))
    return found
