"""Unexpected errors: what is stored is never called refused, everybody is answered once, and the journal goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from chatbase.engine import DatabaseUnavailable, Transaction
from chatd.store import messages, users
from chatd.store.records import ChangeRecord, ChatRecord, MarkRecord
from tests.store.bench import ALICE, BOB, Bench
from tests.support.waiting import wait_until

BUG = "a bug of the tests' own"


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


class Told:
    """What callbacks were called with; those of some fail after they have taken note."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def by(self, name: str) -> Callable[[object], None]:
        def callback(value: object) -> None:
            self.calls.append((name, value))
            if name.startswith("bad"):
                raise KeyError(BUG)

        return callback


def _create(name: str, tx: Transaction, last_mid: int) -> int:
    return users.create(tx, name, "hash")


def _all_kinds(bench: Bench, told: Told) -> list[ChatRecord]:
    """One batch: changes, marks, and messages in the order in which they will be delivered."""
    bench.hold()
    for name in ("bad change", "change"):
        bench.journal.submit(ChangeRecord(partial(_create, name), told.by(name)))
    for number, name in enumerate(("bad mark", "mark")):
        bench.journal.submit(MarkRecord(ALICE, -4 - number, 7, told.by(name), told.by(f"{name} moved")))
    chats = [bench.say("first", group=6), bench.say("second", group=5), bench.say("third", group=4)]
    bench.release()
    return chats


def _goes_on(bench: Bench, settled: int) -> None:
    last = bench.say("later", group=7)
    bench.settled(settled + 1)
    assert bench.delivered[-1] is last


ANSWERS = [
    ("bad change", 3), ("change", 4),
    ("bad mark moved", 7), ("bad mark", 7), ("mark moved", 7), ("mark", 7),
]  # fmt: skip


def test_a_callback_that_fails_concerns_nobody_else(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    chats = _all_kinds(bench, told)
    wait_until(lambda: len(told.calls) >= 6, "all are told")
    _goes_on(bench, 4)
    assert told.calls == ANSWERS
    assert bench.delivered[1:4] == chats
    assert not bench.failed
    assert caplog.text.count("Traceback") == caplog.text.count(f'KeyError: "{BUG}"') == 3


def test_a_delivery_that_fails_leaves_messages_stored_and_all_others_answered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deliver = bench.journal._deliver

    def one_fails(batch: Sequence[ChatRecord], more: bool) -> None:
        if any(record.text == "second" for record in batch):
            raise KeyError(BUG)
        deliver(batch, more)

    monkeypatch.setattr(bench.journal, "_deliver", one_fails)
    told = Told()
    _all_kinds(bench, told)
    wait_until(lambda: len(told.calls) >= 6, "all are told")
    _goes_on(bench, 3)
    assert [record.text for record in bench.delivered] == ["held", "first", "third", "later"]
    assert not bench.failed
    assert told.calls == ANSWERS
    assert bench.stored() == [(1, "held"), (2, "first"), (3, "second"), (4, "third"), (5, "later")]
    assert f'KeyError: "{BUG}"' in caplog.text


def test_an_error_while_storing_refuses_what_is_not_answered_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> tuple[int, bool]:
        raise KeyError(BUG)

    told = Told()
    with monkeypatch.context() as patched:
        patched.setattr(messages, "read_mark", broken)
        chats = _all_kinds(bench, told)
        wait_until(lambda: len(told.calls) >= 4, "all are told")
    _goes_on(bench, 4)
    assert told.calls == [("bad change", 3), ("change", 4), ("bad mark", None), ("mark", None)]
    assert bench.failed == chats
    assert bench.stored() == [(1, "held"), (2, "later")]
    assert f'KeyError: "{BUG}"' in caplog.text


def test_a_refusal_that_fails_keeps_nobody_else_from_being_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**_: object) -> None:
        raise OSError(5, "no database")

    refused: list[ChatRecord] = []

    def fail(batch: Sequence[ChatRecord]) -> None:
        refused.extend(batch)
        raise KeyError(BUG)

    told = Told()
    with monkeypatch.context() as patched:
        patched.setattr(bench.journal, "_fail", fail)
        bench.hold()
        patched.setattr(bench.database, "_take", away)
        for name in ("bad mark", "mark"):
            bench.journal.submit(MarkRecord(BOB, None, 1, told.by(name)))
        chat = bench.say("lost")
        bench.journal.submit(ChangeRecord(lambda tx, last_mid: None, told.by("change")))
        bench.release()
        wait_until(lambda: len(told.calls) >= 3, "all are told")
    _goes_on(bench, 1)
    assert refused == [chat]
    (name, outcome), *rest = told.calls
    assert name == "change"
    assert isinstance(outcome, DatabaseUnavailable)
    assert rest == [("bad mark", None), ("mark", None)]
    assert bench.stored() == [(1, "held"), (2, "later")]
