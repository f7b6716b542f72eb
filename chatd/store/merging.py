"""When batches that are staged become rows of `messages`, and how readers wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from chatbase.engine import Conflict, DatabaseMoved, DatabaseUnavailable, Row
from chatbase.insisting import insisting
from chatd.store import messages, staging
from chatd.store.claim import Writing
from chatd.store.staging import Key

log = logging.getLogger("chatd.journal")

ENOUGH = 250  # messages; new ones wait while they are merged, some milliseconds
BATCHES = 16  # and so many batches: in a rush, the more at once, the fewer pages for each
MOST = 20_000  # messages, however few the batches
LONGEST = 16 * 1024 * 1024  # characters, the same for long messages; all are in memory until then
IDLE = 0.1  # seconds without new messages, after which the rest is merged
PATIENCE = 15.0  # seconds that a reader waits

_AWAY = "what was stored last cannot be read yet"


class Merger:
    """`make_readable`: any thread. All else: the journal's, and before that the one that makes the journal.

    ``count`` is how many messages are staged, ``cids`` what became of those of them that had one: mid and ts.
    """

    def __init__(self, database: Writing, wake: Callable[[], None]) -> None:
        self.count = self._batches = self._length = 0
        self._rows: list[Row] | None = []  # what is staged; None: not all of it, so it has to be read
        self.cids: dict[Key, tuple[int, int]] = {}
        self.wanted = False  # somebody waits. Set by any thread, before `wake`
        self._database = database
        self._wake = wake
        self._failing = False
        self._condition = threading.Condition(threading.Lock())  # guards `wanted` and the three below
        self._merged = 0  # all up to this mid are in `messages`
        self._failures = 0
        self._why: type[DatabaseUnavailable] = DatabaseUnavailable  # of the last failure

    def begin(self) -> int:
        """Merge what another run of the server has left, and return the newest mid. Raises DatabaseUnavailable."""
        with self._database.transaction() as tx:
            left = staging.last_mid(tx)
        if left:
            self._merge_all()
        with self._database.transaction() as tx:
            self._merged = messages.settled_last_mid(tx)
        return self._merged

    def make_readable(self, mid: int) -> None:
        """Wait until `messages` holds all up to ``mid``.

        Raises:
            DatabaseUnavailable: it cannot be done now.
        """
        with self._condition:
            if self._merged >= mid:
                return
            self.wanted, failures = True, self._failures
        self._wake()
        with self._condition:
            self._condition.wait_for(lambda: self._merged >= mid or self._failures > failures, PATIENCE)
            if self._merged < mid:
                raise self._why(_AWAY)

    def added(self, rows: Sequence[Row]) -> None:
        """These have been staged."""
        self.count += len(rows)
        self._batches += 1
        self._length += sum([len(row[6]) for row in rows])
        if self._rows is not None:
            self._rows += rows
        self.cids.update({(row[2], row[4]): (row[0], row[5]) for row in rows if row[4] is not None})

    def merge_if_due(self, last_mid: int, *, idle: bool) -> None:
        """Merge when it is time to; what fails is tried again the next time."""
        if self.wanted or (self.count and (idle or self._enough())):
            self.merge(last_mid)

    def refuse_waiting(self) -> None:
        """The database is away: tell those who wait to read."""
        if self.wanted:
            self._tell(self._merged, 1)

    def _enough(self) -> bool:
        many = self._batches >= BATCHES or self.count >= MOST
        return (self.count >= ENOUGH and many) or self._length >= LONGEST

    def merge(self, last_mid: int) -> None:
        """Merge all up to the newest mid."""
        try:
            if self.count:
                insisting(self._merge_all)
        except Exception as error:
            if not self._failing:
                level = error.level if isinstance(error, DatabaseUnavailable) else logging.ERROR
                log.log(level, "cannot merge: messages=%d error=%s", self.count, error)
            self._why = DatabaseMoved if isinstance(error, DatabaseMoved) else DatabaseUnavailable
            self._tell(self._merged, 1)
            self._failing = True
            return
        self.count = self._batches = self._length = 0
        self._rows = []
        self.cids.clear()
        self._failing = False
        self._tell(last_mid, 0)

    def _merge_all(self) -> None:
        """What fails the first time is read the next time: only the database knows how far it came."""
        rows, self._rows = self._rows, None
        if not rows or not self._merge_known(rows):
            self._merge_read()

    def _merge_known(self, rows: list[Row]) -> bool:
        """All that is staged, and it need not be read; false when something is wrong with it."""
        try:
            with self._database.transaction(write=True) as tx:
                staging.merge_known(tx, rows)
        except Conflict:
            return False
        return True

    def _merge_read(self) -> None:
        forget = False
        while True:
            try:
                with self._database.transaction(write=True) as tx:
                    if not staging.merge(tx, forget_cids=forget):
                        return
            except Conflict as error:
                if forget:
                    raise
                log.error("a cid is taken, and will be forgotten: error=%s", error)
                forget = True

    def _tell(self, merged: int, failures: int) -> None:
        with self._condition:
            self._merged = merged
            self._failures += failures
            self.wanted = False
            self._condition.notify_all()
