"""Clients that break every rule: they are refused or cut off, and nobody else notices."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chatwire.tls import client_context
from tests.filed.conftest import FiledFactory
from tests.support.combinations import BOTH, PLAIN, SECURE, TRANSPORTS
from tests.support.filing import RunningFiled, patch_headers, some_bytes
from tests.support.http_peer import CutOff, Ended, HttpPeer
from tests.support.peers import assert_log_is_clean
from tests.support.waiting import wait_until

IMPATIENT = ("--idle-timeout", "0.3", "--stall-timeout", "0.3")


@pytest.fixture(autouse=True)
def _clean_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What clients do wrong is no error of the server, and no reason for a traceback."""
    yield
    assert_log_is_clean(caplog)


def _said(peer: HttpPeer, data: bytes) -> int:
    """Send bytes; the status of the answer, 0 when the connection is just closed. It is over in any case."""
    with suppress(ConnectionError, ssl.SSLError):
        peer.send(data)
    return _refusal(peer)


def _refusal(peer: HttpPeer) -> int:
    try:
        answer = peer.answer()
    except (CutOff, Ended):
        return 0
    assert answer.headers["connection"] == "close"
    assert answer.body.count(b"\n") == 1
    peer.until_the_end()
    return answer.status


BROKEN = {
    b"hello\r\n\r\n": 400,
    b"\r\n\r\n\r\n\r\n": 400,
    b"GET\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n\r\n": 400,  # without Host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
    b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nName\0: y\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nName: a\0b\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9" + b"9" * 30 + b"\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n": 501,
    b"GET /?" + b"&".join(b"a%d=1" % n for n in range(100)) + b" HTTP/1.1\r\nHost: x\r\n\r\n": 400,
    b"G\xffT / HTTP/1.1\r\nHost: x\r\n\r\n": 400,
    b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(5000)) + b"\r\n": 431,
    b"GET / HTTP/1.1\r\nh: " + b"x" * 1_000_000: 431,
}


@TRANSPORTS
def test_what_is_no_request(filed: RunningFiled) -> None:
    for data, status in BROKEN.items():
        assert _said(filed.connect(), data) == status, data[:60]
    wait_until(lambda: filed.server.connections == 0, "all have gone")


@TRANSPORTS
def test_any_bytes_at_all(make_filed: FiledFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filed.connection.HANDSHAKE_TIMEOUT", 0.3)
    filed = make_filed(*IMPATIENT)
    chance = random.Random(11)
    peers = [filed.connect(tls=filed.tls and number < 70) for number in range(100)]
    for number, peer in enumerate(peers):
        begin = b"" if number < 70 else b"\x16\x03\x01"  # the latter as if it were TLS
        peer.send(begin + chance.randbytes(chance.randrange(1, 2000)))
    assert {_refusal(peer) for peer in peers[:70]} <= {0, 400, 431}
    assert {_refusal(peer) for peer in peers[70:]} == {0}
    wait_until(lambda: filed.server.connections == 0, "all have gone")


@PLAIN
def test_methods(filed: RunningFiled) -> None:
    offer = filed.upload(b"hello")
    with filed.connect() as peer:
        for method in ("PUT", "TRACE", "PROPFIND", "get", "PATCHY", "POST", "MKCOL"):
            answer = peer.ask(method, offer.down)
            assert (answer.status, answer.headers["allow"]) == (405, "OPTIONS, POST, HEAD, PATCH, DELETE, GET"), method
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            assert peer.ask(method, "/files/").status == 405
        assert peer.ask("GET", offer.down).body == b"hello"
    with filed.connect() as peer:
        assert peer.ask("CONNECT", "example.com:443").status == 404


@BOTH
def test_a_head_that_comes_too_slowly(make_filed: FiledFactory) -> None:
    filed = make_filed(*IMPATIENT)
    peer = filed.connect()
    with pytest.raises((CutOff, Ended, OSError)):  # noqa: PT012  (it takes many steps)
        while True:
            peer.send(b"G")
            peer.socket.settimeout(0.05)
            with suppress(TimeoutError):
                peer.answer()


@TRANSPORTS
def test_half_a_request_and_none_at_all(make_filed: FiledFactory) -> None:
    filed = make_filed(*IMPATIENT)
    offer = filed.upload(b"hello")
    peers = [filed.connect() for _ in range(4)]
    peers[1].send(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert peers[2].ask("GET", offer.down).status == 200
    peers[3].send(b"GET / HT")
    peers[3].socket.close()
    for peer in peers[:3]:
        assert peer.until_the_end()[0] == b""
    wait_until(lambda: filed.server.connections == 0, "all have gone")


@TRANSPORTS
def test_an_upload_that_stops(make_filed: FiledFactory) -> None:
    filed = make_filed(*IMPATIENT)
    data = some_bytes(100_000)
    offer = filed.offer(len(data))
    peer = filed.connect()
    peer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(len(data))}, data[:50_000])
    peer.until_the_end()
    assert filed.offset(offer) == 50_000
    filed.resume(offer, data)


