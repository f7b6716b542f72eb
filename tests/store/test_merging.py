"""From `staged` to `messages`: when, what readers wait for, and what a break leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chatbase.engine import CommitUncertain, Database, DatabaseUnavailable
from chatd.store import merging, messages, staging
from chatd.store.journal import Journal
from tests.store.bench import ALICE, BOB, Bench
from tests.support.waiting import wait_until

TEXTS = ["", "one", "\u2028 two \U0001f600", 'a "quoted" line\nand \\ another', "\x00\x7f"]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


def _merged(database: Database) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        rows = tx.rows("SELECT mid, conversation, sender, recipient, cid, ts, body FROM messages ORDER BY mid")
        return [(*row[:4], None if row[4] is None else bytes(row[4]), *row[5:]) for row in rows]


def _say_all(bench: Bench) -> list[tuple[Any, ...]]:
    """Messages of all kinds, and the rows that they are to become."""
    records = [bench.say(text, cid=f"c\u00e9{n}" if n % 2 else "") for n, text in enumerate(TEXTS)]
    records += [bench.say(text, to=None, group=4, sender=BOB) for text in TEXTS]
    bench.settled(len(records))
    return sorted(record.row() for record in records)


def test_a_reader_finds_all_that_is_stored_as_it_was_said(bench: Bench) -> None:
    rows = _say_all(bench)
    assert bench.staged()
    bench.journal.make_readable()
    assert _merged(bench.database) == rows
    assert not bench.staged()
    commits = bench.commits
    bench.journal.make_readable()
    assert bench.commits == commits, "when all is there, nothing is done"


def test_what_is_staged_is_merged_when_nothing_else_is_to_be_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatd.store.journal.IDLE", 0.01)
    rows = _say_all(bench)
    wait_until(lambda: _merged(bench.database) == rows, "all are merged")
    assert not bench.staged()


@pytest.mark.parametrize(
    "limits",
    [{"ENOUGH": 7, "BATCHES": 19}, {"ENOUGH": 19, "BATCHES": 7}, {"ENOUGH": 1, "MOST": 19}, {"LONGEST": 30}],
)
def test_much_is_merged_while_more_comes(bench: Bench, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(merging, name, value)
    for number in range(100):
        bench.say(str(number))
        bench.settled(number + 1)
    wait_until(lambda: len(_merged(bench.database)) >= 80, "most are merged")
    assert 0 < bench.staged() <= 20
    assert bench.stored() == [(mid, str(mid - 1)) for mid in range(1, 101)]


def test_a_batch_is_cut_into_rows_of_bounded_size(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "PIECE", 1000)
    monkeypatch.setattr(staging, "_PIECES", 3)
    bench.hold()
    for number in range(40):
        bench.say(str(number) * 100)
    bench.release()
    bench.settled(41)
    before = bench.stored()
    assert bench.staged() > 5
    bench.journal.make_readable()
    assert bench.stored() == before
    assert len(before) == len(_merged(bench.database)) == 41


def test_stopping_merges(database_url: str) -> None:
    bench = Bench(database_url)
    bench.say("last")
    bench.settled(1)
    assert bench.journal.stop(15)
    assert [row[-1] for row in _merged(bench.database)] == ["last"]
    assert not bench.staged()
    bench.database.close()


def test_a_start_merges_what_a_killed_server_has_left(bench: Bench) -> None:
    rows = _say_all(bench)
    again = Journal(bench.database, bench._deliver, bench.failed.extend)  # as after a kill: the first one did not stop
    assert again.last_mid == len(rows)
    assert _merged(bench.database) == rows
    assert not bench.staged()


@pytest.mark.parametrize("merged", [False, True])
def test_a_repeated_cid_is_found_wherever_its_message_is(bench: Bench, merged: bool) -> None:
    first = bench.say("once", cid="c1")
    bench.settled(1)
    if merged:
        bench.journal.make_readable()
    bench.hold()
    again, other = bench.say("twice", cid="c1"), bench.say("other", cid="c2")
    theirs = bench.say("theirs", cid="c1", sender=BOB, to=ALICE)
    bench.release()
    bench.settled(5)
    assert (again.duplicate, again.mid, again.ts) == (True, first.mid, first.ts)
    assert [record.duplicate for record in (other, theirs)] == [False, False]
    assert sorted(text for _, text in bench.stored()) == ["held", "once", "other", "theirs"]


@pytest.mark.parametrize("happened", [False, True])
def test_a_merge_whose_commit_is_uncertain_is_made_once(bench: Bench, happened: bool) -> None:
    rows = _say_all(bench)

    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        if happened:
            connection.commit()
        raise CommitUncertain("the line was cut")

    bench.on_commit = cut_off
    with pytest.raises(DatabaseUnavailable):
        bench.journal.make_readable()
    bench.journal.make_readable()
    assert _merged(bench.database) == rows
    assert not bench.staged()


@pytest.mark.parametrize("again", [1, 3])
def test_what_comes_while_merging_fails_is_merged_with_the_rest(bench: Bench, again: int) -> None:
    def refuse(connection: Any) -> None:
        raise DatabaseUnavailable("full")

    rows = _say_all(bench)
    first = len(rows)
    for number in range(again):
        bench.on_commit = refuse
        with pytest.raises(DatabaseUnavailable):
            bench.journal.make_readable()
        bench.on_commit = lambda connection: connection.commit()
        rows.append(bench.say_and_wait(f"more {number}", first + 2 * number + 1).row())
        assert bench.say_and_wait(f"more {number}", first + 2 * number + 2).duplicate
    bench.journal.make_readable()
    assert _merged(bench.database) == rows
    assert not bench.staged()


def test_readers_are_told_when_the_database_is_away(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(connection: Any) -> None:
        raise DatabaseUnavailable("full")

    rows = _say_all(bench)
    bench.on_commit = refuse
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            bench.journal.make_readable()
    assert caplog.text.count("cannot merge") == 1
    bench.on_commit = lambda connection: connection.commit()
    bench.journal.make_readable()
    assert _merged(bench.database) == rows


def test_many_readers_wait_while_messages_come(bench: Bench) -> None:
    missing: list[int] = []

    def read() -> None:
        for _ in range(30):
            newest = bench.journal.last_mid
            bench.journal.make_readable()
            if len(_merged(bench.database)) < newest:
                missing.append(newest)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(300):
        bench.say(str(number), cid=str(number))
    for reader in readers:
        reader.join()
    bench.settled(300)
    assert not missing
    assert len({mid for mid, _ in bench.stored()}) == len(bench.stored()) == 300


def test_a_cid_that_somebody_else_has_taken_costs_no_message(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Only a hand in the database can do this; what was acknowledged is kept all the same."""
    bench.say("ours", cid="c1")
    bench.say("next", cid="c2")
    bench.settled(2)
    with bench.database.transaction(write=True) as tx:
        tx.many(messages.INSERT, [(0, messages.private(ALICE, BOB), ALICE, BOB, b"c1", 1, "by hand")])
    bench.journal.make_readable()
    shown = [(cid, text) for *_, cid, _, text in _merged(bench.database)]
    assert shown == [(b"c1", "by hand"), (None, "ours"), (b"c2", "next")]
    assert "a cid is taken" in caplog.text
