"""How the client asks who has read what: about few, piece by piece, and with patience."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chatwire import resilient
from chatwire.codec import Object
from chatwire.fields import MAX_PEERS
from qtclient.model.session import Session
from qtclient.records import Key, Kind, Sent
from tests.qtclient.net.scripted import ScriptedServer, reply, welcome
from tests.qtclient.net.test_nonsense import good, logged_in
from tests.qtclient.support import qt_wait

Read = Callable[[Object], "list[Object | bytes]"]


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 0.1)


def wrote_to(mid: int, name: str, sender: str = "me") -> Object:
    other = "me" if sender != "me" else name
    return {"cmd": "private_chat", "user_from": sender, "user_to": other, "text": "x", "mid": mid, "ts": mid}


def everybody(request: Object) -> list[Object | bytes]:
    """All have read all there is."""
    return [reply(request, read=[{"peer": name, "mid": 10_000} for name in request["peers"]])]


class Script:
    """A good server with some messages, which come behind the reply to a login."""

    def __init__(self, messages: list[Object], read: Read) -> None:
        self._messages = messages
        self._read = read

    def answer(self, request: Object) -> list[Object | bytes] | None:
        if request["cmd"] == "login":
            return [welcome(request), *self._messages]
        if request["cmd"] == "resume":
            return [welcome(request, mid=request["after"])]
        return self._read(request) if request["cmd"] == "read_by" else good(request)


def asked(server: ScriptedServer) -> list[list[str]]:
    return [obj["peers"] for obj in list(server.asked) if obj.get("cmd") == "read_by"]


def state(session: Session, name: str) -> Sent | None:
    """Of the newest message, None where there is none yet."""
    found = session.reader.newest(Key(Kind.PEER, name), 1).messages
    return found[0].sent if found else None


def test_only_about_those_who_may_have_read_something_and_in_pieces(tmp_path: Path) -> None:
    names = [f"friend {number}" for number in range(250)]
    missed = [wrote_to(mid, name) for mid, name in enumerate(names, 1)]
    missed += [wrote_to(1000 + mid, f"quiet {mid}", f"quiet {mid}") for mid in range(50)]
    with logged_in(Script(missed, everybody).answer, tmp_path) as (server, session):
        qt_wait(lambda: len(asked(server)) == 3, "all are asked about")
        assert [len(peers) for peers in asked(server)] == [MAX_PEERS, MAX_PEERS, 50]
        assert sorted(name for peers in asked(server) for name in peers) == sorted(names)
        qt_wait(lambda: all(state(session, name) is Sent.READ for name in names), "all that is read shows so")
        server.hang_up()
        qt_wait(lambda: server.count("resume") == 1 and server.count("ping") == 2, "it is back")
        server.push(wrote_to(20_000, "friend 7"))
        qt_wait(lambda: session.reader.message(20_000), "it is here")
        assert len(asked(server)) == 3, "there is nothing to ask about"
        server.hang_up()
        qt_wait(lambda: len(asked(server)) == 4, "about the new one")
        assert asked(server)[3] == ["friend 7"]


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    words = ["busy", "rate_limited", "internal"]

    def read(request: Object) -> list[Object | bytes]:
        return [reply(request, words.pop(0), retry_after_ms=1)] if words else everybody(request)

    with logged_in(Script([wrote_to(1, "ann")], read).answer, tmp_path) as (server, session):
        qt_wait(lambda: state(session, "ann") is Sent.READ, "it is known in the end")
        assert asked(server) == [["ann"]] * 4


def test_an_old_server_is_asked_once(tmp_path: Path) -> None:
    """It does not know the question, and everything else goes on."""

    def read(request: Object) -> list[Object | bytes]:
        return [{"cmd": "error", "result": "unknown_cmd", "detail": "there is no such command"}]

    with logged_in(Script([wrote_to(1, "ann")], read).answer, tmp_path) as (server, session):
        qt_wait(lambda: asked(server), "it is asked")
        server.push(wrote_to(2, "ann"))
        qt_wait(lambda: session.reader.message(2), "it is heard")
        assert state(session, "ann") is Sent.STORED
        assert (len(asked(server)), server.count("login"), server.count("resume")) == (1, 1, 0)


@pytest.mark.parametrize(
    "read", [None, 5, [1], [{}], [{"peer": "ann"}], [{"peer": "ann", "mid": -1}], [{"peer": "ann", "mid": 1 << 60}],
             [{"peer": "ann", "mid": "1"}], [{"peer": "bob", "mid": 9}, {"peer": ["ann"], "mid": 9}]],
)  # fmt: skip
def test_answers_of_nonsense_change_nothing(tmp_path: Path, read: object) -> None:
    def nonsense(request: Object) -> list[Object | bytes]:
        return [reply(request, read=read)]

    with logged_in(Script([wrote_to(1, "ann")], nonsense).answer, tmp_path) as (server, session):
        qt_wait(lambda: asked(server), "it is asked")
        server.push(wrote_to(2, "ann"))
        qt_wait(lambda: session.reader.message(2), "what comes behind the answer is here")
        assert [m.sent for m in session.reader.newest(Key(Kind.PEER, "ann"), 2).messages] == [Sent.STORED] * 2
        assert not session.reader.conversation(Key(Kind.PEER, "bob")).ts
