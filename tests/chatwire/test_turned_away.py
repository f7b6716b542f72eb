"""A server that has no room says so in plain text, before any handshake: that is read, whatever happens then."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from chatwire.client import Client
from chatwire.errors import LinkError, TurnedAway, UnknownFingerprint
from chatwire.events import LinkDown
from chatwire.resilient import ResilientClient
from chatwire.terminal.render import failure, text_of
from tests.conftest import ServerFactory
from tests.support.waiting import DEADLINE, wait_until

_FULL = b'{"cmd":"goodbye","result":"too_many_connections"}\n'
_WORDS = "! the server has too many connections"

Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def _listening(talk: Talk) -> Iterator[tuple[str, int]]:
    """A server that does this with its one client, then goes."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[:2]
        finally:
            thread.join(DEADLINE)


def _at_once(connection: socket.socket) -> None:
    connection.sendall(_FULL)


def _reset(connection: socket.socket) -> None:
    """The server has not read the ClientHello, so its end is a reset."""
    connection.recv(1)
    connection.sendall(_FULL)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _in_pieces(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in _FULL:
        connection.sendall(bytes([byte]))
    _wait_for_the_end(connection)


def _before_it_hears(connection: socket.socket) -> None:
    _at_once(connection)
    _wait_for_the_end(connection)


def _wait_for_the_end(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("talk", [_at_once, _reset, _in_pieces, _before_it_hears])
@pytest.mark.parametrize("tls", [False, True], ids=("plain", "tls"))
def test_a_goodbye_is_read_before_the_end(talk: Talk, tls: bool) -> None:
    with _listening(talk) as (host, port), pytest.raises(TurnedAway) as caught:  # noqa: SIM117
        with Client(host, port, tls=tls, fingerprint=":".join(["AA"] * 32) if tls else None) as client:
            client.request("ping")
    assert caught.value.reply == {"cmd": "goodbye", "result": "too_many_connections"}
    assert str(caught.value) == "the server says too_many_connections"
    assert text_of(failure(caught.value, "chat:1")) == _WORDS


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.0 400 X\r\n\r\n", b'{"cmd":"pong"}\n', b'{"cmd":"goodbye"', b"{" * 100_000, b"{}\n", b"{\xff}\n"],
    ids=("http", "other", "half", "endless", "empty", "no text"),
)
def test_anything_else_is_no_tls(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with _listening(talk) as (host, port), pytest.raises(LinkError) as caught:
        Client(host, port, tls=True)
    assert not isinstance(caught.value, TurnedAway | UnknownFingerprint)


def test_a_goodbye_has_no_words_of_its_own() -> None:
    error = TurnedAway({"cmd": "goodbye", "result": "\x1b[2J" * 1000})
    assert str(error) == "the server says goodbye"


def test_a_server_that_is_full_is_tried_again_and_says_so(make_server: ServerFactory) -> None:
    server = make_server("--max-connections", "2")
    with server.user("alice") as alice, server.connect() as another:
        late = ResilientClient(server.connect, "alice", token=alice.token)
        assert late.next_event(DEADLINE) == LinkDown("the server says too_many_connections")
        another.close()
        try:
            wait_until(lambda: late.next_event(0.05) is not None and late.connected, "there is room again", DEADLINE)
        finally:
            late.close()
