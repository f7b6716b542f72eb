"""Names with many addresses of which some are dead: the chat connection, the file connection, and what chooses."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chatwire import happy_eyeballs
from chatwire.client import Client
from chatwire.errors import LinkError
from chatwire.happy_eyeballs import connect, interleaved
from chatwire.transfer import attempts
from chatwire.transfer.control import Control
from chatwire.transfer.errors import Cancelled, Unreachable
from chatwire.transfer.upload import upload
from tests import conftest
from tests.chatwire.scripted import has, scripted, takes
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.sqlite

NAME = "chat.example"
LONG = 1000.0  # seconds; who waits for that fails the test
CONTENT = random.Random(3).randbytes(100_000)


class Network:
    """``addresses`` are those of the name, as the resolver gives them."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._stack = ExitStack()
        self._resolve = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int, *more: Any, **options: Any) -> list[Any]:
        if host != NAME:
            return self._resolve(host, port, *more, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]

    def black_hole(self, address: str, port: int) -> None:
        """An address that never answers: its queue has room for one connection, and that is in it."""
        listener = self._stack.enter_context(socket.create_server((address, port), backlog=0))
        self._stack.enter_context(socket.create_connection(listener.getsockname(), DEADLINE))

    def listener(self, address: str, port: int = 0) -> int:
        """One that answers; returns its port."""
        return int(self._stack.enter_context(socket.create_server((address, port))).getsockname()[1])

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setattr(happy_eyeballs, "_remembered", happy_eyeballs._Remembered())
    before = conftest.resources()
    made = Network()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    yield made
    made.close()
    conftest.assert_nothing_left(before)


def reached(port: int, timeout: float = DEADLINE, check: Callable[[], None] | None = None) -> str:
    with connect(NAME, port, timeout, check=check) as sock:
        return str(sock.getpeername()[0])


def test_a_dead_address_costs_a_moment_and_then_nothing(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    port = network.listener("127.0.0.3")
    network.black_hole("127.0.0.1", port)
    network.black_hole("127.0.0.2", port)
    network.addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]
    assert reached(port) == "127.0.0.3"
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", LONG)
    assert reached(port, LONG) == "127.0.0.3", "which is tried first now"


def test_one_that_refuses_makes_room_at_once(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", LONG)
    port = network.listener("127.0.0.3")
    network.addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert reached(port, LONG) == "127.0.0.3"


def test_one_that_answers_late_may_still_win(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    port = network.listener("127.0.0.1")
    network.black_hole("127.0.0.2", port)
    network.addresses = ["127.0.0.2", "127.0.0.1"]
    assert reached(port) == "127.0.0.1"
    network.addresses = ["127.0.0.1"]
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", 0.0)
    assert reached(port) == "127.0.0.1"


def test_what_is_remembered_and_gone_is_not_tried(network: Network) -> None:
    port = network.listener("127.0.0.1")
    network.listener("127.0.0.2", port)
    network.addresses = ["127.0.0.1"]
    assert reached(port) == "127.0.0.1"
    network.addresses = ["127.0.0.2"]
    assert reached(port) == "127.0.0.2"


def test_when_nobody_answers(network: Network) -> None:
    port = network.listener("127.0.0.9")
    network.addresses = ["127.0.0.1", "127.0.0.2"]
    with pytest.raises(ConnectionRefusedError):
        reached(port)
    network.black_hole("127.0.0.1", port)
    with pytest.raises(TimeoutError, match="timed out"):
        reached(port, 0.4)
    with pytest.raises(LinkError, match=f"cannot connect to {NAME}:{port}: timed out"):
        Client(NAME, port, timeout=0.4)
    network.addresses = []
    with pytest.raises(TimeoutError):
        reached(port)


def test_a_family_that_this_machine_does_not_have(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    port = network.listener("127.0.0.1")
    monkeypatch.setattr(happy_eyeballs, "ATTEMPT_DELAY", LONG)
    odd: Any = [(3, socket.SOCK_STREAM, 6, "", ("::1", port)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: odd)
    assert reached(port, LONG) == "127.0.0.1"


def test_families_take_turns() -> None:
    four, six = socket.AF_INET, socket.AF_INET6
    given = [(six, "a"), (six, "b"), (six, "b"), (four, "c"), (six, "d"), (four, "e"), (six, "f")]
    assert interleaved(given) == [(six, "a"), (four, "c"), (six, "b"), (four, "e"), (six, "d"), (six, "f")]
    assert interleaved([(four, "c"), (six, "a")]) == [(four, "c"), (six, "a")]
    assert interleaved([]) == []


def test_names_are_not_remembered_without_end() -> None:
    remembered = happy_eyeballs._Remembered()
    for number in range(1000):
        remembered.note(f"Host-{number}", 1, (2, number))
    assert len(remembered._targets) == happy_eyeballs._REMEMBERED
    assert remembered.first("host-999", 1, [(2, 1), (2, 999), (2, 2)]) == [(2, 999), (2, 1), (2, 2)]
    assert remembered.first("host-0", 1, [(2, 1), (2, 0)]) == [(2, 1), (2, 0)]


def test_the_chat_connection(server: RunningServer, network: Network) -> None:
    network.black_hole("127.0.0.2", server.port)
    network.addresses = ["127.0.0.2", server.host]
    pin = server.fingerprint if server.tls else None
    for _ in range(2):
        with Client(NAME, server.port, tls=server.tls, fingerprint=pin, timeout=DEADLINE) as client:
            assert client.request("ping")["result"] == "success"
    network.close()  # before the server's end, which looks for what is left


def test_the_file_connection(network: Network, tls: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with scripted(tls, tmp_path) as server:
        network.black_hole("127.0.0.2", server.port)
        network.addresses = ["127.0.0.2", "127.0.0.1"]
        server.expects(has(0, len(CONTENT)), takes())
        upload(server.url(host=NAME), path, fingerprint=server.pin)
        assert server.requests[-1].body == CONTENT
        assert server.requests[-1].headers["host"] == f"{NAME}:{server.port}"


def test_a_file_connection_can_be_cancelled_while_it_is_made(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    port = network.listener("127.0.0.9")
    network.black_hole("127.0.0.1", port)
    network.addresses = ["127.0.0.1"]
    monkeypatch.setattr("chatwire.transfer.link.CONNECT_TIME", LONG)
    monkeypatch.setattr(attempts, "LIMIT", 1)
    control, ended = Control(), []

    def run() -> None:
        try:
            upload(f"http://{NAME}:{port}/files/x", path, control=control)
        except (Cancelled, Unreachable) as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    control.cancel()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert isinstance(ended[0], Cancelled)
