"""The buffered connection: marks, pauses, one send per round, fairness, the first byte, the end."""

from __future__ import annotations

import dataclasses
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatd.net import connection as connection_module
from chatd.net.connection import TOO_SLOW, Connection, ConnectionSettings, Pause
from chatd.net.loop import READ, WRITE, EventLoop
from chatwire.certificate import ensure_self_signed
from chatwire.tls import TlsChannel, client_context, server_context
from tests.support.loops import Pair, Recorder, hand_turned, turn, turn_until

SOFT, HARD = 20_000, 100_000
PLAIN = ConnectionSettings(SOFT, HARD, None, 10.0, lambda peer: True, b"TLS, please\n")


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    with hand_turned() as loop:
        yield loop


@pytest.fixture
def pair(loop: EventLoop) -> Iterator[Pair]:
    pair = Pair(loop, PLAIN)
    yield pair
    pair.close()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    certificate, key = ensure_self_signed(Path(tmp_path_factory.mktemp("tls")))
    return server_context(str(certificate), str(key))


class _CountingSocket(socket.socket):
    """Remembers the size of every send."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self.sends: list[int] = []

    def send(self, data: bytes | memoryview, flags: int = 0) -> int:  # type: ignore[override]
        sent = super().send(data, flags)
        self.sends.append(sent)
        return sent


def _fill(loop: EventLoop, pair: Pair, least: int) -> bytes:
    """Write until so much waits that the kernel does not take."""
    sent = b""
    while pair.connection.pending_output < least:
        sent += b"x" * 1000
        pair.connection.write(b"x" * 1000)
        turn(loop)
    return sent


def test_a_round_writes_with_one_send_whatever_it_has_gathered(loop: EventLoop) -> None:
    ours, peer = socket.socketpair()
    counting = _CountingSocket(ours)
    counting.setblocking(False)
    connection = Connection(loop, counting, "", PLAIN, lambda closed: None)
    connection.open(Recorder())
    for round_number in range(1, 4):
        for number in range(100):
            connection.write(b"%d\n" % number)
        assert len(counting.sends) == round_number - 1
        turn(loop)
        assert len(counting.sends) == round_number
        assert peer.recv(65536) == b"".join(b"%d\n" % number for number in range(100))
    connection.close("")
    peer.close()


def test_above_the_soft_mark_a_peer_is_not_read_until_half_of_it_is_gone(loop: EventLoop, pair: Pair) -> None:
    sent = _fill(loop, pair, SOFT + 1)
    assert pair.connection.pausing == Pause.OUTPUT
    pair.peer.send(b"hello")
    turn(loop, 3)
    assert pair.recorder.done == b""
    got = b""
    while pair.connection.pausing:
        assert pair.recorder.drains == 0
        assert pair.connection.pending_output > SOFT // 2
        got += pair.read(1000)
        turn(loop)
    turn_until(loop, lambda: pair.recorder.done == b"hello")
    assert pair.recorder.drains == 1
    while len(got) < len(sent):
        got += pair.read()
        turn(loop)
    assert got == sent


def test_more_output_above_the_hard_mark_ends_the_connection_and_harms_no_other(loop: EventLoop, pair: Pair) -> None:
    other = Pair(loop, PLAIN)
    _fill(loop, pair, HARD)
    assert not pair.recorder.reasons
    pair.connection.write(b"y" * 1000)
    for connection in (pair.connection, other.connection):  # as a delivery does; it must not end in the middle of this
        connection.write(b"to all")
    assert not pair.connection.closed
    turn(loop, 2)
    assert pair.connection.closed
    assert pair.recorder.reasons == [TOO_SLOW]
    assert pair.connection.pending_output == 0
    assert other.read() == b"to all"
    other.peer.send(b"still here")
    turn(loop)
    assert other.recorder.done == b"still here"
    other.close()


def test_nothing_follows_the_cut_in_the_output_of_a_slow_peer(loop: EventLoop, pair: Pair) -> None:
    _fill(loop, pair, HARD)
    pair.connection.write(b"y")
    pair.connection.write(b"z" * 1000)
    assert set(pair.read()) == {ord("x")}
    pair.connection.on_events(WRITE)  # before the close that was posted
    turn(loop, 2)
    while not pair.ended():
        pass
    assert pair.recorder.reasons == [TOO_SLOW]


def test_one_write_may_be_larger_than_the_hard_mark(loop: EventLoop, pair: Pair) -> None:
    data = bytes(range(256)) * 4 * HARD
    pair.connection.write(data)
    got = bytearray()

    def read() -> bool:
        got.extend(pair.read())
        return len(got) == len(data)

    turn_until(loop, read)
    assert got == data
    turn(loop)
    assert not pair.connection.pausing


def test_reasons_to_pause_add_up(loop: EventLoop, pair: Pair) -> None:
    pair.connection.pause(Pause.JOB)
    pair.connection.pause(Pause.JOURNAL)
    pair.connection.pause(Pause.JOB)
    pair.peer.send(b"hello")
    turn(loop, 2)
    pair.connection.resume(Pause.JOB)
    pair.connection.resume(Pause.CATCH_UP)
    turn(loop, 2)
    assert pair.connection.pausing
    assert pair.recorder.turns == 0
    pair.connection.resume(Pause.JOURNAL)
    turn(loop, 2)
    assert pair.recorder.done == b"hello"


def test_a_peer_that_hangs_up_while_it_is_paused_makes_nobody_spin(loop: EventLoop, pair: Pair) -> None:
    pair.connection.pause(Pause.JOB)
    pair.peer.close()
    turn(loop)
    assert loop._selector.select(0) == []
    assert len(loop._selector.get_map()) == 1  # the wakeup alone
    assert not pair.connection.closed
    pair.connection.resume(Pause.JOB)
    turn(loop, 2)
    assert pair.recorder.reasons == ["closed by the peer"]


def test_a_peer_that_hangs_up_with_output_waiting_is_noticed(loop: EventLoop, pair: Pair) -> None:
    _fill(loop, pair, SOFT + 1)
    pair.peer.close()
    turn(loop, 2)
    assert pair.recorder.reasons == ["connection lost"]
    assert len(loop._selector.get_map()) == 1


def test_one_who_floods_is_worked_on_in_turns_with_the_others(loop: EventLoop) -> None:
    flooding, quiet = Pair(loop, PLAIN, budget=1, buffer=65536), Pair(loop, PLAIN)
    flooding.peer.send(b"x" * 5000)
    turn(loop)
    quiet.peer.send(b"hello")
    turn(loop)
    assert quiet.recorder.done == b"hello"
    assert 0 < len(flooding.recorder.done) < 10
    turn(loop, 10)
    assert flooding.recorder.turns < 20
    flooding.connection.pause(Pause.JOB)
    turn(loop)
    turns = flooding.recorder.turns
    turn(loop, 3)
    assert flooding.recorder.turns == turns
    flooding.connection.resume(Pause.JOB)
    turn_until(loop, lambda: len(flooding.recorder.done) == 5000)
    flooding.close()
    quiet.close()


def test_it_closes_once_and_what_comes_later_is_ignored(loop: EventLoop, pair: Pair) -> None:
    pair.peer.send(b"too late")
    pair.connection.write(b"never sent")
    pair.connection.close("first")
    pair.connection.close("second")
    pair.connection.on_events(READ | WRITE)
    pair.connection.proceed()
    pair.connection.write(b"x")
    pair.connection.resume(Pause.JOB)
    pair.connection.close_after_flush("third")
    turn(loop, 2)
    assert (pair.recorder.reasons, pair.recorder.done, pair.released) == (["first"], b"", 1)


def test_an_event_for_a_connection_that_another_has_just_closed_is_ignored(loop: EventLoop) -> None:
    pairs = [Pair(loop, PLAIN), Pair(loop, PLAIN)]

    class Killer(Recorder):
        def work(self) -> bool:
            for pair in pairs:
                pair.connection.close("killed")
            return False

    for pair in pairs:
        pair.connection._handler = killer = Killer()
        pair.recorder = killer
        pair.peer.send(b"kill")
    turn(loop, 2)
    assert [pair.recorder.reasons for pair in pairs] == [["killed"], ["killed"]]
    assert sum(bool(pair.recorder.waiting) for pair in pairs) == 1
    for pair in pairs:
        pair.close()


def test_the_number_of_a_closed_descriptor_may_be_used_again_at_once(loop: EventLoop, pair: Pair) -> None:
    number = pair.connection._sock.fileno()
    pair.peer.send(b"old")
    pair.connection.close("")
    again = Pair(loop, PLAIN)
    assert number in (again.connection._sock.fileno(), again.peer.fileno())
    again.peer.send(b"new")
    turn(loop, 2)
    assert (pair.recorder.done, again.recorder.done) == (b"", b"new")
    again.close()


def test_last_words_reach_a_peer_that_is_still_sending(loop: EventLoop) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    peer = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    listener.close()
    ours.setblocking(False)
    recorder = Recorder()
    connection = Connection(loop, ours, "", PLAIN, lambda closed: None)
    connection.open(recorder)
    peer.sendall(b"x" * 100_000)
    connection.write(b"last words" * 20_000)
    connection.close_after_flush("enough")
    connection.write(b"not these")
    peer.setblocking(False)
    got = b""

    def read() -> bool:
        nonlocal got
        try:
            peer.send(b"x" * 10_000)
            got += peer.recv(10_000)
        except BlockingIOError:
            return False
        return len(got) == 200_000

    turn_until(loop, read)
    assert got == b"last words" * 20_000
    assert not recorder.reasons
    peer.close()
    turn_until(loop, lambda: recorder.reasons)
    assert recorder.done == b""


def test_a_peer_that_does_not_take_its_last_words_is_not_waited_for(
    loop: EventLoop, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "LINGER", 0.01)
    idle = Pair(loop, PLAIN)
    idle.connection.close_after_flush("idle")
    _fill(loop, pair, SOFT)
    pair.connection.close_after_flush("deaf", grace=0.01)
    turn_until(loop, lambda: idle.recorder.reasons and pair.recorder.reasons)
    assert (idle.recorder.reasons, pair.recorder.reasons) == (["idle"], ["deaf"])
    idle.close()


def test_the_first_byte_decides(loop: EventLoop, context: ssl.SSLContext) -> None:
    both = dataclasses.replace(PLAIN, tls=lambda: context)
    denied = dataclasses.replace(both, plaintext_allowed=lambda peer: peer != "192.0.2.1")
    for settings, first, secure, answer in (
        (both, b"{", False, b""),
        (both, b"\x16\x03\x01", True, b""),
        (PLAIN, b"\x16\x03\x01", False, b""),
        (denied, b"\x16\x03\x01", True, b""),
        (denied, b"{", False, b"TLS, please\n"),
    ):
        pair = Pair(loop, settings)
        pair.peer.send(first)
        turn(loop, rounds=3)  # a round that was interrupted leaves what is ready to the next
        assert pair.connection.secure is secure
        assert pair.read() if answer else not pair.recorder.reasons
        assert pair.recorder.done == (b"" if secure or answer else first)
        pair.close()


def test_a_handshake_has_a_deadline(loop: EventLoop, context: ssl.SSLContext) -> None:
    pair = Pair(loop, dataclasses.replace(PLAIN, tls=lambda: context, handshake_timeout=0.01))
    pair.peer.send(b"\x16")
    turn_until(loop, lambda: pair.recorder.reasons)
    assert pair.recorder.reasons == ["TLS handshake took too long"]
    pair.close()


def test_tls_carries_much_both_ways_and_ends_in_order(loop: EventLoop, context: ssl.SSLContext) -> None:
    pair = Pair(loop, dataclasses.replace(PLAIN, tls=lambda: context, hard_mark=2**30))
    client, got = TlsChannel(client_context(verify=False), server_side=False), b""
    client.handshake()
    client.send(b"u" * 300_000)  # waits for the end of the handshake
    out = client.outgoing()
    pair.peer.send(out)
    turn(loop)
    pair.connection.write(b"d" * 1_000_000)
    out = b""

    def step() -> bool:
        nonlocal out, got
        out += client.outgoing()
        try:
            out = out[pair.peer.send(out) if out else 0 :]
        except BlockingIOError:
            pass
        got += client.receive(pair.read())
        return len(got) == 1_000_000 and len(pair.recorder.done) == 300_000

    turn_until(loop, step)
    assert (set(got), set(pair.recorder.done)) == ({ord("d")}, {ord("u")})
    pair.connection.write(b"bye")
    pair.connection.close_after_flush("done")
    turn(loop)
    assert client.receive(pair.read()) == b"bye"
    assert client.ended
    pair.close()
