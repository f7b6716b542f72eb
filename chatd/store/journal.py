"""The journal: the one writer of messages, with group commit.

There is no timer. The journal's thread takes all that waits, writes it in one transaction, hands the batch to the
delivery, and looks again: an idle server commits at once, and a busy one makes larger batches by itself, since more
has gathered while the last batch was on its way to the disk.

`mid` grows in commit order. A batch is sorted by conversation before mids are given out, so that all messages of a
group lie side by side and can be joined into one bytes object for all its members.
"""

from __future__ import annotations

import logging
import operator
import threading
from collections.abc import Callable, Sequence

from chatd.store import messages
from chatd.store.engine import CommitUncertain, Conflict, Database, DatabaseUnavailable, Transaction
from chatd.store.records import ChangeRecord, ChatRecord, MarkRecord, Record
from chatd.store.users import now_ms

log = logging.getLogger("chatd.journal")

BATCH = 2000  # records in one transaction; bounds how long a new message waits behind a full one
QUEUE_HIGH_MARK = 20_000  # records; above it, senders are paused
RETRY_DELAY = 0.25  # seconds between looks at a database that is away with a batch whose fate is unknown

Deliver = Callable[[Sequence[ChatRecord]], None]
Fail = Callable[[Sequence[ChatRecord]], None]

_by_conversation = operator.attrgetter("conversation")


class JournalBusy(Exception):
    """The database is away; nothing can be accepted now."""


class _FateUnknown(Exception):
    """The journal ends before it could learn whether a batch is stored: nobody is told anything about it."""


