"""The journal: the one writer of messages, with group commit.

There is no timer. The journal's thread takes all that waits, writes it in one transaction, hands the batch to the
delivery, and looks again: an idle server commits at once, and a busy one makes larger batches by itself, since more
has gathered while the last batch was on its way to the disk.

`mid` grows in commit order. Every record is answered exactly once, with what is true: what is stored is never called
refused, and when a commit's fate is unknown, nothing is said until the database has been asked.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from chatbase.clock import now_ms
from chatbase.engine import CommitUncertain, Conflict, DatabaseUnavailable
from chatbase.insisting import insisting
from chatd.store import messages, staging
from chatd.store.batch import Chats, Marks
from chatd.store.changes import ATTEMPTS, Changes
from chatd.store.claim import Writing
from chatd.store.merging import IDLE, Merger
from chatd.store.records import Batch, ChangeRecord, ChatRecord, MarkRecord, Other, Record, RecordQueue

log = logging.getLogger("chatd.journal")

BATCH = 2000  # records in one transaction; bounds how long a new message waits behind a full one
BATCH_BYTES = 4 * 1024 * 1024  # of messages in one transaction; the delivery encodes and copies them
CHANGES = 8  # in one batch, each a transaction of its own; bounds how long messages wait behind them
QUEUE_HIGH_MARK = 20_000  # records; above it, senders are paused
QUEUE_HIGH_BYTES = 64 * 1024 * 1024  # the same for long messages
HOLD = 5000  # ms that the clock may have gone back without `ts` going back
RETRY_DELAY = 0.25  # seconds between looks at a database that is away with a transaction whose fate is unknown

Deliver = Callable[[Sequence[ChatRecord], bool], None]
"""Gets messages sorted by conversation, and whether more are waiting to be stored, and will be as soon as it returns.
If it fails, it has handed out nothing.
"""
Fail = Callable[[Sequence[ChatRecord]], None]


class JournalBusy(Exception):
    """The database is away; nothing can be accepted now."""


class _FateUnknown(Exception):
    """The journal ends before it could learn whether something is stored: nobody is told anything about it."""


class Journal:
    """`submit`, `submit_all`, ``full``, ``last_mid``, `make_readable`: any thread. `deliver` and `fail` are called in
    the journal's thread.

    While it is ``full``, senders should be paused.
    ``last_mid`` is set after the commit and before the delivery: whoever is registered for deliveries and then
    reads it gets everything above it.
    """

    def __init__(self, database: Writing, deliver: Deliver, fail: Fail) -> None:
        """Raises DatabaseUnavailable when the newest mid cannot be read."""
        self._database = database
        self._deliver = deliver
        self._fail = fail
        self._merger = Merger(database, self._wake)
        self._changing = Changes(database, self._settle)
        self.last_mid = insisting(self._merger.begin)
        self._last_ts = insisting(self._newest_ts)
        self._changes: deque[ChangeRecord] = deque()  # taken from the queue, and not begun
        self._chats: list[ChatRecord] = []  # what of the batch has not begun
        self._marks: list[MarkRecord] = []
        self._condition = threading.Condition(threading.Lock())  # guards the four below
        self._queue = RecordQueue()
        self.full = False  # written under the condition; a plain bit, since every message asks for it
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
        if isinstance(record, ChatRecord):
            self.submit_all((record,))
            return
        with self._condition:
            self._wake_for_more()
            self._queue.append(record)
            self._see_whether_full()

    def submit_all(self, chats: Sequence[ChatRecord]) -> None:
        """Queue several messages at once, in this order. Raises JournalBusy, and has taken none of them then."""
        with self._condition:
            self._wake_for_more()
            self._queue.extend(chats)
            self._see_whether_full()

    def _wake_for_more(self) -> None:
        """Requires the condition."""
        if self._away or self._stopping:
            raise JournalBusy
        if not self._queue:
            self._condition.notify()

    def _see_whether_full(self) -> None:
        """Requires the condition."""
        self.full = len(self._queue) >= QUEUE_HIGH_MARK or self._queue.size >= QUEUE_HIGH_BYTES

    def make_readable(self) -> None:
        """Wait until all that is stored now can be found in `messages`.

        Raises:
            DatabaseUnavailable: it cannot be done now.
        """
        self._merger.make_readable(self.last_mid)

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
        while (batch := self._take()) is not None:
            chats, others = batch
            try:
                self._process(chats, others)
            except _FateUnknown:
                log.error("stopping without knowing what became of the last transaction")
            except Exception:
                log.exception("unexpected error in the journal")
                self._refuse(self._rest())
            self._merger.merge_if_due(self.last_mid, idle=not chats and not others)
        self._merger.merge(self.last_mid)

    def _take(self) -> Batch | None:
        """The next batch, empty when there are only changes left over or it is time to merge; None at the end."""
        with self._condition:
            while not self._queue and not self._changes:
                if self._stopping:
                    return None
                if self._merger.wanted or not self._condition.wait(IDLE if self._merger.count else None):
                    return [], []
            taken = self._queue.take(BATCH, BATCH_BYTES)
            self._see_whether_full()
            return taken

    def _wake(self) -> None:
        """Any thread."""
        with self._condition:
            self._condition.notify()

    def _process(self, chats: list[ChatRecord], others: list[Other]) -> None:
        """Some changes, one by one, then all the rest in one transaction. Every record is answered once.

        Other changes wait for the next batch. The messages of this one may pass them: no connection sends anything
        before its change is answered.
        """
        self._chats, self._marks = chats, [record for record in others if isinstance(record, MarkRecord)]
        self._changes.extend(record for record in others if isinstance(record, ChangeRecord))
        for _ in range(CHANGES):
            if not self._changes:
                break
            self._change(self._changes.popleft())
        chats, self._chats, marks, self._marks = self._chats, [], self._marks, []
        if chats or marks:
            self._write(Chats(chats), Marks(marks))

    def _rest(self) -> list[Record]:
        """Take what has left the queue and has not begun."""
        rest: list[Record] = [*self._changes, *self._chats, *self._marks]
        self._changes.clear()
        self._chats, self._marks = [], []
        return rest

    # -- messages and marks ----------------------------------------------------

    def _write(self, chats: Chats, marks: Marks) -> None:
        stored = False
        try:
            stored = self._store(chats, marks)
        except _FateUnknown:
            raise
        except DatabaseUnavailable as error:
            log.log(error.level, "cannot write: messages=%d error=%s", len(chats.records), error)
        except Exception:
            log.exception("cannot write: messages=%d", len(chats.records))
        if not stored:
            self._refuse([*chats.records, *marks.records])
            return
        self._hand_over(chats)
        for answer in marks.answers():
            _guarded(answer)

    def _store(self, chats: Chats, marks: Marks) -> bool:
        """Write a batch, whatever it takes to know its fate; true when it is stored."""
        for _ in range(ATTEMPTS):
            try:
                insisting(lambda: self._commit(chats, marks))
            except Conflict:
                insisting(self._look_for_others)
                continue
            except CommitUncertain as error:
                if not self._settle(lambda: self._were_stored(chats), error):
                    continue
            if chats.rows:
                self._merger.added(chats.rows)
                self.last_mid, self._last_ts = chats.fresh[-1].mid, chats.fresh[-1].ts
            return True
        return False

    def _commit(self, chats: Chats, marks: Marks) -> None:
        """One transaction. When nothing of it is stored, it can be run again with the same two."""
        with self._database.transaction(write=True) as tx:
            chats.mark_known(tx, self._merger.cids)
            chats.number(self.last_mid, self._time())
            chats.write(tx)
            marks.write(tx)

    def _time(self) -> int:
        """A clock that is set back by seconds is waited for: people would wonder. By more, it was wrong before."""
        now = now_ms()
        return self._last_ts if 0 < self._last_ts - now <= HOLD else now

    def _newest_ts(self) -> int:
        with self._database.transaction() as tx:
            return messages.last_ts(tx)

    def _look_for_others(self) -> None:
        with self._database.transaction() as tx:
            newest = max(messages.last_mid(tx), staging.last_mid(tx))
        if newest > self.last_mid:
            # The claim was lost for a while. Clients of this server would take its next mid for all that is below it,
            # and never ask for what they have missed.
            with self._condition:
                self._stopping = True
            self._refuse_waiting()
            raise DatabaseUnavailable("another server has written messages; this one has to be started again")

    def _were_stored(self, chats: Chats) -> bool:
        with self._database.transaction() as tx:
            return chats.were_stored(tx)

    def _hand_over(self, chats: Chats) -> None:
        """Deliver what is stored. What fails may be a single conversation: the others get theirs."""
        if not chats.records:
            return
        try:
            self._deliver(chats.records, len(self._queue) > 0)
        except Exception:
            log.exception("cannot deliver what is stored: messages=%d", len(chats.records))
            for conversation in chats.conversations():
                _guarded(self._deliver, conversation, False)

    # -- changes ---------------------------------------------------------------

    def _change(self, record: ChangeRecord) -> None:
        outcome: object
        try:
            outcome = self._changing.carry_out(record, self.last_mid)
        except _FateUnknown:
            raise
        except Exception as error:
            outcome = error
        _guarded(record.done, outcome)
        if isinstance(outcome, DatabaseUnavailable):
            log.log(outcome.level, "cannot write a change: error=%s", outcome)
            if not self._is_there():
                self._refuse(self._rest())  # each would wait for the database in vain

    # -- the database away -----------------------------------------------------

    def _settle(self, look: Callable[[], bool], error: CommitUncertain) -> bool:
        """Wait for the database and look. Until then nobody is told anything, since nothing true could be said."""
        log.error("a commit is uncertain, waiting for the database: error=%s", error)
        said = str(error)
        self._set_away(True)
        try:
            while True:
                try:
                    stored = insisting(look)
                except DatabaseUnavailable as cause:
                    if str(cause) != said:
                        said = str(cause)
                        log.error("waiting for the database: error=%s", said)
                    self._pause_and_refuse()
                    continue
                log.warning("the database is back: stored=%s", stored)
                return stored
        finally:
            self._set_away(False)

    def _pause_and_refuse(self) -> None:
        self._refuse_waiting()
        self._merger.refuse_waiting()
        with self._condition:
            if self._stopping:
                raise _FateUnknown
            self._condition.wait(RETRY_DELAY)

    def _refuse_waiting(self) -> None:
        with self._condition:
            chats, others = self._queue.take_all()
            self._see_whether_full()
        self._refuse([*self._rest(), *chats, *others])

    def _set_away(self, away: bool) -> None:
        with self._condition:
            self._away = away

    def _is_there(self) -> bool:
        try:
            with self._database.transaction() as tx:
                tx.row("SELECT 1")
        except DatabaseUnavailable:
            return False
        return True

    def _refuse(self, records: Sequence[Record]) -> None:
        if chats := [record for record in records if isinstance(record, ChatRecord)]:
            _guarded(self._fail, chats)
        for record in records:
            if isinstance(record, MarkRecord):
                _guarded(record.done, None)
            elif isinstance(record, ChangeRecord):
                _guarded(record.done, DatabaseUnavailable("the database is away"))


def _guarded(tell: Callable[..., object], *args: object) -> None:
    """Tell somebody what became of something; that this fails must not keep others from being told."""
    try:
        tell(*args)
    except Exception:
        log.exception("cannot tell what became of a record")
