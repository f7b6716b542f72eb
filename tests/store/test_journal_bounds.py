"""What one batch of the journal may hold: bytes as well as records, and few changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from chatbase.engine import DatabaseUnavailable, Transaction
from chatd.store.journal import CHANGES
from chatd.store.records import ChangeRecord, ChatRecord
from tests.store.bench import Bench
from tests.support.waiting import wait_until


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


def _change(bench: Bench, seen: list[object], value: object) -> None:
    """Submit a change that takes down its name when it is done."""
    bench.journal.submit(ChangeRecord(lambda tx, last_mid: value, seen.append))


def _done_before_deliveries(bench: Bench, seen: list[object]) -> list[int]:
    """For each delivery from now on, how many changes had been done."""
    before: list[int] = []
    deliver = bench.journal._deliver

    def note(batch: Sequence[ChatRecord], more: bool) -> None:
        before.append(len(seen))
        deliver(batch, more)

    bench.journal._deliver = note
    return before


def test_long_messages_are_written_in_smaller_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.BATCH_BYTES", 1000)
    bench.hold()
    for size in (400, 400, 200, 300, 5000, 10, 10):
        bench.say("x" * size)
    bench.release()
    bench.settled(8)
    assert bench.batches == [1, 3, 2, 2]
    assert [len(text) for _, text in bench.stored()] == [4, 400, 400, 200, 300, 5000, 10, 10]


def test_a_message_longer_than_a_batch_is_written_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.BATCH_BYTES", 100)
    bench.hold()
    for size in (500, 500, 500):
        bench.say("x" * size)
    bench.release()
    bench.settled(4)
    assert bench.batches == [1, 1, 1, 1]


def test_a_delivery_knows_whether_another_one_follows(bench: Bench) -> None:
    bench.hold()
    bench.say("a")
    bench.release()
    bench.settled(2)
    assert (bench.batches, bench.followed) == ([1, 1], [True, False])


def test_a_queue_of_long_messages_is_full(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.QUEUE_HIGH_BYTES", 1000)
    monkeypatch.setattr("chatd.store.journal.BATCH_BYTES", 300)
    bench.hold()
    bench.say("x" * 600)
    assert not bench.journal.full
    bench.say("x" * 600)
    assert bench.journal.full
    bench.release()
    bench.settled(3)
    assert not bench.journal.full
    assert bench.journal._queue.size == 0


def test_what_was_refused_no_longer_fills_the_queue(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.QUEUE_HIGH_BYTES", 1000)
    bench.hold()
    for _ in range(3):
        bench.say("x" * 600)
    assert bench.journal.full
    bench.journal._refuse_waiting()
    assert not bench.journal.full
    assert len(bench.failed) == 3
    bench.release()
    bench.settled(4)


def test_a_crowd_of_changes_does_not_keep_messages_waiting(bench: Bench) -> None:
    seen: list[object] = []
    before = _done_before_deliveries(bench, seen)
    crowd = 5 * CHANGES + 1
    bench.hold()
    for number in range(crowd):
        _change(bench, seen, number)
    bench.say("unrelated")
    bench.release()
    bench.settled(2)
    wait_until(lambda: len(seen) == crowd, "all changes are done")
    assert before == [0, CHANGES]
    assert seen == list(range(crowd))


def test_a_crowd_of_changes_larger_than_a_batch_does_not_either(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages have a queue of their own: however many changes wait, some of them come before."""
    monkeypatch.setattr("chatd.store.journal.BATCH", 20)
    seen: list[object] = []
    before = _done_before_deliveries(bench, seen)
    bench.hold()
    for number in range(60):
        _change(bench, seen, number)
    bench.say("unrelated")
    bench.release()
    bench.settled(2)
    wait_until(lambda: len(seen) == 60, "all changes are done")
    assert before == [0, CHANGES]
    assert seen == list(range(60))


def test_stopping_carries_out_all_changes(bench: Bench) -> None:
    seen: list[object] = []
    bench.hold()
    for number in range(3 * CHANGES):
        _change(bench, seen, number)
    with bench.journal._condition:
        bench.journal._stopping = True
    bench.release()
    assert bench.journal.stop(15)
    assert seen == list(range(3 * CHANGES))


def test_changes_that_wait_for_a_later_batch_are_refused_when_the_journal_gives_up(bench: Bench) -> None:
    seen: list[object] = []

    def give_up(tx: Transaction, last_mid: int) -> None:
        bench.journal._refuse_waiting()

    bench.hold()
    bench.journal.submit(ChangeRecord(give_up, lambda outcome: None))
    for number in range(2 * CHANGES):
        _change(bench, seen, number)
    lost = bench.say("with them")
    bench.release()
    wait_until(lambda: len(seen) == 2 * CHANGES and bench.failed == [lost], "all are refused")
    assert all(isinstance(outcome, DatabaseUnavailable) for outcome in seen)
