"""The journal and files: an offer and its file are stored together, once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from chatbase import files
from chatbase.engine import CommitUncertain, DatabaseUnavailable
from chatbase.files import PARTIAL_LIFE, File
from chatd.registry.nodes import Session, UserNode
from chatd.store import messages
from chatd.store.records import ChatRecord, Offer
from tests.store.bench import ALICE, BOB, Bench, _Origin


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


def offer(bench: Bench, file_id: str, cid: str = "") -> ChatRecord:
    """Submit an offer of Alice's to Bob."""
    where = messages.private(ALICE, BOB)
    file = File(file_id, None, where, ALICE, BOB, "a.txt", 10, None, None, files.WAITING, 0, 0)
    session = cast(Session, _Origin(UserNode(ALICE, "alice")))
    made = Offer(file, b"{", lambda file: None, 0)
    record = ChatRecord(session, where, BOB, None, cid.encode() or None, "", b"{", b"{", made)
    bench.journal.submit(record)
    return record


def stored_files(bench: Bench) -> dict[str, File]:
    with bench.database.transaction() as tx:
        return {f.id: f for f in files.due(tx, files.WAITING, 2**53, 100)}


def test_an_offer_and_its_file_are_stored_together(bench: Bench) -> None:
    bench.hold()
    bench.say("before")
    record = offer(bench, "f1", "c1")
    bench.say("after")
    bench.release()
    bench.settled(4)
    file = stored_files(bench)["f1"]
    assert (file.mid, file.created) == (record.mid, record.ts)
    assert file.expires == record.ts + PARTIAL_LIFE * 1000
    bench.journal.make_readable()
    with bench.database.transaction() as tx:
        shown = messages.by_mids(tx, [mid for mid, _ in bench.stored()])
    assert [obj["cmd"] for _, obj in sorted(shown.items())].count(messages.OFFER) == 1
    assert shown[record.mid] == {
        "cmd": "recv_file_port_reply", "file": "f1", "filename": "a.txt", "length": 10, "state": "waiting",
        "from_user": "alice", "to_user": "bob", "cid": "c1", "mid": record.mid, "ts": record.ts,
    }  # fmt: skip


def test_a_duplicate_makes_no_second_file(bench: Bench) -> None:
    first = offer(bench, "f1", "c1")
    bench.settled(1)
    bench.hold()
    again = [offer(bench, "f1", "c1"), offer(bench, "f1", "c1"), offer(bench, "f2", "c2"), offer(bench, "f2", "c2")]
    bench.release()
    bench.settled(6)
    assert [record.duplicate for record in again] == [True, True, False, True]
    assert [record.mid for record in again[:2]] == [first.mid] * 2
    assert stored_files(bench).keys() == {"f1", "f2"}


def test_what_cannot_be_stored_leaves_no_file(bench: Bench) -> None:
    def refuse(connection: Any) -> None:
        raise DatabaseUnavailable("full")

    bench.on_commit = refuse
    record = offer(bench, "f1")
    bench.settled(1)
    assert bench.failed == [record]
    bench.on_commit = lambda connection: connection.commit()
    assert stored_files(bench) == {}


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_of_unknown_fate_is_settled_for_both(bench: Bench, committed: bool) -> None:
    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda connection: connection.commit()
        if committed:
            connection.commit()
        raise CommitUncertain("cut off")

    bench.on_commit = cut_off
    record = offer(bench, "f1", "c1")
    bench.settled(1)
    assert bench.delivered == [record]
    assert not record.duplicate
    assert stored_files(bench)["f1"].mid == record.mid
