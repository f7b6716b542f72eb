"""Clients that are slow, silent, greedy or suddenly gone: they lose their own connection, and nobody else anything."""

from __future__ import annotations

import json
import logging

import pytest

from chatd.net.connection import TOO_SLOW
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.tls import TlsChannel, client_context
from tests.conftest import ServerFactory
from tests.support.login_deadlines import LoginDeadlines
from tests.support.peers import Neighbours, RawPeer, assert_log_is_clean, lines_about
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

SMALL_MARKS = ("--output-soft", "16384", "--output-hard", "65536", "--limits", "off")
LOGIN_LATE = [{"cmd": "goodbye", "result": "login_timeout"}]


@pytest.fixture(autouse=True)
def _log_from_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _client_hello() -> bytes:
    channel = TlsChannel(client_context(verify=False), server_side=False)
    channel.handshake()
    return channel.outgoing()


def _texts(client: Client, count: int) -> list[str]:
    """The texts of the next pushes, which must all be messages."""
    texts = []
    for _ in range(count):
        push = client.next_push(DEADLINE)
        assert push is not None
        texts.append(push["text"])
    return texts


def _burst(client: Client, group: str, texts: list[str]) -> None:
    """Send without waiting, then take all the replies."""
    for text in texts:
        client.send("group_chat", group=group, text=text)
    for _ in texts:
        reply = client.next_push(DEADLINE)
        assert reply is not None
        assert (reply["cmd"], reply["result"]) == ("group_chat_reply", "success")


