"""Changes whose fate is unknown, and changes while the database is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chatbase.engine import CommitUncertain, Conflict, DatabaseUnavailable, Transaction
from chatd.store import users
from chatd.store.journal import JournalBusy
from chatd.store.records import ChangeRecord, MarkRecord
from tests.store.bench import ALICE, Bench
from tests.support.waiting import wait_until


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


def _make_carol(tx: Transaction, last_mid: int) -> int:
    """A change that refuses to be made twice."""
    return users.create(tx, "carol", "hash")


def _carols(bench: Bench) -> int:
    with bench.database.transaction() as tx:
        return len(tx.rows("SELECT id FROM users WHERE name = 'carol'"))


def _submit(bench: Bench, run: Any = _make_carol) -> list[object]:
    outcomes: list[object] = []
    bench.journal.submit(ChangeRecord(run, outcomes.append))
    return outcomes


@pytest.mark.parametrize("happened", [True, False])
def test_a_change_whose_commit_is_uncertain_succeeds_once(bench: Bench, happened: bool) -> None:
    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        if happened:
            connection.commit()
        raise CommitUncertain("the line was cut")

    bench.on_commit = cut_off
    outcomes = _submit(bench)
    wait_until(lambda: outcomes, "the change is done")
    with bench.database.transaction() as tx:
        assert outcomes == [users.id_of(tx, "carol")]
    assert _carols(bench) == 1
    assert bench.commits == (1 if happened else 2)
    again = _submit(bench)
    wait_until(lambda: again, "the change is refused")
    assert isinstance(again[0], Conflict)


def test_a_change_that_is_never_committed_is_refused_in_the_end(bench: Bench) -> None:
    def cut_off(connection: Any) -> None:
        raise CommitUncertain("the disk is full")

    bench.on_commit = cut_off
    outcomes = _submit(bench)
    wait_until(lambda: outcomes, "the change is refused")
    assert isinstance(outcomes[0], DatabaseUnavailable)
    assert _carols(bench) == 0
    bench.on_commit = lambda connection: connection.commit()
    bench.say("messages go on")
    bench.settled(1)
    assert not bench.failed


def test_while_the_fate_of_a_change_is_unknown_all_others_are_refused_at_once(bench: Bench) -> None:
    real = bench.database._take

    def away(**_: object) -> None:
        raise OSError(5, "no database")

    def the_held_one(connection: Any) -> None:
        bench.on_commit = cut_off
        connection.commit()

    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        connection.commit()
        bench.database._take = away  # type: ignore[method-assign]
        raise CommitUncertain("the line was cut")

    bench.hold()
    outcomes, behind = _submit(bench), _submit(bench)
    marks: list[int | None] = []
    bench.journal.submit(MarkRecord(ALICE, None, 1, marks.append))
    lost = bench.say("in the same batch")
    bench.on_commit = the_held_one
    bench.release()
    wait_until(lambda: bench.failed == [lost] and marks and behind, "what came with it is refused")
    assert isinstance(behind[0], DatabaseUnavailable)
    assert (marks, outcomes) == ([None], [])
    with pytest.raises(JournalBusy):
        bench.say("too early")
    bench.database._take = real  # type: ignore[method-assign]
    wait_until(lambda: outcomes, "the truth is known")
    assert isinstance(outcomes[0], int)
    assert _carols(bench) == 1


def test_while_the_database_is_away_a_batch_of_changes_waits_for_it_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt can take seconds. The first one's failure is looked into, and then all are refused."""
    attempts: list[int] = []

    def away(**_: object) -> None:
        attempts.append(1)
        raise OSError(5, "no database")

    bench.hold()
    outcomes: list[object] = []
    for _ in range(50):
        bench.journal.submit(ChangeRecord(_make_carol, outcomes.append))
    lost = bench.say("with them")
    with monkeypatch.context() as patched:
        patched.setattr(bench.database, "_take", away)  # the one that is held has begun already
        bench.release()
        wait_until(lambda: len(outcomes) == 50 and bench.failed == [lost], "all are refused")
    assert all(isinstance(outcome, DatabaseUnavailable) for outcome in outcomes)
    assert len(attempts) == 2
    bench.say("found")
    bench.settled(3)
    assert [text for _, text in bench.stored()] == ["held", "found"]
