"""Messages on their way from the connections of one loop to the journal: all of a round go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatd.net.loop import EventLoop
from chatd.store.journal import Journal, JournalBusy
from chatd.store.records import ChatRecord


class Intake:
    """One for each worker loop; every method: that loop.

    The journal is woken once for each round instead of by the first message of it: it would begin to write that one
    alone, and compete for the interpreter with the loop that still decodes the others.
    """

    def __init__(self, loop: EventLoop, journal: Journal, fail: Callable[[Sequence[ChatRecord]], None]) -> None:
        self._loop = loop
        self._journal = journal
        self._fail = fail
        self._records: list[ChatRecord] = []

    def add(self, record: ChatRecord) -> None:
        """Have a message stored. Its fate is told by the delivery."""
        if not self._records:
            self._loop.before_output(self.flush)
        self._records.append(record)

    def flush(self) -> None:
        """Hand over what has gathered."""
        records, self._records = self._records, []
        if not records:
            return
        try:
            self._journal.submit_all(records)
        except JournalBusy:
            self._fail(records)
