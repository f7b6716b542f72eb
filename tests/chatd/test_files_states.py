"""file_state: who is told what, how often, and who may decline or cancel."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from chatbase import files
from chatbase.engine import CommitUncertain
from chatd.commands import file_states
from chatd.registry import transfers
from chatd.registry.transfers import GAP
from chatwire.client import Client
from chatwire.codec import Object
from tests.support.chatting import arrived, result, take
from tests.support.file_daemon import HASH, attach, offer, row, state
from tests.support.running import RunningServer

Told = tuple[str, int]


def told(client: Client, count: int) -> list[Told]:
    """State and offset of the next states; nothing else may come between."""
    return [(obj["state"], obj["offset"]) for obj in (state(client) for _ in range(count))]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The clock of `file_states` stands still until it is told to move."""
    now = [1000.0]
    monkeypatch.setattr("chatd.commands.file_states.time", SimpleNamespace(monotonic=lambda: now[0]))

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


@pytest.fixture
def unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is told."""
    monkeypatch.setattr(transfers, "GAP", 0.0)


@pytest.mark.usefixtures("unthrottled")
def test_sender_and_recipient_are_told_on_all_their_sessions(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob, carol = server.user("alice"), server.user("bob"), server.user("carol")
    alice_too, bob_too = server.again("alice"), server.again("bob")
    file = offer(alice, "bob")["file"]
    for client in (alice_too, bob, bob_too):
        take(client, 1)
    steps: list[tuple[Callable[[], object], Object]] = [
        (lambda: daemon.uploading(file, 0), {"state": "uploading", "offset": 0}),
        (lambda: daemon.uploading(file, 500), {"state": "uploading", "offset": 500}),
        (lambda: daemon.complete(file, None), {"state": "complete", "offset": 1000}),
        (lambda: daemon.report(file, "complete", sha256=HASH), {"state": "complete", "offset": 1000, "sha256": HASH}),
    ]
    for step, expected in steps:
        step()
        for client in (alice, alice_too, bob, bob_too):
            assert state(client) == {"file": file, "length": 1000, **expected}
    assert arrived(carol) == []


@pytest.mark.usefixtures("unthrottled")
def test_a_group_is_told(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    file = offer(alice, group="staff")["file"]
    bob.expect("leave_group", group="staff")
    take(carol, 2)
    take(alice, 1)
    daemon.uploading(file, 1)
    assert state(alice)["state"] == state(carol)["state"] == "uploading"
    daemon.end(file, files.FAILED, detail="why" * 100)
    for client in (alice, carol):
        failed = state(client)
        assert (failed["state"], failed["offset"], failed["detail"]) == ("failed", 1, ("why" * 100)[:200])
    assert [push["cmd"] for push in arrived(bob)] == ["recv_file_port_reply"]


def test_progress_is_told_twice_a_second_and_the_last_step_gets_through(
    server: RunningServer, clock: Callable[[float], None]
) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    file = offer(alice, "bob")["file"]
    take(bob, 1)
    daemon.uploading(file, 0)
    assert told(bob, 1) == [("uploading", 0)], "the first one at once"
    for offset in range(10, 100, 10):
        daemon.uploading(file, offset)
    clock(GAP)
    assert told(bob, 1) == [("uploading", 90)]
    daemon.uploading(file, 100)
    daemon.uploading(file, 110)
    daemon.complete(file)
    assert told(bob, 1) == [("complete", 1000)], "an end does not wait"
    assert told(alice, 3) == [("uploading", 0), ("uploading", 90), ("complete", 1000)]
    clock(10 * GAP)
    daemon.report(file, "uploading", offset=5)
    daemon.report(file, "complete")
    daemon.end(file, files.EXPIRED)
    assert told(bob, 1) == [("expired", 1000)], "what comes too late, or again, is not told"


@pytest.mark.usefixtures("unthrottled")
def test_in_a_large_group_only_the_sender_hears_of_every_step(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "LARGE_GROUP", 2)
    daemon = attach(server)
    alice, bob, _ = server.group("staff", "alice", "bob", "carol")
    file = offer(alice, group="staff")["file"]
    take(bob, 1)
    for offset in (0, 1, 2):
        daemon.uploading(file, offset)
        assert told(alice, 1) == [("uploading", offset)]
    daemon.complete(file)
    assert told(alice, 1) == [("complete", 1000)]
    assert told(bob, 2) == [("uploading", 0), ("complete", 1000)]


def test_the_recipient_declines(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    file = offer(alice, "bob")["file"]
    take(bob, 1)
    assert result(alice, "decline_file", file=file) == "forbidden"
    reply = bob.expect("decline_file", file=file)
    assert (reply["file"], reply["state"]) == (file, "declined")
    declined = {"file": file, "state": "declined", "offset": 0, "length": 1000, "user": "bob"}
    assert state(alice) == state(bob) == declined
    assert daemon.told() == {"cmd": "file_withdrawn", "file": file}
    assert row(server, file).state == "declined"
    for client, cmd in ((bob, "decline_file"), (alice, "cancel_file")):
        reply = client.request(cmd, file=file)
        assert (reply["result"], reply["state"]) == ("file_over", "declined")
    assert daemon.report(file, "uploading", offset=7) == "success"
    assert result(daemon.client, "ping") == "success"
    assert arrived(alice) == arrived(bob) == []


def test_a_complete_file_cannot_be_declined_but_cancelled(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    file = offer(alice, "bob")["file"]
    daemon.complete(file)
    assert told(alice, 1) == [("complete", 1000)]
    assert bob.request("decline_file", file=file)["result"] == "file_over"
    assert result(bob, "cancel_file", file=file) == "not_sender"
    assert alice.expect("cancel_file", file=file)["state"] == "cancelled"
    assert daemon.told() == {"cmd": "file_withdrawn", "file": file}
    assert told(alice, 1) == [("cancelled", 1000)]
    assert row(server, file).state == "cancelled"
    assert alice.request("cancel_file", file=file)["result"] == "file_over"


def test_a_member_of_a_group_declines_for_nobody_else(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    file = offer(alice, group="staff")["file"]
    assert bob.expect("decline_file", file=file)["state"] == "waiting"
    assert state(alice) == {"file": file, "state": "declined", "offset": 0, "length": 1000, "user": "bob"}
    assert [push["cmd"] for push in arrived(carol)] == ["recv_file_port_reply"]
    assert row(server, file).state == "waiting"
    assert result(alice, "decline_file", file=file) == "forbidden"
    alice.expect("cancel_file", file=file)
    assert daemon.told() == {"cmd": "file_withdrawn", "file": file}
    assert state(alice)["state"] == state(carol)["state"] == "cancelled"
    reply = carol.request("decline_file", file=file)
    assert (reply["result"], reply["state"]) == ("file_over", "cancelled")
    assert result(carol, "cancel_file", file=file) == "not_sender"


def test_a_file_to_oneself_may_be_declined_and_cancelled(server: RunningServer) -> None:
    attach(server)
    alice = server.user("alice")
    elsewhere = server.again("alice")
    first, second = (offer(alice, "alice")["file"] for _ in range(2))
    elsewhere.expect("decline_file", file=first)
    elsewhere.expect("cancel_file", file=second)
    assert [state(alice)["state"] for _ in range(2)] == ["declined", "cancelled"]


def test_withdrawn_while_the_daemon_is_away_is_withdrawn(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    file = offer(alice, "bob")["file"]
    daemon.close()
    alice.expect("cancel_file", file=file)
    assert state(alice)["state"] == "cancelled"
    assert [push["cmd"] for push in arrived(bob)][:1] == ["recv_file_port_reply"]
    assert attach(server).report(file, "uploading", offset=3) == "success"
    assert alice.expect("get_file", file=file)["state"] == "cancelled"


def test_a_commit_of_unknown_fate_is_looked_at(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = attach(server)
    alice = server.user("alice")
    server.user("bob")
    file = offer(alice, "bob")["file"]
    database = server.server.services.database
    commit = database._commit

    def uncertain(connection: object) -> None:
        commit(connection)
        monkeypatch.undo()
        raise CommitUncertain("cut off")

    monkeypatch.setattr(database, "_commit", uncertain)
    assert alice.expect("cancel_file", file=file)["state"] == "cancelled"
    assert daemon.told() == {"cmd": "file_withdrawn", "file": file}


def test_what_was_forgotten_is_looked_up(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "REMEMBERED", 2)
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    found = [offer(alice, "bob")["file"] for _ in range(4)]
    take(bob, 4)
    for file in found:
        daemon.complete(file)
    assert [state(bob)["file"] for _ in range(4)] == found
    assert len(server.server.services.transfers._files) == 2
    assert daemon.report("nothing", "complete") == "file_not_exist"


def test_a_state_that_was_told_is_told_to_those_who_missed_it(server: RunningServer) -> None:
    """After a restart nobody knows what was told: the end is told once more."""
    daemon = attach(server)
    alice = server.user("alice")
    server.user("bob")
    file = offer(alice, "bob")["file"]
    daemon.complete(file)
    assert told(alice, 1) == [("complete", 1000)]
    server.server.services.transfers._files.clear()
    daemon.report(file, "complete", sha256=HASH)
    assert told(alice, 1) == [("complete", 1000)]
    daemon.report(file, "complete", sha256=HASH)
    daemon.end(file, files.EXPIRED)
    assert told(alice, 1) == [("expired", 1000)]


def test_states_never_come_before_the_offer(server: RunningServer) -> None:
    daemon = attach(server)
    alice = server.user("alice")
    server.user("bob").logout()
    file = offer(alice, "bob")["file"]
    bob = server.again("bob")
    daemon.complete(file)
    pushes = take(bob, 2)
    assert [push["cmd"] for push in pushes] == ["recv_file_port_reply", "file_state"]
