"""The journal: group commit, mids, duplicates, marks, changes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from chatbase.engine import Conflict, DatabaseUnavailable, Transaction
from chatd.store import messages, users
from chatd.store.journal import HOLD, Journal, JournalBusy
from chatd.store.records import ChangeRecord, MarkRecord
from tests.store.bench import ALICE, BOB, Bench
from tests.support.waiting import wait_until


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


# -- batches and order ---------------------------------------------------------


def test_what_gathers_during_a_commit_is_one_transaction(bench: Bench) -> None:
    bench.hold()
    for number in range(50):
        bench.say(str(number))
    bench.release()
    bench.settled(51)
    assert bench.batches == [1, 50]
    assert bench.commits == 2
    assert [mid for mid, _ in bench.stored()] == list(range(1, 52))


def test_a_batch_is_sorted_by_conversation_and_keeps_the_order_within_one(bench: Bench) -> None:
    bench.hold()
    for number in range(12):
        bench.say(str(number), group=1 + number % 3)
    bench.release()
    bench.settled(13)
    batch = bench.delivered[1:]
    assert [record.text for record in batch] == ["2", "5", "8", "11", "1", "4", "7", "10", "0", "3", "6", "9"]
    assert [record.mid for record in batch] == list(range(2, 14))
    assert len({record.ts for record in batch}) == 1


def test_mids_go_on_after_a_restart(bench: Bench, database_url: str) -> None:
    bench.say("first")
    bench.settled(1)
    again = Journal(bench.database, bench._deliver, bench.failed.extend)
    assert again.last_mid == bench.journal.last_mid == 1


@pytest.mark.parametrize(("stamped", "clock"), [(10_000, 10_000 - HOLD), (10_000 - HOLD - 1, 10_000 - HOLD - 1)])
def test_seconds_back_are_waited_for_and_more_is_followed(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, stamped: int, clock: int
) -> None:
    said = 0
    for now in (9_000, 40 * 86_400_000, 10_000, clock):  # once it was far ahead, for a moment
        monkeypatch.setattr("chatd.store.journal.now_ms", lambda now=now: now)
        bench.say("x")
        bench.settled(said := said + 1)
    assert [record.ts for record in bench.delivered] == [9_000, 40 * 86_400_000, 10_000, stamped]
    assert [record.mid for record in bench.delivered] == [1, 2, 3, 4]
    bench.journal.make_readable()
    again = Journal(bench.database, bench._deliver, bench.failed.extend)
    assert again._time() == max(clock, stamped), "a start waits, too"


# -- duplicates ----------------------------------------------------------------


def test_a_cid_twice_in_a_batch_is_stored_once(bench: Bench) -> None:
    bench.hold()
    first, second, third = bench.say("a", cid="x"), bench.say("a", cid="x"), bench.say("b", cid="y")
    bench.release()
    bench.settled(4)
    assert (first.mid, second.mid, third.mid) == (2, 2, 3)
    assert (first.duplicate, second.duplicate, third.duplicate) == (False, True, False)
    assert first.ts == second.ts
    assert [text for _, text in bench.stored()] == ["held", "a", "b"]


def test_a_cid_of_an_earlier_batch_gets_the_first_mid(bench: Bench) -> None:
    first = bench.say("a", cid="x")
    bench.settled(1)
    again = bench.say("a", cid="x")
    bench.settled(2)
    assert (again.mid, again.ts, again.duplicate) == (first.mid, first.ts, True)
    assert bench.stored() == [(1, "a")]


def test_new_and_known_cids_in_one_batch(bench: Bench) -> None:
    known = bench.say("known", cid="k")
    bench.settled(1)
    bench.hold()
    cids = ("n", "k", "n", "k", "m")
    records = [bench.say(f"{number}", cid=cid) for number, cid in enumerate(cids)]
    plain = bench.say("without")
    bench.release()
    bench.settled(8)
    assert [record.duplicate for record in records] == [False, True, True, True, False]
    assert records[1].mid == records[3].mid == known.mid
    assert records[0].mid == records[2].mid
    assert bench.stored() == [(1, "known"), (2, "held"), (3, "0"), (4, "4"), (5, "without")]
    assert (records[0].mid, records[4].mid, plain.mid) == (3, 4, 5)


def test_a_cid_belongs_to_its_sender(bench: Bench) -> None:
    one, other = bench.say("a", cid="x"), bench.say("b", cid="x", sender=BOB, to=ALICE)
    bench.settled(2)
    assert not one.duplicate
    assert not other.duplicate


def test_cids_are_compared_byte_by_byte(bench: Bench) -> None:
    records = [bench.say(cid, cid=cid) for cid in ("x", "X", "x ", "é", "e\u0301", "x\0")]
    bench.settled(len(records))
    assert not any(record.duplicate for record in records)


# -- marks, changes, the end ---------------------------------------------------


def test_marks_are_coalesced_and_all_are_told_what_is_stored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, int]] = []
    ack, read_mark = messages.ack, messages.read_mark

    def noted_ack(tx: Transaction, user_id: int, mid: int) -> tuple[int, bool]:
        written.append(("ack", mid))
        return ack(tx, user_id, mid)

    def noted_read(tx: Transaction, user_id: int, conversation: int, mid: int) -> tuple[int, bool]:
        written.append(("read", mid))
        return read_mark(tx, user_id, conversation, mid)

    monkeypatch.setattr(messages, "ack", noted_ack)
    monkeypatch.setattr(messages, "read_mark", noted_read)
    told: list[int | None] = []
    bench.hold()
    for mid in (3, 7, 5):
        bench.journal.submit(MarkRecord(ALICE, None, mid, told.append))
        bench.journal.submit(MarkRecord(ALICE, -4, mid, told.append))
    bench.release()
    wait_until(lambda: told == [7] * 6, "all marks are stored")
    assert sorted(written) == [("ack", 7), ("read", 7)]
    with bench.database.transaction() as tx:
        assert tx.row("SELECT acked FROM users WHERE id = ?", ALICE) == (7,)
        assert tx.row("SELECT mid FROM read_marks WHERE user_id = ? AND conversation = -4", ALICE) == (7,)


@pytest.mark.parametrize("conversation", [None, -4])
def test_a_mark_never_goes_back_and_is_told_what_is_stored(bench: Bench, conversation: int | None) -> None:
    told: list[int | None] = []
    for count, mid in enumerate((0, 5, 2, 0, 9, 9, 8)):
        bench.journal.submit(MarkRecord(ALICE, conversation, mid, told.append))
        wait_until(lambda count=count: len(told) > count, "the mark is stored")  # type: ignore[misc]
    assert told == [0, 5, 5, 5, 9, 9, 9]


def test_who_moves_a_mark_is_told_so_and_nobody_else(bench: Bench) -> None:
    told: list[tuple[str, int | None]] = []

    def mark(name: str, mid: int, conversation: int = -4) -> None:
        def note(word: str, position: int | None) -> None:
            told.append((word, position))

        callbacks = partial(note, name), partial(note, f"{name} moved")
        bench.journal.submit(MarkRecord(ALICE, conversation, mid, *callbacks))

    bench.hold()
    for name, mid in (("a", 3), ("b", 7), ("c", 7), ("d", 5)):
        mark(name, mid)
    mark("elsewhere", 0, -5)
    bench.release()
    wait_until(lambda: len(told) == 6, "the marks are stored")
    assert told == [("a", 7), ("b moved", 7), ("b", 7), ("c", 7), ("d", 7), ("elsewhere", 0)]
    mark("again", 7)
    mark("back", 6)
    wait_until(lambda: len(told) == 8, "the marks are stored")
    assert told[6:] == [("again", 7), ("back", 7)]


def test_a_change_runs_between_two_batches(bench: Bench) -> None:
    outcomes: list[object] = []
    bench.hold()
    bench.say("before")
    bench.journal.submit(ChangeRecord(lambda tx, last_mid: (last_mid, users.create(tx, "carol", "h")), outcomes.append))
    bench.say("after")
    bench.release()
    bench.settled(3)
    assert outcomes == [(1, 3)]  # after the batch that was held, before both that follow it
    with bench.database.transaction() as tx:
        assert users.id_of(tx, "carol") == 3


def test_a_change_that_fails_is_told_why_and_stores_nothing(bench: Bench) -> None:
    outcomes: list[object] = []

    def run(tx: Transaction, last_mid: int) -> None:
        users.create(tx, "carol", "hash")
        users.create(tx, "alice", "hash")

    bench.journal.submit(ChangeRecord(run, outcomes.append))
    wait_until(lambda: outcomes, "the change is done")
    assert isinstance(outcomes[0], Conflict)
    with bench.database.transaction() as tx:
        assert users.id_of(tx, "carol") is None


def test_a_change_that_the_database_refuses_does_not_stop_the_messages(bench: Bench) -> None:
    outcomes: list[object] = []
    bench.hold()
    bench.journal.submit(ChangeRecord(lambda tx, last_mid: tx.rows("SELECT nothing"), outcomes.append))
    bench.say("after")
    bench.release()
    bench.settled(2)
    assert isinstance(outcomes[0], DatabaseUnavailable)
    assert not bench.failed


def test_stopping_writes_what_is_queued(bench: Bench) -> None:
    bench.hold()
    for number in range(100):
        bench.say(str(number))
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(bench.journal.stop, 15)
        wait_until(lambda: bench.journal._stopping, "it stops")
        with pytest.raises(JournalBusy):
            bench.say("too late")
        bench.release()
        assert stopping.result()
    assert len(bench.delivered) == len(bench.stored()) == 101


def test_more_than_a_batch_is_written_in_several(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.BATCH", 30)
    bench.hold()
    for number in range(70):
        bench.say(str(number))
    bench.release()
    bench.settled(71)
    assert bench.batches == [1, 30, 30, 10]
    assert [record.mid for record in bench.delivered] == list(range(1, 72))


def test_a_full_queue_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatd.store.journal.QUEUE_HIGH_MARK", 3)
    bench.hold()
    bench.say("1")
    bench.say("2")
    assert not bench.journal.full
    bench.say("3")
    assert bench.journal.full
    bench.release()
    bench.settled(4)
    assert not bench.journal.full
