"""The listener: caps, refusals, and life without descriptors."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from chatbase.addresses import normal_address
from chatd.net.acceptor import AcceptLimits, Acceptor
from chatd.net.loop import EventLoop
from tests.support.loops import hand_turned, turn_until
from tests.support.running import ROOT
from tests.support.waiting import DEADLINE

REFUSAL = b"too many\n"


class _Listener:
    """An acceptor that keeps what it accepts, and clients of it."""

    def __init__(self, loop: EventLoop, host: str, total: int, per_address: int) -> None:
        self.adopted: list[tuple[socket.socket, str]] = []
        self.clients: list[socket.socket] = []
        self.acceptor = Acceptor(
            loop, host, 0, AcceptLimits(total, per_address, REFUSAL), lambda *taken: self.adopted.append(taken)
        )
        self.acceptor.start()
        self._loop = loop

    def connect(self, source: str = "127.0.0.1", host: str = "127.0.0.1") -> socket.socket:
        """A new client, accepted or refused."""
        seen = self.acceptor.accepted
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        client = socket.socket(family)
        self.clients.append(client)
        client.settimeout(DEADLINE)
        if family == socket.AF_INET:
            client.bind((source, 0))
        client.connect((host, self.acceptor.address[1]))
        turn_until(self._loop, lambda: self.acceptor.accepted > seen, "it was looked at")
        return client

    def close(self) -> None:
        """Close everything."""
        self.acceptor.close()
        self.acceptor.close()
        for sock in [sock for sock, _ in self.adopted] + self.clients:
            sock.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., _Listener]]:
    made: list[_Listener] = []
    with hand_turned() as loop:

        def make(host: str = "127.0.0.1", total: int = 1000, per_address: int = 0) -> _Listener:
            made.append(_Listener(loop, host, total, per_address))
            return made[-1]

        yield make
        for listener in made:
            listener.close()


def test_what_is_above_a_cap_is_told_so_and_closed(listen: Callable[..., _Listener]) -> None:
    listener = listen(total=4, per_address=2)
    sources = ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.4"]
    clients = [listener.connect(source) for source in sources]
    assert [address for _, address in listener.adopted] == ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"]
    for refused in (clients[2], clients[5]):
        assert refused.recv(100) == REFUSAL
        assert refused.recv(100) == b""
    assert (listener.acceptor.connections, listener.acceptor.accepted, listener.acceptor.refused) == (4, 6, 2)
    listener.acceptor.released("127.0.0.3")
    listener.connect("127.0.0.4")
    assert listener.adopted[-1][1] == "127.0.0.4"
    assert listener.acceptor._per_address == {"127.0.0.2": 2, "127.0.0.3": 1, "127.0.0.4": 1}
    for address in ("127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4"):
        listener.acceptor.released(address)
    assert (listener.acceptor.connections, listener.acceptor._per_address) == (0, {})


def test_a_thousand_refusals_are_one_line_a_second(
    listen: Callable[..., _Listener], caplog: pytest.LogCaptureFixture
) -> None:
    listener = listen(total=0)
    for _ in range(50):
        listener.connect()
    assert listener.acceptor.refused == 50
    assert 1 <= len(caplog.records) < 25


def test_a_client_that_is_gone_before_it_is_accepted_is_no_error(
    listen: Callable[..., _Listener], caplog: pytest.LogCaptureFixture
) -> None:
    for total in (0, 10):
        listener = listen(total=total)
        listener.acceptor.stop()
        for _ in range(5):
            client = socket.create_connection(listener.acceptor.address)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        listener.acceptor.start()
        listener.connect()
    assert not [record for record in caplog.records if "refusing" not in record.getMessage()]


def test_an_event_that_was_in_the_batch_when_it_closed_is_ignored(
    listen: Callable[..., _Listener], caplog: pytest.LogCaptureFixture
) -> None:
    listener = listen()
    listener.acceptor.close()
    listener.acceptor._on_readable(1)
    listener.acceptor.start()
    assert not caplog.records


def test_a_mapped_address_counts_as_the_ipv4_address_that_it_is(listen: Callable[..., _Listener]) -> None:
    try:
        listener = listen(host="::", per_address=1)
    except OSError:
        pytest.skip("no IPv6 here")
    listener.connect("127.0.0.2")
    listener.connect(host="::1")
    assert [address for _, address in listener.adopted] == ["127.0.0.2", "::1"]
    assert listener.connect("127.0.0.2").recv(100) == REFUSAL


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::1", "::1"),
    ],
)
def test_addresses_are_normal(address: str, normal: str) -> None:
    assert normal_address(address) == normal


_WITHOUT_DESCRIPTORS = """
import os, resource, sys, threading
from chatd.net.acceptor import AcceptLimits, Acceptor
from chatd.net.loop import EventLoop

loop, kept = EventLoop("main"), []
acceptor = Acceptor(loop, "127.0.0.1", 0, AcceptLimits(1000, 0, b""), lambda sock, address: kept.append(sock))
acceptor.start()
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1 + 10, 4096))
threading.Thread(target=loop.run, daemon=True).start()
print(acceptor.address[1], flush=True)
for line in sys.stdin:
    if line == "drop\\n":
        for sock in kept:
            sock.close()
        kept.clear()
    print(len(kept), loop.rounds, flush=True)
"""


def test_without_descriptors_it_sheds_and_waits_and_then_goes_on() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WITHOUT_DESCRIPTORS], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(line: str) -> tuple[int, int]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        kept, rounds = process.stdout.readline().split()
        return int(kept), int(rounds)

    port = int(process.stdout.readline())
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(15)]
    poll = select.poll()
    for client in clients:
        poll.register(client, select.POLLIN)
    shed: set[int] = set()
    while len(shed) < 5:  # ten places, fifteen clients: those in excess are not left to wait for ever
        events = poll.poll(DEADLINE * 1000)
        assert events, f"only {len(shed)} were shed"
        for number, _ in events:
            shed.add(number)
            poll.unregister(number)
    kept, rounds = ask("look")
    assert kept == 10
    assert rounds < 100  # it did not spin meanwhile
    ask("drop")
    late = socket.create_connection(("127.0.0.1", port))
    while ask("look")[0] != 1:
        pass
    for client in [*clients, late]:
        client.close()
    _, errors = process.communicate("")
    assert process.returncode == 0
    assert "Traceback" not in errors
