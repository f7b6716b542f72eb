"""A server that answers nonsense: the client lives on, and says something clear where there is something to say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatwire import resilient
from chatwire.codec import Object
from qtclient.cache.reader import Reader
from qtclient.model.login import LoginFlow
from qtclient.model.session import Session
from qtclient.records import Key, Kind, Sent, ServerAddress
from tests.qtclient.net.scripted import Answer, ScriptedServer, reply, scripted, welcome
from tests.qtclient.support import PASSWORD, qt_wait

ANN = Key(Kind.PEER, "ann")


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 0.1)


def good(request: Object) -> list[Object | bytes] | None:
    """As a good server with nobody else in it answers."""
    if request["cmd"] in ("login", "resume"):
        return [welcome(request)]
    if request["cmd"] in ("private_chat", "group_chat"):
        return [reply(request, mid=1000, ts=5)]
    if request["cmd"] in ("sync", "history"):
        return [reply(request, messages=[], more=False)]
    return [reply(request)]


def private(mid: int, text: str) -> Object:
    return {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": text, "mid": mid, "ts": 1}


def texts(session: Session) -> list[str]:
    model = session.messages(ANN)
    return [model.message(row).text for row in range(model.rowCount())]


@contextmanager
def logged_in(answer: Answer, folder: Path) -> Iterator[tuple[ScriptedServer, Session]]:
    with scripted(answer) as server:
        flow = LoginFlow(folder)
        found: list[Session] = []
        problems: list[str] = []
        flow.ready.connect(found.append)
        flow.failed.connect(problems.append)
        flow.start(ServerAddress("127.0.0.1", server.port, tls=False), "me", PASSWORD, register=False, stay=False)
        qt_wait(lambda: found or problems, "it is logged in")
        assert not problems, problems
        try:
            yield server, found[0]
        finally:
            found[0].close()
            found[0].deleteLater()
            flow.deleteLater()


PUSHES = (
    "private_chat", "group_chat", "recv_file_port_reply", "file_state", "friend_login", "friend_offline",
    "add_friend_reply", "friend_removed", "group_joined", "group_left", "read", "typing", "goodbye", "error", "what",
)  # fmt: skip
FIELDS = (
    "user_from", "user_to", "user", "group", "peer", "text", "mid", "ts", "file", "filename", "length", "state",
    "from_user", "to_user", "friend", "result", "offset",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    1 << 62,
    1.5,
    "",
    "x" * 5000,
    "\n",
    [],
    {},
    [[]],
    {"a": None},
    "me",
    "ann",
)


def test_pushes_of_nonsense(profile: Path, caplog: pytest.LogCaptureFixture) -> None:
    with logged_in(good, profile) as (server, session):
        qt_wait(lambda: session.online, "online")
        server.push(b"this is no JSON\n", b"[1, 2]\n", b'"text"\n', b"{}\n", b'{"cmd": 5}\n', b"\xff\xfe\n", b"\n")
        for cmd in PUSHES:
            server.push({"cmd": cmd}, *({"cmd": cmd, **dict.fromkeys(FIELDS, value)} for value in VALUES))
        server.push(private(5_000_000_000_000_000, "after all that"))
        model = session.messages(ANN)
        qt_wait(
            lambda: [model.message(row).text for row in range(model.rowCount())][-1:] == ["after all that"], "it lives"
        )
        assert session.online
    assert not [record for record in caplog.records if record.exc_info], "no traceback anywhere"


NO_LOGINS: list[list[Object | bytes] | None] = [
    [{}],
    [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    [{"cmd": "login_reply", "id": 1}],
    None,
]


@pytest.mark.parametrize("said", NO_LOGINS, ids=range(len(NO_LOGINS)))
def test_a_login_of_nonsense_is_refused_clearly(profile: Path, said: list[Object | bytes] | None) -> None:
    with scripted(lambda request: said) as server:
        flow = LoginFlow(profile)
        problems: list[str] = []
        flow.failed.connect(problems.append)
        address = ServerAddress("127.0.0.1", server.port, tls=False)
        flow.start(address, "me", PASSWORD, register=False, stay=False)
        qt_wait(lambda: problems or server.asked, "it has asked")
        server.close()
        qt_wait(lambda: problems, "it is refused")
        assert problems[0]
        assert "Traceback" not in problems[0]
        flow.deleteLater()


def test_replies_of_nonsense(profile: Path) -> None:
    odd: list[Object] = [
        {"result": "success"}, {"result": None}, {}, {"messages": "no"}, {"result": "dance", "retry_after_ms": "soon"},
        {"result": "success", "messages": [1, {}], "more": 5},
    ]  # fmt: skip

    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] in ("login", "resume", "ping", "offline"):
            return good(request)
        return [{"cmd": f"{request['cmd']}_reply", "id": request.get("id"), **odd[len(str(request)) % len(odd)]}]

    with logged_in(answer, profile) as (_, session):
        qt_wait(lambda: session.online, "online")
        told: list[tuple[bool, str]] = []
        for length in range(len(odd)):
            session.add_friend("x" * (length + 1), lambda ok, text: told.append((ok, text)))
            session.create_group("x" * (length + 1), lambda ok, text: told.append((ok, text)))
            session.ask_members("x" * (length + 1))
            session.say(ANN, "x" * (length + 1))
        qt_wait(lambda: len(told) == 2 * len(odd), "all are answered")
        model = session.messages(ANN)
        qt_wait(lambda: model.rowCount() == len(odd), "all are shown")
        qt_wait(
            lambda: all(model.message(row).sent is Sent.FAILED for row in range(len(odd))), "none is taken for stored"
        )
        model.load_older()
        qt_wait(lambda: not model.loading, "history ends")
        assert session.online


def test_a_sync_without_end_ends(profile: Path) -> None:
    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] in ("login", "resume"):
            return [welcome(request, mid=1_000_000, unread=[{"peer": "ann", "count": 7, "mid": 3}])]
        if request["cmd"] in ("sync", "history"):
            return [reply(request, messages=[private(5, "always the same")], more=True)]
        return good(request)

    with logged_in(answer, profile) as (server, session):
        qt_wait(lambda: server.count("sync") == 2, "it has been given up")
        model = session.messages(ANN)
        while model.load_older():
            qt_wait(lambda: not model.loading, "the server was asked")
        assert server.count("history") < 10
        assert server.count("sync") == 2


def test_a_server_that_hangs_up_again_and_again(profile: Path) -> None:
    rounds: list[int] = []

    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] in ("login", "resume"):
            rounds.append(1)
            return [welcome(request, mid=len(rounds))]
        return None if len(rounds) < 5 else good(request)

    with logged_in(answer, profile) as (_, session):
        session.say(ANN, "in the end")
        model = session.messages(ANN)
        qt_wait(lambda: model.rowCount() == 1 and model.message(0).mid == 1000, "it gets through")


def test_another_server_in_its_place(profile: Path) -> None:
    """Its numbers begin anew: what is cached would hide what it says. It is set aside, and said so."""
    newest = [500]

    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] in ("login", "resume"):
            return [welcome(request, mid=newest[0])]
        if request["cmd"] == "read":
            return None
        return good(request)

    with logged_in(answer, profile) as (server, session):
        notices: list[str] = []
        session.notice.connect(notices.append)
        qt_wait(lambda: session.online, "online")
        server.push(private(501, "of the old server"))
        model = session.messages(ANN)
        qt_wait(lambda: model.rowCount() == 1, "it has come")
        newest[0] = 3
        session.mark_read(ANN)  # at which this server hangs up
        qt_wait(lambda: any("anew" in text for text in notices), "it is said")
        qt_wait(lambda: model.rowCount() == 0 and server.count("resume") == 2, "what was there is set aside")
        qt_wait(lambda: session.online, "online again")
        server.push(private(4, "of the new server"))
        qt_wait(
            lambda: [model.message(row).text for row in range(model.rowCount())] == ["of the new server"], "it has come"
        )


def test_ten_thousand_friends(profile: Path) -> None:
    names = [f"friend {number:05}" for number in range(10_000)]

    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] in ("login", "resume"):
            return [welcome(request, friends=[{"user": name, "online": name < "friend 05000"} for name in names])]
        return good(request)

    with logged_in(answer, profile) as (server, session):
        qt_wait(lambda: len(session.friends_model) == 10_000, "all are there")
        server.push(*({"cmd": "friend_login", "friend": name} for name in names[9_000:]))
        qt_wait(lambda: sum(friend.online for friend in session.friends) == 6_000, "a thousand have come")
        assert [friend.name for friend in session.friends][:6000] == names[:5000] + names[9000:]
    reopened(profile, names)


def reopened(profile: Path, names: list[str]) -> None:
    """All of them are known without a connection."""
    [folder] = (profile / "accounts").iterdir()
    reader = Reader(folder / "cache.db")
    assert reader.friends() == names
    reader.close()
