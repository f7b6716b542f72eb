"""What the journal writes in one transaction: the messages and the marks of a batch."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

from chatbase import files
from chatbase.engine import Row, Transaction
from chatd.store import messages, staging
from chatd.store.records import ChatRecord, MarkRecord
from chatd.store.staging import Key

Position = tuple[int, int]
"""Whose, and the conversation; 0 stands for all that a user has, since no conversation has that number."""

_by_conversation = operator.attrgetter("conversation")


class Chats:
    """The messages, sorted by conversation: those of a group can be joined into one bytes object for its members."""

    def __init__(self, records: list[ChatRecord]) -> None:
        records.sort(key=_by_conversation)
        self.records = records
        self.fresh: list[ChatRecord] = []  # those that are to be stored, once they are numbered
        self.rows: list[Row] = []  # theirs

    def conversations(self) -> Iterator[list[ChatRecord]]:
        """The messages of each."""
        for _, group in groupby(self.records, _by_conversation):
            yield list(group)

    def mark_known(self, tx: Transaction, staged: Mapping[Key, tuple[int, int]]) -> None:
        """Make duplicates of those whose cid is known: in ``staged``, with mid and ts, or in the database."""
        keys = [(r.sender, r.cid) for r in self.records if r.cid is not None]
        if not keys:
            return
        known = messages.find_cids(tx, [key for key in keys if key not in staged])
        known.update({key: staged[key] for key in keys if key in staged})
        for record in self.records:
            if record.cid is not None and (first := known.get((record.sender, record.cid))):
                record.duplicate = True
                record.mid, record.ts = first

    def number(self, mid: int, ts: int) -> None:
        """Give out mids above ``mid``, in order; a cid that occurs twice in the batch is a duplicate of its first."""
        seen: dict[tuple[int, bytes], ChatRecord] = {}
        self.fresh, self.rows = [], []
        for record in self.records:
            if record.cid is not None:
                first = seen.setdefault((record.sender, record.cid), record)
                if first is not record:
                    record.duplicate, record.mid, record.ts = True, first.mid, first.ts
            if not record.duplicate:
                mid += 1
                record.mid, record.ts = mid, ts
                self.fresh.append(record)
                self.rows.append(record.row())

    def write(self, tx: Transaction) -> None:
        """Store the fresh ones, and the files they offer. Raises Conflict when there are later messages already."""
        if self.rows:
            staging.add(tx, self.rows)
        if offers := [record.offer.file_of(record.mid, record.ts) for record in self.fresh if record.offer]:
            tx.many(files.INSERT, [file.row() for file in offers])

    def were_stored(self, tx: Transaction) -> bool:
        """Whether `write` was committed: all of them were, or none. False when there is nothing to be looked for."""
        messages.settled_last_mid(tx)  # waits until it is decided
        return any(
            staging.is_stored(tx, r) or messages.is_stored(tx, r.mid, r.conversation, r.sender, r.ts)
            for r in self.fresh[:1]
        )


class Marks:
    """The marks: however many requests there are, each position is written once."""

    def __init__(self, records: Sequence[MarkRecord]) -> None:
        self.records = records
        self._farthest: dict[Position, MarkRecord] = {}  # the first of those that ask for the highest mid
        self._stored: dict[Position, int] = {}
        self._moved: set[Position] = set()
        for record in records:
            if record.mid > self._farthest.setdefault(_position(record), record).mid:
                self._farthest[_position(record)] = record

    def write(self, tx: Transaction) -> None:
        """Store them. To be called again when it is unknown what became of the first time.

        What has moved stays so: if a second time finds it moved already, it was the first that did it.
        """
        for position, record in sorted(self._farthest.items(), key=operator.itemgetter(0)):
            if record.conversation is None:
                mid, moved = messages.ack(tx, record.user_id, record.mid)
            else:
                mid, moved = messages.read_mark(tx, record.user_id, record.conversation, record.mid)
            self._stored[position] = mid
            if moved:
                self._moved.add(position)

    def answers(self) -> Iterator[Callable[[], None]]:
        """What is to be called when they are stored. All marks of one position are told the same: what holds now."""
        for record in self.records:
            position = _position(record)
            mid = self._stored[position]
            if record.moved and position in self._moved and record is self._farthest[position]:
                yield partial(record.moved, mid)
            yield partial(record.done, mid)


def _position(record: MarkRecord) -> Position:
    return record.user_id, record.conversation or 0
