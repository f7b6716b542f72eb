"""The file daemon's link: who may be it, one at a time, and what holds while it is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from chatd.net.loop import EventLoop
from chatd.registry import file_link
from chatd.registry.file_link import FileLink
from chatwire import tickets
from chatwire.codec import Object
from chatwire.errors import LinkError
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, result, send_at_once, take
from tests.support.file_daemon import attach, base_of, offer, state
from tests.support.login_deadlines import LoginDeadlines
from tests.support.loops import hand_turned, turn
from tests.support.peers import RawPeer, assert_log_is_clean
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

OTHERS = (("file_report", {"file": "x", "state": "complete"}), ("file_port", {"ref": 1, "port": 1}))


def test_wrong_tokens_are_refused(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    services = server.server.services
    secret = attach(server).secret
    services.file_link.detach(services.file_link._peer)  # type: ignore[arg-type]
    stranger = server.connect()
    now = int(time.time())
    wrong = [
        "x", "a.b.c", tickets.issue_hello(b"y" * 64), tickets.issue_hello(secret)[:-4],
        tickets.issue(secret, tickets.Ticket("file", "up", 1)),
        jwt.encode({"aud": "chatd", "exp": now - 5}, secret, "HS256"),
        jwt.encode({"aud": "chatd"}, secret, "HS256"),
        jwt.encode({"aud": "chatd", "exp": now + 60}, "", "none"),
    ]  # fmt: skip
    for token in wrong:
        assert result(stranger, "file_daemon", token=token, port=80) == "token_error", token
    for bad in ("", "x" * 1025, 5, None, "\u00e9"):
        assert result(stranger, "file_daemon", token=bad, port=80) == "bad_request", bad
    for port in (0, -1, 65536, "80", None):
        assert result(stranger, "file_daemon", token=tickets.issue_hello(secret), port=port) == "bad_request", port
    for cmd, fields in OTHERS:
        assert result(stranger, cmd, **fields) == "forbidden"
    assert not services.file_link.present
    assert_log_is_clean(caplog, secret.decode(), *wrong[2:])


def test_a_user_is_no_file_daemon(server: RunningServer) -> None:
    daemon = attach(server)
    alice = server.user("alice")
    assert result(alice, "file_daemon", token=tickets.issue_hello(daemon.secret), port=80) == "bad_request"
    for cmd, fields in OTHERS:
        assert result(alice, cmd, **fields) == "forbidden"
    assert server.server.services.file_link.port == daemon.port


def test_the_file_daemon_has_no_deadline_and_no_rates(deadlines: LoginDeadlines, make_server: ServerFactory) -> None:
    server = make_server()
    daemon = attach(server)
    alice = server.user("alice")
    deadlines.pass_()
    with RawPeer(server, tls=False) as idle:  # the deadline may be over before a handshake is
        idle.send(b" ")
        assert idle.read() == {"cmd": "goodbye", "result": "login_timeout"}
    file = offer(alice, "alice")["file"]
    request = {"cmd": "file_report", "file": file, "state": "uploading", "offset": 1}
    send_at_once(daemon.client, *[request] * 3000)
    assert {reply["result"] for reply in take(daemon.client, 3000)} == {"success"}


def test_without_a_file_daemon_offers_are_busy_and_the_rest_goes_on(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    for _ in range(2):
        reply = offer(alice, "bob")
        assert (reply["cmd"], reply["result"], reply["detail"]) == ("send_file_reply", "busy", file_link.AWAY)
        daemon = attach(server)
        file = offer(alice, "bob", cid="c")["file"]
        daemon.close()
        wait_until(lambda: not server.server.services.file_link.present, "its end is noticed")
    assert bob.expect("get_file", file=file)["url"].startswith(base_of(server)), "it is sure to come back"
    alice.expect("cancel_file", file=file)
    assert [push["cmd"] for push in take(bob, 2)] == ["recv_file_port_reply", "file_state"]


def test_a_newer_file_daemon_takes_the_place_of_the_older(server: RunningServer) -> None:
    older = attach(server, 8001)
    newer = attach(server, 8002)
    assert older.told() == {"cmd": "goodbye", "result": "replaced"}
    with pytest.raises(LinkError):
        older.client.next_push(DEADLINE)
    alice = server.user("alice")
    reply = offer(alice, "alice")
    assert reply["url"].startswith(base_of(server, 8002))
    newer.uploading(reply["file"], 3)
    assert state(alice)["offset"] == 3


def test_it_may_show_itself_again_with_another_port(server: RunningServer) -> None:
    daemon = attach(server, 8001)
    daemon.client.expect("file_daemon", token=tickets.issue_hello(daemon.secret), port=8002)
    alice = server.user("alice")
    assert offer(alice, "alice")["url"].startswith(base_of(server, 8002))
    assert result(daemon.client, "ping") == "success"


def test_wrong_reports_are_bad_requests(server: RunningServer) -> None:
    daemon = attach(server)
    alice = server.user("alice")
    file = offer(alice, "alice")["file"]
    good = {"file": file, "state": "uploading", "offset": 1, "sha256": "0" * 64, "detail": "", "role": "send"}
    wrong: dict[str, list[Any]] = {
        "file": ["", "a/b", 5, None], "state": ["waiting", "declined", "", 5, None], "offset": [-1, "1", 2**53, 1.5],
        "sha256": ["0", 5], "detail": [5], "role": ["both", 5],
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            assert result(daemon.client, "file_report", **{**good, name: value}) == "bad_request", (name, value)
    ports: list[Object] = [{}, {"ref": 1}, {"ref": "1", "port": 1}, {"ref": 1, "port": 70000}]
    for fields in ports:
        assert result(daemon.client, "file_port", **fields) == "bad_request", fields
    assert result(daemon.client, "file_port", ref=12345, port=1) == "success", "of another life"
    assert arrived(alice) == []


def test_what_was_asked_is_answered_once_however_the_daemon_ends() -> None:
    with hand_turned() as loop:
        link, first, second = FileLink(), _Peer(loop), _Peer(loop)
        daemons: list[Any] = [first, second]
        answers: list[tuple[str, int, str]] = []

        def ask(name: str) -> None:
            link.ask_port({"file": name}, lambda port, detail: answers.append((name, port, detail)))

        ask("early")
        link.attach(daemons[0], 80)
        ask("answered")
        ask("replaced")
        turn(loop)
        assert [obj["file"] for obj in first.told] == ["answered", "replaced"]
        link.answered(first.told[0]["ref"], 5, "")
        link.answered(first.told[0]["ref"], 6, "")
        link.attach(daemons[1], 80)
        ask("late")
        link.detach(daemons[0])
        assert link.present
        turn(loop)
        assert first.reasons == ["replaced"]
        [(_, silence)] = second.timers
        silence()
        ask("gone")
        link.detach(daemons[1])
        link.detach(daemons[1])
        link.tell({"cmd": "file_withdrawn"})
        turn(loop)
    away = file_link.AWAY
    assert answers == [
        ("early", 0, away), ("answered", 5, ""), ("replaced", 0, away), ("late", 0, "no answer"), ("gone", 0, away),
    ]  # fmt: skip


class _Peer:
    """Stands for the file daemon's connection and, where timers are concerned, for its loop."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self.loop = self
        self.told: list[Object] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.reasons: list[str] = []

    def post(self, job: Callable[[], None]) -> None:
        self._loop.post(job)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.timers.append((delay, callback))

    def send_object(self, obj: Object) -> None:
        self.told.append(obj)

    def say_goodbye(self, reason: str) -> None:
        self.reasons.append(reason)
