"""A change of a roster or a group, in a transaction of its own, until its fate is known."""

from __future__ import annotations

from collections.abc import Callable

from chatbase.engine import CommitUncertain, DatabaseUnavailable
from chatbase.insisting import insisting
from chatd.store.claim import Writing
from chatd.store.records import ChangeRecord

ATTEMPTS = 3  # at one transaction whose commit is uncertain

Settle = Callable[[Callable[[], bool], CommitUncertain], bool]
"""Wait for the database after an uncertain commit, and return what the look at it says."""


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


class Changes:
    """The journal's thread only."""

    def __init__(self, database: Writing, settle: Settle) -> None:
        self._database = database
        self._settle = settle

    def carry_out(self, record: ChangeRecord, last_mid: int) -> object:
        """Run a change and return its outcome.

        Raises:
            DatabaseUnavailable: it is not stored.
            Exception: whatever the change itself raises when it is refused.
        """
        outcome: object = None

        def run() -> None:
            nonlocal outcome  # it holds even if the commit is uncertain, and turns out to have happened
            with self._database.transaction(write=True) as tx:
                outcome = record.run(tx, last_mid)

        for _ in range(ATTEMPTS):
            try:
                insisting(run)
            except CommitUncertain as error:
                if not self._settle(lambda: self._was_carried_out(record, last_mid), error):
                    continue
            return outcome
        raise DatabaseUnavailable("no commit succeeds")

    def _was_carried_out(self, record: ChangeRecord, last_mid: int) -> bool:
        """Try a change again, and undo it. Nobody else makes changes: if it is refused now, the first one is stored."""
        try:
            with self._database.transaction(write=True) as tx:
                record.run(tx, last_mid)
                raise _Undo
        except _Undo:
            return False
        except DatabaseUnavailable:
            raise
        except Exception:
            return True
