"""What cannot be written as UTF-8 costs the one request that holds it, never the session, nor what waits to be sent."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chatwire.client import Client
from chatwire.errors import BadRequest, WireError
from chatwire.events import Fate, LinkDown, LinkUp
from chatwire.resilient import ResilientClient
from chatwire.terminal.network import Ended, Failed, Network, Posted
from chatwire.text import well_formed
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.once

HALF = "caf\ud83d"  # what a limit of UTF-16 units leaves of an emoji
BYTE = "caf\udce9"  # how Python hands over a byte of a terminal that is no UTF-8


class Posts:
    """What a `Network` posts."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self.all: list[Posted] = []

    def __call__(self, event: Posted) -> None:
        self._queue.put(event)

    def next(self, kind: type[Any]) -> Any:
        while not isinstance(event := self._queue.get(timeout=DEADLINE), kind):
            self.all.append(event)
        self.all.append(event)
        return event


@contextmanager
def network(server: RunningServer, user: str) -> Iterator[tuple[Network, Posts]]:
    posts = Posts()
    network = Network(server.connect, posts)
    network.start()
    network.login(user, user, list)
    posts.next(LinkUp)
    try:
        yield network, posts
    finally:
        network.stop(DEADLINE)


@pytest.mark.parametrize("text", [HALF, BYTE])
def test_the_client_refuses_it_and_lives(server: RunningServer, text: str) -> None:
    alice = server.user("alice")
    for fields in ({"user": text, "password": "x"}, {"user": "x", "password": text}):
        with pytest.raises(BadRequest, match="user" if fields["user"] == text else "password"):
            alice.request("register", **fields)
    with pytest.raises(BadRequest, match="limit"):
        alice.request("history", peer="bob", limit=2**70)
    with pytest.raises(BadRequest):
        alice.request("ping", **{text: 1})
    assert alice.request("ping")["result"] == "success"


@pytest.mark.parametrize("text", [HALF, BYTE])
def test_the_queue_of_a_session_lives(server: RunningServer, text: str) -> None:
    server.user("bob")
    server.user("alice")
    client = ResilientClient(server.connect, "alice", "alice")
    try:
        assert isinstance(client.next_event(DEADLINE), LinkUp)
        kept = client.say(to="bob", text="kept")
        for target in ({"to": "bob"}, {"group": "g"}):
            with pytest.raises(BadRequest, match="text"):
                client.say(text=text, **target)
        with pytest.raises(BadRequest, match="user_to"):
            client.say(text="x", to=text)
        with pytest.raises(BadRequest, match="peer"):
            client.ask("history", peer=text, limit=1)
        client.tell("typing", peer=text)
        event = client.next_event(DEADLINE)
        assert isinstance(event, Fate)
        assert (event.cid, event.stored, client.unacknowledged, client.connected) == (kept, True, [], True)
    finally:
        client.close()


def test_a_login_that_cannot_be_written_is_refused(server: RunningServer) -> None:
    client = ResilientClient(server.connect, "alice", HALF)
    with pytest.raises(BadRequest, match="password"):
        client.next_event(DEADLINE)
    client.close()


@pytest.mark.parametrize("text", [HALF, BYTE])
def test_the_thread_of_the_connection_lives(server: RunningServer, text: str) -> None:
    server.user("alice")
    server.user("bob")
    with network(server, "alice") as (net, posts):
        net.say("1", text, {"to": "bob"})
        net.say("2", "x", {"to": text})
        net.tell("typing", peer=text)
        answer = net.ask("history", peer=text, limit=1)
        registered = net.register(text, "pw")
        net.say("3", "kept", {"to": "bob"})
        fates = [posts.next(Fate) for _ in range(3)]
        assert [(fate.cid, fate.stored) for fate in fates] == [("1", False), ("2", False), ("3", True)]
        for future in (answer, registered):
            assert isinstance(future.exception(DEADLINE), BadRequest)
        net.login(text, "pw", list)
        net.say("4", "kept, too", {"to": "bob"})
        assert posts.next(Fate).cid == "4"
    assert not [event for event in posts.all if isinstance(event, Ended | LinkDown)]


def test_a_job_that_fails_in_an_unexpected_way_ends_no_session(server: RunningServer) -> None:
    server.user("alice")
    server.user("bob")
    with network(server, "alice") as (net, posts):
        net.tell("typing", peer=object())
        net.say("1", "kept", {"nobody": "knows this"})
        net.say("2", "kept", {"to": "bob"})
        fates = [posts.next(Fate), posts.next(Fate)]
        assert [(fate.cid, fate.stored) for fate in fates] == [("1", False), ("2", True)]
    assert not [event for event in posts.all if isinstance(event, Ended | LinkDown)]


def test_what_the_library_did_not_expect_costs_the_link_and_not_the_queue(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.user("alice")
    server.user("bob")
    broken: list[Exception] = [ArithmeticError("a defect")]
    honest = Client.next_push

    def next_push(self: Client, timeout: float | None = None) -> Any:
        if broken:
            raise broken.pop()
        return honest(self, timeout)

    with network(server, "alice") as (net, posts):
        monkeypatch.setattr(Client, "next_push", next_push)
        net.say("1", "kept", {"to": "bob"})
        posts.next(LinkDown)
        posts.next(LinkUp)
        assert posts.next(Fate).stored
    assert not [event for event in posts.all if isinstance(event, Ended)]
    assert not broken


def test_a_failed_job_is_told(server: RunningServer) -> None:
    server.user("alice")
    with network(server, "alice") as (net, posts):
        net._do(_fails)
        assert isinstance(posts.next(Failed).error, WireError)


def _fails() -> None:
    raise WireError("as nobody expected")


def test_text_is_made_well_formed() -> None:
    assert well_formed(f"a{HALF}{BYTE}z") == "acaf\ufffdcaf\ufffdz"
    assert well_formed("🩷 ok") == "🩷 ok"
