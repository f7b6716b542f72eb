"""Many who come back at once: their sessions begin in one batch, and each gets what is its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from chatbase.engine import DatabaseUnavailable, Transaction
from chatd.commands import resume, session_start
from chatd.commands.call import Call
from chatd.commands.table import Outcome
from chatd.store import missed
from chatwire.client import Client
from chatwire.codec import Object
from tests.support.chatting import arrived, mids, take, texts
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until


class Held:
    """The first resume waits in its work thread until `free` is set; what comes meanwhile forms batches."""

    def __init__(self, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.sizes: list[int] = []
        self.free = threading.Event()
        self._real = resume._resume_all
        self._work = self._resume_all  # one object: by it the gatherer knows what belongs together
        monkeypatch.setattr(resume, "_resume_all", self._work)

    def _resume_all(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        self.sizes.append(len(calls))
        assert self.free.wait(DEADLINE)
        return self._real(calls)

    def resume(self, *requests: Object) -> list[Client]:
        """Send resumes while the threads are held, then let them go; returns the connections in that order."""
        gatherer = self.server.server.services.gatherer
        while len(self.sizes) < gatherer._at_once:
            busy = len(self.sizes) + 1
            self._send({"user": "nobody", "token": "x" * 43})
            wait_until(lambda busy=busy: len(self.sizes) == busy, "one more thread is busy")  # type: ignore[misc]
        clients = [self._send(request) for request in requests]
        wait_until(lambda: gatherer.waiting == len(requests), "all resumes wait")
        self.free.set()
        return clients

    def _send(self, request: Object) -> Client:
        client = self.server.connect()
        client.send("resume", **request)
        return client


@pytest.fixture
def held(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(server, monkeypatch)


def test_each_gets_its_own_answer(server: RunningServer, held: Held) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    dave = server.user("dave")
    carol.expect("add", friend="bob")
    tokens = {client.user: client.token for client in (alice, bob, carol, dave)}
    for client in (bob, carol, dave):
        client.close()
    wait_until(lambda: len(server.server.services.online) == 1, "the others have left")
    sent = [
        alice.private_chat("bob", "to bob"),
        alice.group_chat("staff", "to all"),
        alice.private_chat("dave", "to dave"),
    ]
    back = held.resume(
        {"user": "bob", "token": tokens["bob"], "after": 0},
        {"user": "dave", "token": "y" * 43},
        {"user": "bob", "token": tokens["bob"], "after": sent[0]["mid"]},
        {"user": "nobody", "token": tokens["bob"]},
        {"user": "carol", "token": tokens["carol"]},
        {"user": "carol", "token": tokens["bob"]},
        {"user": "dave", "token": tokens["dave"], "after": -1},
    )
    replies = [take(client, 1)[0] for client in back]
    assert [reply["result"] for reply in replies] == [
        "success", "token_error", "success", "user_not_exist", "success", "token_error", "success",
    ]  # fmt: skip
    assert max(held.sizes) == len(back)
    bob_reply, carol_reply, dave_reply = replies[0], replies[4], replies[6]
    assert (bob_reply["friend"], carol_reply["friend"], dave_reply["friend"]) == ("carol", "bob", "")
    assert (bob_reply["group"], carol_reply["group"], dave_reply["group"]) == ("staff", "staff", "")
    assert bob_reply["unread"] == [
        {"peer": "alice", "count": 1, "mid": 0}, {"group": "staff", "count": 1, "mid": 0},
    ]  # fmt: skip
    assert carol_reply["unread"] == [{"group": "staff", "count": 1, "mid": 0}]
    assert dave_reply["unread"] == [{"peer": "alice", "count": 1, "mid": 0}]
    assert [texts(p for p in arrived(back[n]) if "text" in p) for n in (0, 2, 4, 6)] == [
        ["to bob", "to all"], ["to all"], ["to all"], [],
    ]  # fmt: skip


@pytest.mark.parametrize("count", [session_start.FEW - 1, session_start.FEW, session_start.FEW + 1])
def test_few_and_many_missed_messages_come_all_and_in_order(server: RunningServer, held: Held, count: int) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    tokens = {client.user: client.token for client in (bob, carol)}
    for client in (bob, carol):
        client.close()
    wait_until(lambda: len(server.server.services.online) == 1, "the others have left")
    sent = [alice.group_chat("staff", str(number))["mid"] for number in range(count - 1)]
    sent.append(alice.private_chat("bob", "for bob alone")["mid"])
    bob, carol = held.resume(*({"user": name, "token": token} for name, token in tokens.items()))
    for client in (bob, carol):
        assert take(client, 1)[0]["result"] == "success"
    assert mids(p for p in arrived(bob) if "mid" in p) == sent
    assert mids(p for p in arrived(carol) if "mid" in p) == sent[:-1]
    live = alice.group_chat("staff", "live")["mid"]
    assert mids(arrived(carol)) == [live]


def test_a_database_that_fails_in_the_middle_leaves_no_session_behind(
    server: RunningServer, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.friends("alice", "bob")
    tokens = {client.user: client.token for client in (alice, bob)}
    for client in (alice, bob):
        client.close()
    wait_until(lambda: not len(server.server.services.online), "all have left")

    def broken(tx: Transaction, user_ids: Sequence[int], after: int) -> missed.Newest:
        raise DatabaseUnavailable("for this test")

    with monkeypatch.context() as patch:
        patch.setattr(missed, "newest", broken)
        back = held.resume(*({"user": name, "token": token} for name, token in tokens.items()))
        assert [take(client, 1)[0]["result"] for client in back] == ["busy", "busy"]
    wait_until(lambda: not len(server.server.services.online), "nobody is in")
    again = server.connect()
    again.resume("alice", tokens["alice"])
    assert again.private_chat("bob", "where are you?")["result"] == "offline"