class Journal:
    """`submit`, `full` and `last_mid`: any thread. `deliver` and `fail` are called in the journal's own thread.

    ``last_mid`` is set after the commit and before the delivery: whoever is registered for deliveries and then
    reads it gets everything above it.
    """

    def __init__(self, database: Database, deliver: Deliver, fail: Fail) -> None:
        """Raises DatabaseUnavailable when the newest mid cannot be read."""
        self._database = database
        self._deliver = deliver
        self._fail = fail
        with database.transaction() as tx:
            self.last_mid = messages.settled_last_mid(tx)
        self._last_ts = 0
        self._condition = threading.Condition(threading.Lock())  # guards the three below
        self._queue: list[Record] = []
        self._away = False  # a batch waits for the database to come back
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, record: Record) -> None:
        """Queue a record; its fate is told through `deliver`, `fail` or its own callback.

        Raises:
            JournalBusy: the database is away, or the journal has stopped.
        """
        with self._condition:
            if self._away or self._stopping:
                raise JournalBusy
            self._queue.append(record)
            if len(self._queue) == 1:
                self._condition.notify()

    def full(self) -> bool:
        """Whether senders should be paused."""
        return len(self._queue) >= QUEUE_HIGH_MARK

    def stop(self, timeout: float) -> bool:
        """Write what is queued, then end; false when the thread hangs."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # -- the journal's thread --------------------------------------------------

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._process(batch)
            except _FateUnknown:
                log.error("stopping with a batch whose fate is unknown: records=%d", len(batch))
            except Exception:
                log.exception("unexpected error in the journal")
                self._refuse(batch)

    def _take(self) -> list[Record]:
        with self._condition:
            while not self._queue and not self._stopping:
                self._condition.wait()
            batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
            return batch

    def _process(self, batch: list[Record]) -> None:
        chats = [record for record in batch if type(record) is ChatRecord]
        marks = [record for record in batch if type(record) is MarkRecord]
        for record in batch:
            if type(record) is ChangeRecord:
                self._change(record)
        chats.sort(key=_by_conversation)
        try:
            stored = self._store(chats, marks)
        except DatabaseUnavailable as error:
            log.error("cannot write: messages=%d error=%s", len(chats), error)
            stored = False
        if not stored:
            self._refuse([*chats, *marks])
            return
        if chats:
            self._deliver(chats)
        for mark in marks:
            mark.done(True)

    def _store(self, chats: list[ChatRecord], marks: list[MarkRecord]) -> bool:
        """Write a batch, whatever it takes to know its fate; true when it is stored."""
        for _ in range(3):  # a second time when a cid was known, a third when the commit's fate was not
            self._number(chats)
            fresh = [chat for chat in chats if not chat.duplicate]
            try:
                with self._database.transaction(write=True) as tx:
                    self._write(tx, fresh, marks)
            except Conflict:
                self._find_duplicates(chats)
                continue
            except CommitUncertain as error:
                if not self._was_stored(fresh, error):
                    continue
            if fresh:
                self.last_mid, self._last_ts = fresh[-1].mid, fresh[-1].ts
            return True
        return False

    @staticmethod
    def _write(tx: Transaction, fresh: list[ChatRecord], marks: list[MarkRecord]) -> None:
        if fresh:
            tx.many(messages.INSERT, [chat.row() for chat in fresh])
        highest: dict[tuple[int, int | None], int] = {}
        for mark in marks:
            key = (mark.user_id, mark.conversation)
            highest[key] = max(highest.get(key, 0), mark.mid)
        for (user_id, conversation), mid in sorted(highest.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
            if conversation is None:
                messages.ack(tx, user_id, mid)
            else:
                messages.read_mark(tx, user_id, conversation, mid)

    def _number(self, chats: list[ChatRecord]) -> None:
        """Give out mids in order; a cid that occurs twice in the batch is a duplicate of its first."""
        mid, ts = self.last_mid, max(now_ms(), self._last_ts)
        seen: dict[tuple[int, bytes], ChatRecord] = {}
        for chat in chats:
            if chat.cid is not None:
                first = seen.setdefault((chat.sender, chat.cid), chat)
                if first is not chat:
                    chat.duplicate, chat.mid, chat.ts = True, first.mid, first.ts
            if not chat.duplicate:
                mid += 1
                chat.mid, chat.ts = mid, ts

    def _find_duplicates(self, chats: list[ChatRecord]) -> None:
        """Look the cids up. Only done after the unique key has refused a batch: the usual batch pays nothing for it."""
        keys = [(chat.sender, chat.cid) for chat in chats if chat.cid is not None]
        with self._database.transaction() as tx:
            known = messages.find_cids(tx, keys)
            self.last_mid = max(self.last_mid, messages.last_mid(tx))
        for chat in chats:
            if chat.cid is not None and (first := known.get((chat.sender, chat.cid))):
                chat.duplicate = True
                chat.mid, chat.ts = first

    def _was_stored(self, fresh: list[ChatRecord], error: CommitUncertain) -> bool:
        """Wait for the database and look. Until then nobody is told anything, since nothing true could be said."""
        log.error("commit is uncertain, waiting for the database: messages=%d error=%s", len(fresh), error)
        if not fresh:
            return False  # marks alone are simply written again
        self._set_away(True)
        try:
            while True:
                try:
                    with self._database.transaction() as tx:
                        stored = messages.settled_last_mid(tx) >= fresh[0].mid
                except DatabaseUnavailable:
                    self._pause_and_refuse()
                    continue
                log.warning("the database is back: stored=%s", stored)
                return stored
        finally:
            self._set_away(False)

    def _pause_and_refuse(self) -> None:
        with self._condition:
            waiting, self._queue = self._queue, []
        self._refuse(waiting)
        with self._condition:
            if self._stopping:
                raise _FateUnknown
            self._condition.wait(RETRY_DELAY)

    def _set_away(self, away: bool) -> None:
        with self._condition:
            self._away = away

    def _change(self, record: ChangeRecord) -> None:
        outcome: object
        try:
            with self._database.transaction(write=True) as tx:
                outcome = record.run(tx, self.last_mid)
        except Exception as error:
            outcome = error
        record.done(outcome)

    def _refuse(self, batch: Sequence[Record]) -> None:
        self._fail([record for record in batch if type(record) is ChatRecord])
        for record in batch:
            if type(record) is MarkRecord:
                record.done(False)
            elif type(record) is ChangeRecord:
                record.done(DatabaseUnavailable("the database is away"))
