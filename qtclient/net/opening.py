"""An account's cache is opened beside the windows: tried for a while; then a copy has to do."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qtclient.cache.ledger import Ledger
from qtclient.cache.own_files import OwnFiles
from qtclient.cache.place import Lock, elsewhere, is_broken, open_place, why
from qtclient.cache.reader import Reader
from qtclient.records import Message

CACHE = "cache.db"
_PATIENCE = 5.0  # seconds, with a disk that is full, or another program's lock
_REST = 0.5  # seconds between two attempts
_MOST = 256 << 20  # bytes of a cache that is copied into the memory

_PASSES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Of the disk, not of the account: the next attempt may have more luck."""

log = logging.getLogger("qtclient.cache")


@dataclass
class Opened:
    """A cache in use. ``after``: the highest mid in it, -1 where no session has ever written to it.

    ``pending``: what is to be sent. ``last_transfer``: the highest id of a transfer, else 0. ``problem``: why it is a
    copy, which is gone with the session. Neither a copy nor a new cache decides which of ``own_files`` nobody needs.
    """

    path: Path
    db: sqlite3.Connection
    reader: Reader
    was_broken: bool
    after: int
    pending: list[Message]
    last_transfer: int
    lock: Lock | None
    problem: str = ""
    own_files: OwnFiles | None = None

    def put_away(self) -> None:
        """Let others have it, once both connections are closed."""
        if self.lock is not None:
            self.lock.release()
        if self.problem:
            shutil.rmtree(self.path.parent, ignore_errors=True)

    def close(self) -> None:
        """Nobody wants it after all."""
        self.reader.close()
        self.db.close()
        self.put_away()


def open_account(
    folder: Path, me: str, said: Callable[[str], None] | None = None, given_up: Callable[[], bool] = lambda: False
) -> Opened:
    """Open the cache in an account's folder; blocks for some seconds. ``said`` is told why it has to be tried again.

    Raises:
        AlreadyOpen: another process has it.
        TooNew: a newer program has written it.
        OSError, sqlite3.Error: not even a copy can be had.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _open_locked(folder, me)
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _PASSES:
                raise
            log.error("the cache in %s cannot be opened: %s", folder, error)
            if time.monotonic() > deadline or given_up():
                return _copy(folder, me, error)
            if said is not None:
                said(why(folder, error))
        time.sleep(_REST)


def _open_locked(folder: Path, me: str) -> Opened:
    lock = Lock(folder)
    try:
        opened = _open(folder / CACHE, me, lock)
        if opened.after >= 0:
            opened.own_files = OwnFiles(folder)
        return opened
    except BaseException:
        lock.release()
        raise


def _open(path: Path, me: str, lock: Lock | None, problem: str = "") -> Opened:
    db, was_broken = open_place(path)
    try:
        return Opened(path, db, Reader(path), was_broken, *_known(Ledger(db, me)), lock, problem)
    except BaseException:
        db.close()
        raise


def _known(ledger: Ledger) -> tuple[int, list[Message], int]:
    try:
        return ledger.seen if ledger.begun else -1, ledger.messages.pending(), ledger.transfers.last_id()
    except sqlite3.Error as error:
        if is_broken(error):
            return -1, [], 0  # whoever writes will find out
        raise


def _copy(folder: Path, me: str, error: sqlite3.Error | OSError) -> Opened:
    """Go on in the memory, with what can be read; raises ``error`` where that cannot be, either."""
    lock = None
    with contextlib.suppress(OSError):
        lock = Lock(folder)
    try:
        place = elsewhere()
        try:
            _copy_file(folder / CACHE, place)
            return _open(place / CACHE, me, lock, why(folder, error))
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    except (OSError, sqlite3.Error):
        if lock is not None:
            lock.release()
        raise error from None


def _copy_file(cache: Path, place: Path) -> None:
    """As far as it can be read, and is not too much for the memory."""
    files = [one for one in (cache, cache.with_name(cache.name + "-wal")) if one.exists()]
    size = sum(one.stat().st_size for one in files)
    if size < min(_MOST, shutil.disk_usage(place).free // 2):
        for one in files:
            shutil.copyfile(one, place / one.name)