@TRANSPORTS
def test_a_download_that_nobody_reads(make_filed: FiledFactory) -> None:
    filed = make_filed(*IMPATIENT)
    data = some_bytes(16_000_000)
    offer = filed.upload(data)
    peers = [filed.connect(receive_buffer=4096) for _ in range(3)]
    for peer in peers:
        peer.say("GET", offer.down)
        assert peer.head().status == 200
    wait_until(lambda: filed.server.connections == 0, "they have been cut off")
    for peer in peers:
        got, aborted = peer.until_the_end()
        assert aborted
        assert data.startswith(got)
    assert filed.ask("GET", offer.down).body == data


@SECURE
def test_half_a_handshake(make_filed: FiledFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filed.connection.HANDSHAKE_TIMEOUT", 0.3)
    filed = make_filed()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        client_context(verify=False).wrap_bio(incoming, outgoing, server_hostname="x").do_handshake()
    hello = outgoing.read()
    for end in (1, 5, 100, len(hello)):
        peer = filed.connect(tls=False)
        peer.send(hello[:end])
        peer.until_the_end()
    wait_until(lambda: filed.server.connections == 0, "all have gone")


@SECURE
def test_who_has_to_speak_tls(make_filed: FiledFactory) -> None:
    filed = make_filed("--plaintext", "deny")
    with filed.connect(tls=False) as peer:
        answer = peer.ask("OPTIONS", "/files/")
        assert (answer.status, answer.body) == (403, b"this server speaks TLS only: https\n")
        assert peer.until_the_end() == (b"", False)
    assert filed.ask("OPTIONS", "/files/").status == 204


@PLAIN
def test_idle_connections_make_room(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-connections", "40")
    offer = filed.upload(b"hello")
    idle = [filed.connect() for _ in range(40)]
    for peer in idle:
        assert peer.ask("GET", offer.down).body == b"hello"
    for _ in range(100):
        assert filed.ask("GET", offer.down).body == b"hello"
    assert filed.server.connections <= 40
    assert idle[0].until_the_end() == (b"", False)  # who has been idle for longest
    assert idle[-1].ask("GET", offer.down).body == b"hello"


@PLAIN
def test_600_idle_connections_and_a_new_one(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-connections", "600")
    offer = filed.upload(b"hello")
    idle = [filed.connect() for _ in range(600)]
    for peer in idle[:100]:
        assert peer.ask("GET", offer.down).body == b"hello"
    wait_until(lambda: filed.server.connections == 600, "all have a thread")
    assert filed.ask("GET", offer.down).body == b"hello"
    for peer in idle:
        peer.close()


@TRANSPORTS
def test_when_all_are_at_work_others_are_told_to_come_again(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-connections", "5")
    offer = filed.offer(1000)
    complete = filed.upload(b"hello")
    wait_until(lambda: filed.server.connections == 0, "all have gone")
    writer = filed.connect()
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": "1000"}, b"x" * 500)
    readers = [filed.connect() for _ in range(4)]
    for reader in readers:
        reader.say("GET", offer.down)
        assert reader.head().status == 200
    with filed.connect(tls=False) as peer:
        answer = peer.ask("GET", complete.down)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.body == b"all connections are in use\n"
        assert peer.until_the_end() == (b"", False)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        filed.connect(tls=True)
    writer.send(b"x" * 500)
    assert writer.answer().status == 204
    assert [reader.read(1000) for reader in readers] == [b"x" * 1000] * 4
    assert filed.ask("GET", complete.down).body == b"hello"


@PLAIN
def test_many_at_once_never_get_more_threads_than_there_may_be(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-connections", "10")
    offer = filed.offer(1000)
    busy = [filed.connect() for _ in range(9)]
    for reader in busy:
        reader.say("GET", offer.down)
        assert reader.head().status == 200
    most = 0
    sockets = []
    for _ in range(100):
        sockets.append(socket.create_connection((filed.host, filed.port)))
        most = max(most, sum(thread.name.startswith("conn-") for thread in threading.enumerate()))
    assert most <= 12  # those that have been told to go may not have gone yet
    for sock in sockets:
        sock.close()


@PLAIN
def test_the_database_is_not_asked_for_what_shows_no_ticket(make_filed: FiledFactory) -> None:
    filed = make_filed()
    filed.server._index.find = None  # type: ignore[method-assign, assignment]
    for method in ("GET", "HEAD", "PATCH", "DELETE"):
        assert filed.ask(method, "/files/" + "A" * 22, patch_headers(0)).status == 401
