"""The connection to the file daemon, and the hash and the flushing beside it: what a server may say, and how."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.certificate import ensure_self_signed
from chatwire.stream import StreamEnded
from chatwire.tls import client_context, server_context
from chatwire.tls_stream import TlsStream
from chatwire.transfer import attempts, flusher
from chatwire.transfer.control import Control
from chatwire.transfer.download import download
from chatwire.transfer.errors import Cancelled, Gone, Unencrypted, Unreachable
from chatwire.transfer.hasher import Hasher
from chatwire.transfer.upload import upload
from tests.chatwire.scripted import Connection, Request, Scripted, Step, says, scripted, sends
from tests.conftest import assert_nothing_left, resources
from tests.support.waiting import DEADLINE

CONTENT = random.Random(3).randbytes(2_000_003)
SIZE = len(CONTENT)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short waits; and afterwards nothing is left."""
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.02)
    before = resources()
    yield
    assert_nothing_left(before)


@pytest.fixture
def server(tls: bool, tmp_path: Path, quick: None) -> Iterator[Scripted]:
    with scripted(tls, tmp_path) as running:
        yield running


def fetch(server: Scripted, folder: Path, control: Control | None = None) -> bytes:
    target = folder / "fetched"
    return download(server.url(), target, sha256=SHA256, fingerprint=server.pin, control=control).read_bytes()


def raw(*pieces: bytes) -> Step:
    """Say these bytes, each in a TLS record or packet of its own."""

    def step(connection: Connection, request: Request) -> None:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.socket.sendall(piece)

    return step


def test_a_head_and_a_body_in_pieces_of_any_size(server: Scripted, tmp_path: Path) -> None:
    sizes = random.Random(4)
    whole = f'HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\nETag: "x"\r\n\r\n'.encode() + CONTENT
    pieces = [whole[place : place + 1] for place in range(100)]
    place = 100
    while place < len(whole):
        step = sizes.choice((1, 17, 5_000, 16_384, 16_385, 300_000))
        pieces.append(whole[place : place + step])
        place += step
    server.expects(raw(*pieces))
    assert fetch(server, tmp_path) == CONTENT


def test_what_comes_before_the_answer_is_passed_over(server: Scripted, tmp_path: Path) -> None:
    def step(connection: Connection, request: Request) -> None:
        raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")(connection, request)
        sends(CONTENT)(connection, request)

    server.expects(step)
    assert fetch(server, tmp_path) == CONTENT


NONSENSE = [
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"\0" * 100_000,
    b"HTTP/1.1 200 OK\r\nA: b",
    b"HTTP/1.1 200 OK\r\n" * 10_000,
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_what_is_no_http_is_tried_again(server: Scripted, tmp_path: Path, nonsense: bytes) -> None:
    def step(connection: Connection, request: Request) -> None:
        raw(nonsense)(connection, request)
        connection.socket.close()

    server.expects(step, sends(CONTENT))
    assert fetch(server, tmp_path) == CONTENT
    server.expects(*[step] * attempts.LIMIT)
    with pytest.raises(Unreachable, match=r"no HTTP|it was closed"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\n7\r\nbecause\r\n0\r\n\r\n",
        b"\r\nbecause",
        b"Content-Length: 70\r\n\r\nbecause",
    ],
    ids=("chunks", "to the end", "cut off"),
)
def test_a_refusal_in_any_form_is_read(server: Scripted, tmp_path: Path, rest: bytes) -> None:
    def step(connection: Connection, request: Request) -> None:
        raw(b"HTTP/1.1 404 X\r\n" + rest)(connection, request)
        connection.socket.close()

    server.expects(step)
    with pytest.raises(Gone, match=r"\(because\)"):
        fetch(server, tmp_path)


def test_after_tls_nothing_goes_without_it(tls: bool, server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"secret")
    if not tls:
        with pytest.raises(Unencrypted):
            download(server.url(), tmp_path / "fetched", secure=True)
        with pytest.raises(Unencrypted):
            upload(server.url(), file, secure=True)
        assert not server.connections
        return
    server.expects(sends(CONTENT))
    target = tmp_path / "fetched"
    fetched = download(server.url(), target, sha256=SHA256, fingerprint=server.pin, secure=True)
    assert fetched.read_bytes() == CONTENT


@pytest.mark.parametrize(("said", "connections"), [("keep-alive", 1), ("x, Close", 2)])
def test_a_connection_is_kept_if_the_server_keeps_it(
    server: Scripted, tmp_path: Path, said: str, connections: int
) -> None:
    server.expects(sends(CONTENT, Connection=said), says(200))
    download(server.url(), tmp_path / "fetched", fingerprint=server.pin)
    assert server.asked() == ["GET", "HEAD"]
    assert server.connections == connections


def test_cancelling_interrupts_a_handshake(tmp_path: Path) -> None:
    control = Control()
    errors: list[Cancelled] = []

    def run() -> None:
        try:
            download(f"https://127.0.0.1:{port}/x", tmp_path / "fetched", fingerprint="AB", control=control)
        except Cancelled as error:
            errors.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=run)
        thread.start()
        sock, _ = listener.accept()
        with sock:
            assert sock.recv(1) == b"\x16"  # it has begun, and nobody answers
            control.cancel()
            thread.join(DEADLINE)
    assert errors


def test_what_came_before_the_end_is_not_lost(tmp_path: Path) -> None:
    """The end of TLS, or of the connection, is told after the last bytes."""
    certificate, key = ensure_self_signed(tmp_path)
    one, other = socket.socketpair()
    got = bytearray()
    thread = threading.Thread(target=lambda: _say_and_go(other))
    with one:
        stream = TlsStream(one, server_context(str(certificate), str(key)))
        thread.start()
        stream.handshake(DEADLINE)
        stream.set_timeouts(DEADLINE)
        view = memoryview(bytearray(100_000))
        with contextlib.suppress(StreamEnded):
            while True:
                got += view[: stream.receive_into(view)]
        thread.join()
    assert bytes(got) == CONTENT


def _say_and_go(sock: socket.socket) -> None:
    stream = TlsStream(sock, client_context(verify=False))
    stream.handshake(DEADLINE)
    assert stream.fingerprint().count(":") == 31
    stream.send(CONTENT)
    stream.close()


def test_the_hash_of_pieces_of_any_size() -> None:
    sizes, hasher, place = random.Random(5), Hasher(hashlib.sha256(b"before")), 0
    for turn in range(2):
        while place < SIZE * (turn + 1) // 2:
            room = hasher.room()
            piece = CONTENT[place : place + sizes.choice((1, 100, 70_000, len(room)))]
            room[: len(piece)] = piece
            hasher.update(len(piece))
            place += len(piece)
        assert hasher.hexdigest() == hashlib.sha256(b"before" + CONTENT[:place]).hexdigest()


def test_a_large_file_is_flushed_meanwhile(server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = threading.Event()

    def fdatasync(descriptor: int) -> None:
        flushed.set()
        raise OSError(5, "Input/output error")  # the last flush of all will meet it again, if it is still there

    monkeypatch.setattr(flusher, "_STEP", 100_000)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    server.expects(sends(CONTENT))
    assert fetch(server, tmp_path) == CONTENT
    assert flushed.wait(DEADLINE)
