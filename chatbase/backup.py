"""A copy of all that a server keeps, taken while it serves: ``python -m chatbase.backup --data DIR TARGET``.

The database comes first, in one step: a copy in many steps begins anew whenever somebody writes, and never ends while
people chat. The files come after it: they never change once they are complete, so each that the copied database calls
complete is there, unless it was withdrawn in between. What the copy has beyond that is left alone by the file daemon.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chatbase.files import COMPLETE
from chatbase.startup import one_line_errors

DATABASE = "chat.db"
KEYS = ("secret", "tls-cert.pem", "tls-key.pem")
"""What clients have pinned, and what tickets are signed with; the server makes them anew where they are missing."""
_BUSY = 60.0  # seconds that another program may hold the database


@dataclass(frozen=True)
class Copied:
    """How much there is in the copy."""

    messages: int
    files: int
    missing: int
    """Complete files that have gone since the database was copied, or before."""


def back_up(data: Path, target: Path) -> Copied:
    """Copy a data folder with an SQLite database.

    Raises:
        OSError, ValueError, sqlite3.Error: it cannot be read or written; ``target`` is there already.
    """
    if not (data / DATABASE).is_file():
        raise ValueError(f"{data} holds no {DATABASE}; of MariaDB, take mariadb-dump --single-transaction first")
    target.mkdir(mode=0o700, parents=True)
    _copy_database(data / DATABASE, target / DATABASE)
    for name in KEYS:
        if (data / name).exists():
            _copy(data / name, target / name)
    found = missing = 0
    for file_id in _complete(target / DATABASE):
        part = Path("files", file_id[:2], file_id)
        try:
            (target / part.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy(data / part, target / part)
            found += 1
        except FileNotFoundError:
            missing += 1
    _sync(target)
    return Copied(_count(target / DATABASE), found, missing)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 when it could not be done, said in one line."""
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m chatbase.backup", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the server's data folder")
    parser.add_argument("target", type=Path, metavar="TARGET", help="a folder that is made now")
    options = parser.parse_args(argv)
    try:
        with one_line_errors("back up"):
            copied = back_up(options.data, options.target)
    except Exception as error:
        print(f"backup: {error}", file=sys.stderr)
        return 2
    print(f"{copied.messages} messages and {copied.files} files are in {options.target}")
    if copied.missing:
        print(f"{copied.missing} files that were complete have gone meanwhile, or before", file=sys.stderr)
    return 0


def _copy_database(source: Path, target: Path) -> None:
    with closing(_open(source, "rw")) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)  # all pages at once
        new.execute("PRAGMA journal_mode=DELETE")  # one file, which needs no other beside it
        [(verdict,)] = new.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise ValueError(f"the copied database is damaged: {verdict}")


def _complete(database: Path) -> Iterator[str]:
    with closing(_open(database, "ro")) as connection:
        for (file_id,) in connection.execute("SELECT id FROM files WHERE state = ?", (COMPLETE,)):
            yield str(file_id)


def _count(database: Path) -> int:
    """Messages, without those of the last tenth of a second, which may be in another form."""
    with closing(_open(database, "ro")) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM messages").fetchone()[0])


def _open(path: Path, mode: str) -> sqlite3.Connection:
    """Never make a new one. Raises ValueError."""
    try:
        url = f"file:{urllib.parse.quote(os.fsencode(path.absolute()))}?mode={mode}"
        connection = sqlite3.connect(url, uri=True, timeout=_BUSY)
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise ValueError(f"{path}: {error}") from None
    return connection


def _copy(source: Path, target: Path) -> None:
    """The bytes are on the disk afterwards."""
    with source.open("rb") as old, target.open("xb") as new:
        shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        os.fsync(new.fileno())


def _sync(folder: Path) -> None:
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
