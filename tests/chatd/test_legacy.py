"""The original client: indented objects in, one object per TCP segment out, the original commands and words.

It is spoken to through bare sockets. Its connections are always plain text; what depends on the kernel's
count of bytes is tried over TLS, too.
"""

from __future__ import annotations

import json
import queue
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from chatd.commands.legacy import Pacer
from chatd.net.connection import ConnectionSettings
from chatd.net.loop import EventLoop
from chatd.net.timers import Timer
from chatwire.codec import Object
from chatwire.commands import LEGACY_GAP
from tests.support.chatting import arrived, texts
from tests.support.loops import Pair, hand_turned
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import wait_until

plain_and_tls = pytest.mark.parametrize("tls", ["plain", "tls"], indirect=True)


class Legacy:
    """What the original client does: Qt's indented JSON, no ids, no tokens."""

    def __init__(self, server: RunningServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), 15)
        self._text = ""

    def say(self, end: str = "\n", **fields: Any) -> None:
        self.socket.sendall(indented(fields, end))

    def ask(self, **fields: Any) -> Object:
        self.say(**fields)
        return self.read()

    def read(self) -> Object:
        """The next object, however the stream was cut."""
        while True:
            try:
                obj, end = json.JSONDecoder().raw_decode(self._text)
            except ValueError:
                data = self.socket.recv(65536)
                assert data, "the connection has ended"
                self._text = (self._text + data.decode()).lstrip()
            else:
                self._text = self._text[end:].lstrip()
                assert isinstance(obj, dict)
                return obj


def indented(fields: Object, end: str = "\n") -> bytes:
    return (json.dumps(fields, indent=4, ensure_ascii=False) + end).encode()


@pytest.fixture(params=["plain"])
def tls(request: pytest.FixtureRequest) -> bool:
    """In place of the one that all tests share."""
    return bool(request.param == "tls")


@pytest.fixture
def connect(server: RunningServer) -> Iterator[Callable[[], Legacy]]:
    """Opens connections, and closes them at the end."""
    made: list[Legacy] = []

    def make() -> Legacy:
        made.append(Legacy(server))
        return made[-1]

    yield make
    for peer in made:
        peer.socket.close()


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[Callable[[], None]]:
    """The gap between two objects ends when the test calls what it finds here."""
    gaps: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    call_later = EventLoop.call_later

    def held(loop: EventLoop, delay: float, callback: Callable[[], None]) -> Timer:
        if callback.__qualname__ != "Pacer._next":
            return call_later(loop, delay, callback)
        assert delay == LEGACY_GAP
        gaps.put(lambda: loop.post(callback))
        return call_later(loop, 3600, lambda: None)

    monkeypatch.setattr(EventLoop, "call_later", held)
    return gaps


LONG = "x" * 16_000  # more than a receive window of 4096 bytes takes

Connect = Callable[[], Legacy]
Gaps = queue.SimpleQueue[Callable[[], None]]


def test_the_original_commands_are_answered_in_the_original_words(server: RunningServer, connect: Connect) -> None:
    ann, ben = connect(), connect()
    assert ann.ask(cmd="register", user="ann", password="1") == {"cmd": "register_reply", "result": "success"}
    assert ann.ask(cmd="register", user="ann", password="2")["result"] == "failure"
    ben.ask(cmd="register", user="ben", password="1")
    assert ann.ask(cmd="login", user="who", password="1") == {"cmd": "login_reply", "result": "user_not_exist"}
    assert ann.ask(cmd="login", user="ann", password="2") == {"cmd": "login_reply", "result": "password_error"}
    reply = ann.ask(cmd="login", user="ann", password="1")
    assert {name: reply[name] for name in ("cmd", "result", "friend", "group")} == {
        "cmd": "login_reply", "result": "success", "friend": "", "group": "",
    }  # fmt: skip
    ben.ask(cmd="login", user="ben", password="1")
    assert ann.ask(cmd="add", user="ann", friend="who") == {"cmd": "add_reply", "result": "user_not_exist"}
    assert ann.ask(cmd="add", user="ann", friend="ben") == {
        "cmd": "add_reply", "result": "success", "friend": "ben", "online": True,
    }  # fmt: skip
    assert ben.read() == {"cmd": "add_friend_reply", "result": "ann"}
    assert ben.ask(cmd="add", user="ben", friend="ann") == {"cmd": "add_reply", "result": "already_friend"}
    for result in ("success", "group_exist"):
        reply = ann.ask(cmd="create_group", user="ann", group="g")
        assert reply == {
            "cmd": "create_group_reply",
            "result": result,
            **({"group": "g", "since": 0} if result == "success" else {}),
        }
    assert ben.ask(cmd="add_group", user="ben", group="x") == {"cmd": "add_group_reply", "result": "group_not_exist"}
    assert ben.ask(cmd="add_group", user="ben", group="g") == {
        "cmd": "add_group_reply", "result": "success", "group": "g", "since": 0,
    }  # fmt: skip
    assert ben.ask(cmd="add_group", user="ben", group="g") == {"cmd": "add_group_reply", "result": "user_in_group"}
    assert ann.read() == {"cmd": "group_joined", "group": "g", "user": "ben", "since": 0}
    reply = ben.ask(cmd="get_group_member", group="g")
    assert (reply["cmd"], reply["group"], reply["member"]) == ("get_group_member_reply", "g", "ann|ben")


