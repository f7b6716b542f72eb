"""The thread that writes the cache: all that waits is done in one transaction, and told once it is committed."""

from __future__ import annotations

import logging
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from qtclient.cache.changes import Changes
from qtclient.cache.ledger import Ledger
from qtclient.cache.place import elsewhere, is_broken, open_place, sound, start_anew, why
from qtclient.cache.schema import prepare

_MOST = 500  # jobs in one transaction
_LONGEST = 0.1  # seconds for one
_APART = 0.02  # seconds between two, in a flood: one for many messages costs far less than one for each
_REST = 2.0  # seconds before a commit that failed is tried again

log = logging.getLogger("qtclient.cache")

_OWN_FAULT = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)

Job = Callable[[Ledger], None]


class Listener(Protocol):
    """Who is told, in the writer's thread."""

    def changed(self, changes: Changes) -> None:
        """Something is committed."""

    def rebuilt(self) -> None:
        """The database was broken, or another server's. It was set aside, and an empty one is in its place."""

    def stuck(self, problem: str) -> None:
        """Nothing can be written now; it is tried again and again. Empty: it goes on."""


class Writer:
    """`start`, `do`, `stop`: any thread. The rest, and all jobs: its own."""

    def __init__(
        self, path: Path, me: str, listener: Listener, opened: tuple[sqlite3.Connection, bool] | None = None
    ) -> None:
        """``opened``: as `open_place` gives it; otherwise it is opened here. Raises TooNew, OSError, sqlite3.Error."""
        self.generation = 0  # how many caches were given up; changed in the writer's thread
        self.path = path  # that of another file where no new one can be made here
        self._me = me
        self._listener = listener
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._db, self.was_broken = opened or open_place(path)
        self._ledger = Ledger(self._db, me)
        self.last_row = _last_row(self._ledger)
        self._elsewhere: Path | None = None
        self._batch: list[Job] = []
        self._stuck = False
        self._last = 0.0  # time.monotonic() of the last commit
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cache")

    def start(self) -> None:
        """Begin to work; jobs that were given before wait until now."""
        self._thread.start()

    def do(self, job: Job) -> None:
        """Have something done; it may be done twice, the first time without effect."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Do what waits, then close. Blocks until that is done."""
        self._stopping.set()
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()
        else:
            self._db.close()

    def give_up(self, generation: int) -> None:
        """A cache has been found to be broken, or to be about another server: begin anew, if it is still that one."""
        self.do(_GiveUp(self, generation))

    # -- its own thread ----------------------------------------------------------

    def _run(self) -> None:
        self._check()
        while self._gather():
            while self._batch:
                if not self._write() and self._stopping.wait(_REST):
                    log.error("what could not be written is given up: %d changes", len(self._batch))
                    self._batch = []
        self._close()

    def _check(self) -> None:
        """A cache that was not closed may be damaged; one that was is not looked through."""
        try:
            clean = self._ledger.get("clean")
            if not clean and not sound(self._db):
                self._begin_anew()
            self._ledger.put("clean", 0)
        except sqlite3.Error as error:
            log.error("the cache cannot be checked: %s", error)  # what comes next will tell
        self.do(self._go_on_indexing)

    def _go_on_indexing(self, ledger: Ledger) -> None:
        """A part at a time, with all that others want to have done in between."""
        if ledger.messages.index.go_on():
            ledger.after_commit(lambda: self.do(self._go_on_indexing))

    def _gather(self) -> bool:
        """Wait for jobs, and take those that are there; False when there will be no more."""
        job = self._jobs.get()
        self._stopping.wait(max(0.0, self._last + _APART - time.monotonic()))
        while job is not None:
            self._batch.append(job)
            if len(self._batch) >= _MOST:
                return True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return True
        if self._batch:
            self._jobs.put(None)  # to be met again behind these
        return bool(self._batch)

    def _write(self) -> bool:
        """One transaction. Returns False when it has to be tried again later."""
        try:
            done, changes = self._transaction()
        except sqlite3.Error as error:
            return self._failed(error)
        except Exception:
            log.exception("changes of the cache are given up: %d", len(self._batch))
            self._roll_back()
            self._batch = []
            return True
        if self._stuck:
            self._stuck = False
            self._listener.stuck("")
        self._last = time.monotonic()
        del self._batch[:done]
        if changes:
            self._listener.changed(changes)
        for job in self._ledger.committed():
            try:
                job()
            except Exception:
                log.exception("what follows a change of the cache has failed")
        return True

    def _transaction(self) -> tuple[int, Changes]:
        """As many jobs as one transaction should have. Raises sqlite3.Error."""
        self._db.execute("BEGIN IMMEDIATE")
        deadline, done = time.monotonic() + _LONGEST, 0
        for job in self._batch:
            self._do(job)
            done += 1
            if time.monotonic() > deadline:
                break
        changes = self._ledger.finish()
        self._db.execute("COMMIT")
        return done, changes

    def _do(self, job: Job) -> None:
        """A job that is wrong costs itself only. Raises sqlite3.Error."""
        self._db.execute("SAVEPOINT job")
        try:
            job(self._ledger)
        except sqlite3.DatabaseError as error:
            if not isinstance(error, _OWN_FAULT):
                raise
            self._undo()
        except Exception:
            self._undo()
        else:
            self._ledger.keep()
        self._db.execute("RELEASE job")

    def _undo(self) -> None:
        log.exception("a change of the cache has failed")
        self._db.execute("ROLLBACK TO job")
        self._ledger.drop()

    def _failed(self, error: sqlite3.Error) -> bool:
        """Undo it; a broken cache gives way to a new one. Returns whether to go on at once."""
        log.error("the cache cannot be written: %s", error)
        self._roll_back()
        if is_broken(error):
            self._begin_anew()
            return True
        if not self._stuck:
            self._stuck = True
            self._listener.stuck(why(self.path, error))
        return False

    def _roll_back(self) -> None:
        self._ledger.rolled_back()
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the connection is closed, or the next attempt tells

    def _begin_anew(self) -> None:
        self.generation += 1
        self._db.close()
        try:
            self._db = start_anew(self.path)
        except (sqlite3.Error, OSError) as error:
            log.error("no new cache can be made: %s", error)
            self._db = self._make_elsewhere()  # this run goes on with one that nobody keeps
        self._ledger = Ledger(self._db, self._me)
        self._batch.insert(0, self._go_on_indexing)  # what was saved is in no index, and must not be taken out of it
        self._listener.rebuilt()

    def _make_elsewhere(self) -> sqlite3.Connection:
        try:
            self._elsewhere = elsewhere()
            self.path = self._elsewhere / self.path.name
            return open_place(self.path)[0]
        except (sqlite3.Error, OSError) as error:
            log.error("nor can one be made elsewhere: %s", error)
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        prepare(db)
        return db

    def _close(self) -> None:
        try:
            self._ledger.put("clean", 1)
        except sqlite3.Error:
            pass  # it will be looked through next time
        self._db.close()
        if self._elsewhere is not None:
            shutil.rmtree(self._elsewhere, ignore_errors=True)


def _last_row(ledger: Ledger) -> int:
    try:
        return ledger.messages.last_row()
    except sqlite3.Error:
        return 0  # what comes next will tell


class _GiveUp:
    """A job that finds one cache broken, and no later one."""

    def __init__(self, writer: Writer, generation: int) -> None:
        self._writer = writer
        self._generation = generation

    def __call__(self, ledger: Ledger) -> None:
        if self._generation == self._writer.generation:
            raise sqlite3.DatabaseError("it was found to be broken, or another server's")