def test_half_a_tls_handshake_and_then_silence_is_cut_off(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chatd.server.HANDSHAKE_TIMEOUT", 1.0)
    server = make_server()
    neighbours = Neighbours(server)
    hello = _client_hello()
    for beginning in (b"\x16", hello[: len(hello) // 2], hello, b"\x16\x03\x01\xff\xff", b"\x16 no TLS at all\n" * 9):
        with RawPeer(server, tls=False) as peer:
            peer.send(beginning)
            neighbours.chat(1)
            while peer.socket.recv(65536):  # the server's part of the handshake, or an alert
                pass
    neighbours.chat()
    wait_until(lambda: server.server.acceptor.connections == 2, "only the neighbours are connected")
    assert_log_is_clean(caplog)


def test_a_client_that_does_not_log_in_is_told_and_cut_off(
    deadlines: LoginDeadlines, server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as silent, RawPeer(server) as half, RawPeer(server) as undecided, RawPeer(server) as leaver:
        half.send(b'{"cmd":"login","user":"ann"')
        silent.send(b"" if server.tls else b" ")  # who has sent nothing at all may stay (test_legacy_deadline)
        undecided.say("register", user="undecided", password="x")
        leaver.log_in("leaver")
        neighbours.chat()
        deadlines.pass_()
        assert silent.rest() == LOGIN_LATE
        assert half.rest() == LOGIN_LATE
        assert undecided.rest()[1:] == LOGIN_LATE
        assert leaver.ask("ping")["result"] == "success"  # its deadline was met
        assert leaver.ask("offline")["result"] == "success"
        assert leaver.rest() == LOGIN_LATE
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_a_client_that_sends_byte_after_byte_is_served_like_any_other(
    deadlines: LoginDeadlines, server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server, tls=False) as peer:
        tls = TlsChannel(client_context(verify=False), server_side=False) if server.tls else None

        def trickle(data: bytes) -> None:
            for index in range(len(data)):
                peer.send(data[index : index + 1])

        def read() -> bytes:
            data = peer.socket.recv(65536)
            return tls.receive(data) if tls else data

        while tls and not tls.established:
            tls.handshake()
            trickle(tls.outgoing())
            if not tls.established:
                read()
        for request, result in (("register", b'"success"'), ("login", b'"user_not_exist"')):
            line = json.dumps({"cmd": request, "user": request, "password": "p"}).encode() + b"\n"
            if tls:
                tls.send(line)
                line = tls.outgoing()
            trickle(line)
            reply = b""
            while b"\n" not in reply:
                reply += read()
            assert result in reply
            neighbours.chat(1)
        deadlines.pass_()
        rest = b""
        while data := peer.socket.recv(65536):  # it has not logged in, however busy it was
            rest += tls.receive(data) if tls else data
        assert json.loads(rest) == LOGIN_LATE[0]
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_a_member_who_never_reads_is_cut_off_and_finds_everything_later(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*SMALL_MARKS)
    neighbours = Neighbours(server)
    talker, listener = server.group("staff", "talker", "listener")
    deaf = RawPeer(server, receive_buffer=4096)
    deaf.log_in("deaf")
    joined = deaf.ask("add_group", group="staff")
    assert joined["result"] == "success"
    push = {"cmd": "group_joined", "group": "staff", "user": "deaf", "since": joined["since"]}
    for member in (talker, listener):
        assert member.next_push(DEADLINE) == push
    said: list[str] = []
    while not lines_about(caplog, f"user='deaf' reason={TOO_SLOW}"):
        assert len(said) < 5000, "the one who does not read is still connected"
        texts = [f"{len(said) + index} ".ljust(10_000, "x") for index in range(20)]
        _burst(talker, "staff", texts)
        assert _texts(listener, len(texts)) == texts
        said += texts
    neighbours.chat()
    deaf.close()
    assert lines_about(caplog, TOO_SLOW) == 1
    back = server.again("deaf", after=0)
    assert _texts(back, len(said)) == said
    _burst(talker, "staff", ["welcome back"])
    assert _texts(back, 1) == ["welcome back"]
    page = back.expect("sync", after=back.seen - 1)
    assert [message["text"] for message in page["messages"]] == ["welcome back"]
    assert_log_is_clean(caplog)


def test_a_page_or_a_batch_above_the_hard_mark_is_no_fault_of_one_who_reads(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*SMALL_MARKS)
    talker, listener = server.group("staff", "talker", "listener")
    texts = [f"{index} ".ljust(10_000, "x") for index in range(500)]
    for start in range(0, len(texts), 20):
        _burst(talker, "staff", texts[start : start + 20])
        assert _texts(listener, 20) == texts[start : start + 20]
    assert _texts(server.again("listener", after=0), len(texts)) == texts
    page = [message["text"] for message in listener.expect("history", group="staff", limit=500)["messages"]]
    assert page
    assert page == texts[-len(page) :]
    assert lines_about(caplog, TOO_SLOW) == 0


def test_a_thousand_connections_from_one_address_leave_room_for_others(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    acceptor, limit = server.server.acceptor, server.server.settings.max_per_address
    crowd = [RawPeer(server, tls=False, source="127.0.0.2") for _ in range(1000)]
    try:
        wait_until(lambda: acceptor.accepted == 1002, "all were looked at")
        assert (acceptor.connections, acceptor.refused) == (limit + 2, 1000 - limit)
        for refused in crowd[limit:]:
            assert refused.rest() == [{"cmd": "goodbye", "result": "too_many_connections"}]
        assert crowd[0].ask("ping")["result"] == crowd[limit - 1].ask("ping")["result"] == "success"
        neighbours.chat()
        assert server.user("carol").expect("ping")["result"] == "success"
        assert 1 <= lines_about(caplog, "refusing connections: address=127.0.0.2") < 20
        for peer in crowd[: limit // 2]:
            peer.close()
        wait_until(lambda: acceptor.connections == limit - limit // 2 + 3, "the places are free again")
        with RawPeer(server, source="127.0.0.2") as peer:
            assert peer.log_in("dave")["result"] == "success"
    finally:
        for peer in crowd:
            peer.close()
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_where_plain_text_is_denied_only_tls_gets_in(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--plaintext", "deny")
    server.tls = True
    neighbours = Neighbours(server)
    for first in (b'{"cmd":"login","user":"ann","password":"ann"}\n', b"\n", b"{", b"x" * 70_000):
        with RawPeer(server, tls=False) as peer:
            peer.send(first)
            assert peer.rest() == [{"cmd": "goodbye", "result": "tls_required"}]
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_one_who_floods_is_held_back_and_a_neighbour_is_not(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        peer.log_in("eve")
        count = 1500
        line = json.dumps({"cmd": "private_chat", "user_to": "eve", "text": "flood"}).encode() + b"\n"
        peer.send(line * count)
        neighbours.chat()
        replies = [peer.read() for _ in range(count)]
        stored = sum(reply["result"] == "success" for reply in replies)
        limited = [reply for reply in replies if reply["result"] == "rate_limited"]
        assert stored >= 1000
        assert len(limited) == count - stored > 0
        assert all(reply["retry_after_ms"] > 0 for reply in limited)
        assert peer.ask("history", peer="eve")["result"] == "success"  # another class of requests
    neighbours.chat()
    client = server.again("eve", after=-1)
    found, after = 0, 0
    while page := client.expect("sync", after=after, limit=500)["messages"]:
        found, after = found + len(page), page[-1]["mid"]
    assert found == stored
    assert_log_is_clean(caplog, "flood")


def test_clients_that_are_suddenly_gone_leave_nothing_behind(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    eve = server.user("eve")
    for number in range(300):
        eve.send("private_chat", user_to="ann", text=f"{number} ".ljust(1000, "x"))
        eve.send("private_chat", user_to="eve", text="z" * 1000)
    wait_until(lambda: server.server.services.journal.last_mid == 600, "all are stored")
    _texts(neighbours.ann, 300)
    eve.close()
    login = b'{"cmd":"login","user":"eve","password":"eve","after":0}\n'
    for parting in (b"", b'{"cmd":"pi', b"{\n", login[:-1], login, login * 2, b"\x16\x03\x01", _client_hello()):
        for tls in (False, True):
            peer = RawPeer(server, tls=tls)
            peer.send(parting)
            peer.reset()
            half_way = RawPeer(server, tls=tls, receive_buffer=4096)
            half_way.send(login)
            assert half_way.read()["result"] == "success"
            half_way.send(parting)
            half_way.reset()  # in the middle of what it had missed
        neighbours.chat(1)
    services, acceptor = server.server.services, server.server.acceptor
    wait_until(lambda: (acceptor.connections, len(services.online)) == (2, 2), "only the neighbours are left")
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_replies_come_in_the_order_of_the_requests_whoever_works_on_them(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--limits", "off")
    Neighbours(server)
    with RawPeer(server) as peer:
        peer.log_in("stranger")  # to whom neither ann nor ben is a friend: each request needs the database first
        requests: list[Object] = [
            {"cmd": "read", "peer": "ann", "mid": 0}, {"cmd": "history", "peer": "ben"}, {"cmd": "ping"},
            {"cmd": "private_chat", "user_to": "ben", "text": "psst"}, {"cmd": "sync", "after": 0},
            {"cmd": "ack", "mid": 0},
        ]  # fmt: skip
        count = 20
        for number in range(count):
            peer.send(b"".join(json.dumps({**r, "id": f"{number} {r['cmd']}"}).encode() + b"\n" for r in requests))
        replies = [peer.read() for _ in range(count * len(requests))]
    assert all(reply["result"] == "success" for reply in replies)
    order = [reply["id"] for reply in replies if reply["cmd"] != "private_chat_reply"]
    assert order == [f"{number} {r['cmd']}" for number in range(count) for r in requests if r["cmd"] != "private_chat"]
    assert_log_is_clean(caplog)


def test_an_old_client_that_sends_no_objects_is_cut_off(server: RunningServer) -> None:
    with RawPeer(server) as peer:
        peer.send(b'{\n "cmd": "ping"\n}\n' + b"bad\n" * 8)
        answers = peer.rest()
    assert [answer["cmd"] for answer in answers] == ["ping_reply"], "it knows no words for the rest"


def test_a_client_that_does_not_read_does_not_hold_up_the_end(server: RunningServer) -> None:
    with RawPeer(server, receive_buffer=4096) as peer:
        peer.log_in("eve")
        for _ in range(100):
            peer.say("private_chat", user_to="eve", text="x" * 10_000)
        for after in range(100):
            peer.say("history", peer="eve", limit=500, id=after)
        loops = server.server._peers.values()
        wait_until(
            lambda: any(p.connection.pending_output for peers in loops for p in list(peers.values())), "output waits"
        )
        server.stop()