def test_chat_is_delivered_as_the_object_that_was_sent(server: RunningServer, connect: Connect) -> None:
    ann, ben = _log_in(connect(), "ann"), _log_in(connect(), "ben")
    said: Object = {"cmd": "private_chat", "user_from": "ann", "user_to": "ben", "text": "zwei\nZeilen 世界"}
    reply = ann.ask(**said)
    assert (reply["cmd"], reply["result"]) == ("private_chat_reply", "success")
    push = ben.read()
    assert {name: push[name] for name in said} == said
    assert ben.ask(cmd="offline", user="ben")["cmd"] == "offline_reply"
    reply = ann.ask(cmd="private_chat", user_from="ann", user_to="ben", text="later")
    assert reply["result"] == "offline"
    again = connect()
    again.ask(cmd="login", user="ben", password="ben")
    assert again.read()["text"] == "later"


def test_a_group_message_comes_back_to_the_legacy_session_that_sent_it(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    modern.expect("create_group", group="g")
    ann, elsewhere = _log_in(connect(), "ann"), connect()
    ann.ask(cmd="add_group", user="ann", group="g")
    elsewhere.ask(cmd="login", user="ann", password="ann")
    said: Object = {"cmd": "group_chat", "user": "ann", "group": "g", "text": "hi"}
    ann.say(**said)
    echo, reply = ann.read(), ann.read()
    assert {name: echo[name] for name in said} == said
    assert (reply["cmd"], reply["result"], reply["mid"]) == ("group_chat_reply", "success", echo["mid"])
    assert elsewhere.read() == echo
    assert texts(obj for obj in arrived(modern) if "text" in obj) == ["hi"]
    modern.group_chat("g", "and back")
    assert ann.read()["text"] == "and back"


def test_friends_hear_of_a_legacy_user_who_comes_and_goes(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    ann = _log_in(connect(), "ann")
    ann.ask(cmd="add", user="ann", friend="modern")
    ann.say(cmd="offline", user="ann")
    assert ann.read() == {"cmd": "offline_reply", "result": "success"}
    ann.ask(cmd="login", user="ann", password="ann")
    ann.socket.close()
    pushes = [modern.next_push(15) for _ in range(4)]
    assert [push and push["cmd"] for push in pushes] == [
        "add_friend_reply", "friend_offline", "friend_login", "friend_offline",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\n\n  \n"])
def test_objects_are_found_however_they_end_and_are_cut(server: RunningServer, connect: Connect, end: str) -> None:
    peer = connect()
    peer.say(end, cmd="register", user="ann", password='}\n{"')
    assert peer.read() == {"cmd": "register_reply", "result": "success"}
    login = indented({"cmd": "login", "user": "ann", "password": '}\n{"'}, end)
    ping = indented({"cmd": "ping"}, end)
    peer.socket.sendall(login + ping + ping[:9])
    assert [peer.read()["cmd"] for _ in range(2)] == ["login_reply", "ping_reply"]
    for index in range(9, len(ping)):
        peer.socket.sendall(ping[index : index + 1])
    assert peer.read()["cmd"] == "ping_reply"


@pytest.mark.parametrize("legacy", [True, False])
def test_the_first_object_decides_what_a_connection_is(server: RunningServer, connect: Connect, legacy: bool) -> None:
    peer = connect()
    first: Object = {"cmd": "register", "user": "ann", "password": "ann"}
    rest: list[Object] = [
        {"cmd": "login", "user": "ann", "password": "ann"},
        {"cmd": "create_group", "group": "g"},
        {"cmd": "group_chat", "group": "g", "text": "echo?"},
        {"cmd": "ping"},
    ]
    lines = b"".join(json.dumps(obj).encode() + b"\n" for obj in ([] if legacy else [first]) + (rest if legacy else []))
    spread = b"".join(indented(obj) for obj in ([first] if legacy else rest))
    peer.socket.sendall(spread + lines if legacy else lines + spread)
    replies = [peer.read() for _ in range(5 + legacy)]
    assert [reply["cmd"] for reply in replies].count("group_chat") == legacy


def test_one_object_is_written_at_a_time(server: RunningServer, connect: Connect, paced: Gaps) -> None:
    ann = connect()
    requests: list[Object] = [
        {"cmd": "register", "user": "ann", "password": "ann"},
        {"cmd": "login", "user": "ann", "password": "ann"},
        {"cmd": "create_group", "group": "g"},
        *({"cmd": "group_chat", "group": "g", "text": str(number)} for number in range(3)),
        {"cmd": "nonsense"},
        {"cmd": "sync", "after": 0},
    ]
    ann.socket.sendall(b"".join(map(indented, requests)))
    got = []
    for _ in range(11):
        got.append(json.loads(ann.socket.recv(65536)))  # fails when it is more than one object, or less
        paced.get(timeout=15)()
    words = ["register_reply", "login_reply", "create_group_reply", "error", "sync_reply"]
    assert sorted(obj["cmd"] for obj in got) == sorted([*words, *["group_chat", "group_chat_reply"] * 3])


def test_missed_messages_are_written_one_at_a_time_too(server: RunningServer, connect: Connect, paced: Gaps) -> None:
    modern = server.user("modern")
    server.connect().register("ann", "ann")
    for number in range(3):
        modern.private_chat("ann", str(number))
    ann = connect()
    ann.say(cmd="login", user="ann", password="ann")
    got = []
    for _ in range(4):
        got.append(json.loads(ann.socket.recv(65536)))
        paced.get(timeout=15)()
    assert texts(got[1:]) == ["0", "1", "2"]


def test_a_login_does_not_repeat_what_an_earlier_session_was_sent(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    ann = _log_in(connect(), "ann")
    sent = [modern.private_chat("ann", str(number))["mid"] for number in range(3)]
    assert texts(ann.read() for _ in range(3)) == ["0", "1", "2"]
    ann.socket.close()
    wait_until(lambda: _acked(server, "ann") == sent[-1], "what was written counts as received")
    modern.private_chat("ann", "new")
    again = connect()
    again.ask(cmd="login", user="ann", password="ann")
    assert again.read()["text"] == "new"
    again.ask(cmd="offline", user="ann")
    wait_until(lambda: _acked(server, "ann") > sent[-1], "after offline, too")
    assert again.ask(cmd="login", user="ann", password="ann")["cmd"] == "login_reply"
    assert again.ask(cmd="ping")["cmd"] == "ping_reply", "nothing is repeated in between"


def test_what_was_not_written_before_the_end_comes_at_the_next_login(
    server: RunningServer, connect: Connect, paced: Gaps
) -> None:
    modern = server.user("modern")
    ann = connect()
    ann.say(cmd="register", user="ann", password="ann")
    json.loads(ann.socket.recv(65536))
    sent = [modern.private_chat("ann", str(number))["mid"] for number in range(3)]
    ann.say(cmd="login", user="ann", password="ann")
    for _ in range(2):
        paced.get(timeout=15)()
        json.loads(ann.socket.recv(65536))
    ann.socket.close()
    wait_until(lambda: server.server.services.online.find("ann") is None, "the session is over")
    modern.expect("ack", mid=0)  # the journal has written what that session left behind
    assert _acked(server, "ann") == sent[0]
    assert texts(arrived(server.again("ann"))) == ["1", "2"]


def test_what_one_user_was_sent_says_nothing_of_the_next_one_on_that_connection(
    server: RunningServer, connect: Connect, paced: Gaps
) -> None:
    modern = server.user("modern")
    for name in ("ann", "ben"):
        server.connect().register(name, name)
    for text in ("for ben 0", "for ben 1"):
        modern.private_chat("ben", text)
    newest = modern.private_chat("ann", "for ann")["mid"]
    peer = connect()
    peer.say(cmd="login", user="ann", password="ann")
    _release_until(paced, peer, "private_chat")
    peer.say(cmd="offline")
    paced.get(timeout=15)()
    _release_until(paced, peer, "offline_reply")
    wait_until(lambda: _acked(server, "ann") == newest, "Ann has had hers")
    peer.say(cmd="login", user="ben", password="ben")
    paced.get(timeout=15)()
    _release_until(paced, peer, "login_reply")
    peer.socket.close()
    wait_until(lambda: server.server.services.online.find("ben") is None, "Ben has left without his messages")
    modern.expect("ack", mid=0)  # the journal has written what Ben's session left behind
    assert texts(arrived(server.again("ben"))) == ["for ben 0", "for ben 1"]


@plain_and_tls
def test_what_a_client_did_not_read_before_its_connection_broke_is_sent_again(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = _tiny_window(server, "ann")
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(10)]
    wait_until(lambda: pacer.written == sent[-1], "the kernel holds all of them")
    _break(server, peer, "ann")
    modern.expect("ack", mid=0)  # the journal has written what that session left behind
    assert _acked(server, "ann") == 0
    assert _numbers(arrived(server.again("ann"))) == list(range(10))


@plain_and_tls
def test_what_a_client_has_read_is_not_sent_again_though_its_connection_broke(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = _tiny_window(server, "ann")
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(10)]
    assert _numbers(peer.read() for _ in range(10)) == list(range(10))
    wait_until(lambda: pacer.confirmed == sent[-1], "the peer's kernel has acknowledged it")
    _break(server, peer, "ann")
    wait_until(lambda: _acked(server, "ann") == sent[-1], "what has arrived counts as had")
    assert arrived(server.again("ann")) == []


@plain_and_tls
def test_what_has_arrived_counts_although_something_is_always_on_its_way(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = _tiny_window(server, "ann")
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(10)]
    wait_until(lambda: pacer.written == sent[-1], "the kernel holds all of them")
    assert _numbers(peer.read() for _ in range(3)) == [0, 1, 2]
    wait_until(lambda: pacer.confirmed > 0, "a part has arrived")
    _break(server, peer, "ann")
    wait_until(lambda: _acked(server, "ann") > 0, "that part counts as had")
    again = _numbers(arrived(server.again("ann")))
    assert set(range(3, 10)) <= set(again) < set(range(10))


@plain_and_tls
def test_offline_counts_nothing_that_is_still_on_its_way(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = _tiny_window(server, "ann")
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(3)]
    wait_until(lambda: pacer.written == sent[-1], "the kernel holds all of them")
    peer.send(indented({"cmd": "offline"}))
    wait_until(lambda: server.server.services.online.find("ann") is None, "the session is over")
    modern.expect("ack", mid=0)  # the journal has written what that session left behind
    assert _acked(server, "ann") == 0
    assert (_numbers(peer.read() for _ in range(3)), peer.read()["cmd"]) == ([0, 1, 2], "offline_reply")
    peer.close()


def test_a_line_that_the_kernel_refuses_counts_as_not_had() -> None:
    with hand_turned() as loop:
        pair = Pair(loop, ConnectionSettings(20_000, 100_000, None, 10.0, lambda peer: True))
        pacer = Pacer(pair.connection, 20_000, 100_000, lambda: None)
        pair.peer.close()
        pacer.write(b"line\n", 7)
        pair.connection.flush()  # before the loop has seen the end
        assert (pair.connection.closed, pacer.written, pacer.forget()) == (True, 7, 0)


def test_nothing_is_checked_any_more_once_the_connection_is_gone(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = _tiny_window(server, "ann")
    modern.private_chat("ann", LONG)
    wait_until(lambda: pacer._check_gap > LEGACY_GAP, "it looks again and again")
    _break(server, peer, "ann")
    wait_until(lambda: pacer.written == 0, "what the user has had is settled")
    assert pacer._timer is not None
    assert pacer._timer.callback is None


def _tiny_window(server: RunningServer, name: str) -> tuple[RawPeer, Pacer]:
    """A legacy session whose kernel takes next to nothing that is not read, and the server's side of its output."""
    peer = RawPeer(server, receive_buffer=4096)
    for cmd in ("register", "login"):
        peer.send(indented({"cmd": cmd, "user": name, "password": name}))
        assert peer.read()["result"] == "success"
    [pacer] = [p._pacer for peers in server.server._peers.values() for p in list(peers.values()) if p._pacer]
    return peer, pacer


def _break(server: RunningServer, peer: RawPeer, name: str) -> None:
    peer.reset()
    wait_until(lambda: server.server.services.online.find(name) is None, "the session is over")


def _numbers(messages: Iterable[Object]) -> list[int]:
    return [int(text.split()[0]) for text in texts(messages)]


def _log_in(peer: Legacy, name: str) -> Legacy:
    peer.ask(cmd="register", user=name, password=name)
    assert peer.ask(cmd="login", user=name, password=name)["result"] == "success"
    return peer


def _acked(server: RunningServer, user: str) -> int:
    with server.server.services.database.transaction() as tx:
        return int(tx.rows("SELECT acked FROM users WHERE name = ?", user)[0][0])


def _release_until(paced: Gaps, peer: Legacy, cmd: str) -> None:
    """Let objects through, one by one, until that one has been read; the next one stays where it is."""
    while peer.read()["cmd"] != cmd:
        paced.get(timeout=15)()
