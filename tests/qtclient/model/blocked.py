"""A cache that cannot be written for a while: no room, or locked by another program; as SQLite really meets it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from qtclient.model.session import Session
from qtclient.net.opening import CACHE
from tests.support.waiting import DEADLINE

LONG = "x" * 15_000  # needs pages of its own, so a full database cannot take it

Block = Callable[[Session], AbstractContextManager[None]]


@contextmanager
def full(session: Session) -> Iterator[None]:
    """No page more than there are: SQLite answers SQLITE_FULL, as with a full disk."""
    db = session._account._writer._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    yield
    with contextlib.suppress(sqlite3.ProgrammingError):  # the session has been closed
        db.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def locked(session: Session) -> Iterator[None]:
    """Another program writes, and does not come to an end: SQLITE_BUSY."""
    with contextlib.closing(sqlite3.connect(session.folder / CACHE, isolation_level=None, timeout=DEADLINE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
