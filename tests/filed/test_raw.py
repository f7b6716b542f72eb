"""One-shot raw ports, as clients of the original system use them: both roles, strangers, time-outs, breaks."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chatbase import files
from filed import raw
from tests.filed.conftest import FiledFactory
from tests.support.chatd_side import ChatdSide
from tests.support.combinations import ENGINES, PLAIN
from tests.support.filing import Offer, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.waiting import DEADLINE, wait_until

SIZE = 1_000_000
DATA = some_bytes(SIZE)
HERE, STRANGE = "127.0.0.1", "127.0.0.2"

_refs = itertools.count(1)


@pytest.fixture
def chatd(tmp_path: Path) -> Iterator[ChatdSide]:
    """Made before the daemon, closed after it."""
    side = ChatdSide(tmp_path)
    yield side
    side.close()


@pytest.fixture
def filed(chatd: ChatdSide, make_filed: FiledFactory) -> RunningFiled:
    """A daemon that is connected to it."""
    return make_filed("--chatd", f"127.0.0.1:{chatd.port}", "--listen", "127.0.0.1:0")


def _ask(chatd: ChatdSide, offer: Offer, role: str, receivers: list[str] | None = None) -> dict[str, Any]:
    """Have a port opened; the daemon's answer."""
    ref = next(_refs)
    to = [HERE] if receivers is None else receivers
    chatd.say(cmd="open_port", ref=ref, file=offer.id, role=role, senders=[HERE], receivers=to)
    wait_until(lambda: any(answer["ref"] == ref for answer in chatd.ports), "the port is open")
    return next(answer for answer in chatd.ports if answer["ref"] == ref)


def _connect(port: int, source: str = HERE) -> socket.socket:
    return socket.create_connection((HERE, port), DEADLINE, (source, 0))


def _read(sock: socket.socket) -> tuple[bytes, bool]:
    """Everything up to the end, and whether it was a reset."""
    pieces = []
    try:
        while piece := sock.recv(2**18):
            pieces.append(piece)
    except ConnectionError:
        return b"".join(pieces), True
    return b"".join(pieces), False


def _closed(port: int) -> bool:
    try:
        _connect(port).close()
    except ConnectionRefusedError:
        return True
    return False


@ENGINES
@pytest.mark.parametrize("announced", [False, True])
def test_from_one_to_the_other(chatd: ChatdSide, filed: RunningFiled, announced: bool) -> None:
    offer = filed.offer(SIZE, announced=sha256(DATA) if announced else None)
    port = _ask(chatd, offer, "both")["port"]
    with _connect(port) as sender:
        chatd.wait_told(offer.id, "connected")
        with _connect(port) as receiver:
            sender.sendall(DATA[:500_000])
            modern = filed.connect()
            modern.say("GET", offer.down)
            assert modern.head().status == 200
            assert modern.read(500_000) == DATA[:500_000]
            sender.sendall(DATA[500_000:])
            assert _read(receiver) == (DATA, False)
            assert _read(sender) == (b"", False)  # closed, once all is stored
            assert modern.read(500_000) == DATA[500_000:]
    assert filed.state(offer) == files.COMPLETE
    assert filed.ask("GET", offer.down).body == DATA
    chatd.wait_told(offer.id, files.COMPLETE, offset=SIZE)
    wait_until(lambda: _closed(port), "the port is closed")


@PLAIN
def test_one_way_each(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE, announced=sha256(DATA))
    with _connect(_ask(chatd, offer, "send")["port"]) as sender:
        sender.sendall(DATA)
        assert _read(sender) == (b"", False)
    assert filed.state(offer) == files.COMPLETE
    with _connect(_ask(chatd, offer, "receive")["port"]) as receiver:
        assert _read(receiver) == (DATA, False)
    modern = filed.offer(SIZE)
    assert filed.patch(modern, 0, DATA[:500_000]).status == 204
    with _connect(_ask(chatd, modern, "receive")["port"]) as receiver:
        filed.resume(modern, DATA)
        assert _read(receiver) == (DATA, False)


@PLAIN
def test_a_file_without_a_byte(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(0)
    port = _ask(chatd, offer, "both")["port"]
    with _connect(port) as sender:
        assert _read(sender) == (b"", False)
    with _connect(port) as receiver:
        assert _read(receiver) == (b"", False)
    assert filed.state(offer) == files.COMPLETE


@PLAIN
def test_an_empty_file_that_is_complete_before_its_sender_comes_stays(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(0)
    port = _ask(chatd, offer, "send")["port"]
    wait_until(lambda: filed.part(offer).exists(), "the port is waited at")
    filed.server._caretaker.look_again()
    wait_until(lambda: filed.state(offer) == files.COMPLETE, "it has as many bytes as it should")
    with _connect(port) as sender:
        assert _read(sender) == (b"", False)
    wait_until(lambda: not filed.server._uploads.find(offer.id), "nobody is at it any more")
    assert (filed.state(offer), offer.id in filed.on_disk()) == (files.COMPLETE, True)


@PLAIN
def test_more_than_the_length_is_not_read(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE, announced=sha256(DATA))
    with _connect(_ask(chatd, offer, "send")["port"]) as sender:
        sender.sendall(DATA + b"more")
        _read(sender)
    assert filed.ask("GET", offer.down).body == DATA


@PLAIN
def test_strangers_are_turned_away(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE)
    port = _ask(chatd, offer, "both")["port"]
    for _ in range(3):
        with _connect(port, STRANGE) as stranger:
            assert _read(stranger)[0] == b""
    with _connect(port) as sender:
        chatd.wait_told(offer.id, "connected")
        with _connect(port, STRANGE) as stranger:
            assert _read(stranger)[0] == b""
        with _connect(port) as receiver:
            sender.sendall(DATA)
            assert _read(receiver) == (DATA, False)
    wait_until(lambda: filed.state(offer) == files.COMPLETE, "it is complete")


@PLAIN
def test_nobody_connects(chatd: ChatdSide, filed: RunningFiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "PATIENCE", 0.2)
    offer, received = filed.offer(SIZE), filed.offer(SIZE)
    port = _ask(chatd, offer, "both")["port"]
    chatd.wait_told(offer.id, "timeout", role="send")
    wait_until(lambda: filed.state(offer) == files.FAILED, "it has failed")
    wait_until(lambda: _closed(port), "the port is closed")
    port = _ask(chatd, received, "both")["port"]
    with _connect(port) as sender:
        sender.sendall(DATA[:-1])
        chatd.wait_told(received.id, "timeout", role="receive")
        sender.sendall(DATA[-1:])
        assert _read(sender) == (b"", False)
    assert filed.ask("GET", received.down).body == DATA  # stored all the same
    refused = _ask(chatd, offer, "receive")
    assert (refused["port"], refused["detail"]) == (0, "there is no such file")


@ENGINES
def test_a_sender_that_breaks_off(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE)
    port = _ask(chatd, offer, "both")["port"]
    with _connect(port) as sender:
        chatd.wait_told(offer.id, "connected")
        sender.sendall(DATA[:500_000])
        receiver = _connect(port)
    with receiver:
        got, reset = _read(receiver)
    assert reset
    assert DATA[:500_000].startswith(got)
    wait_until(lambda: filed.state(offer) == files.FAILED, "it has failed")
    chatd.wait_told(offer.id, files.FAILED)
    wait_until(lambda: filed.on_disk() == set(), "its bytes are gone")


@PLAIN
def test_a_wrong_file(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE, announced=sha256(b"something else"))
    port = _ask(chatd, offer, "both")["port"]
    with _connect(port) as sender:
        chatd.wait_told(offer.id, "connected")
        with _connect(port) as receiver:
            sender.sendall(DATA)
            got, reset = _read(receiver)
    assert reset
    assert len(got) < SIZE
    chatd.wait_told(offer.id, files.FAILED, detail="hash_mismatch")


@PLAIN
def test_a_receiver_that_goes_does_not_stop_the_sender(chatd: ChatdSide, filed: RunningFiled) -> None:
    offer = filed.offer(SIZE)
    port = _ask(chatd, offer, "both")["port"]
    with _connect(port) as sender:
        chatd.wait_told(offer.id, "connected")
        _connect(port).close()
        sender.sendall(DATA)
        assert _read(sender) == (b"", False)
    assert filed.ask("GET", offer.down).body == DATA


@PLAIN
def test_ports_can_be_chosen_and_are_few(chatd: ChatdSide, make_filed: FiledFactory) -> None:
    with socket.create_server((HERE, 0)) as taken:
        number = taken.getsockname()[1]
    filed = make_filed("--chatd", f"127.0.0.1:{chatd.port}", "--raw-ports", f"{number}-{number}")
    offer = filed.offer(SIZE)
    assert _ask(chatd, offer, "both")["port"] == number
    refused = _ask(chatd, filed.offer(SIZE), "both")
    assert (refused["port"], refused["detail"]) == (0, "no port is free")


@PLAIN
def test_who_does_not_come_may_have_taken_another_way(
    chatd: ChatdSide, filed: RunningFiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "PATIENCE", 0.2)
    complete, arriving = filed.offer(SIZE), filed.offer(SIZE)
    port = _ask(chatd, complete, "both")["port"]
    assert filed.patch(complete, 0, DATA).status == 204
    chatd.wait_told(complete.id, "timeout", role="send")
    wait_until(lambda: _closed(port), "the port is closed")
    assert filed.ask("GET", complete.down).body == DATA
    port = _ask(chatd, arriving, "both")["port"]
    writer = filed.connect()
    writer.say("PATCH", arriving.up, {**patch_headers(0), "Content-Length": str(SIZE)}, DATA[:5000])
    wait_until(lambda: filed.offset(arriving) == 5000, "it has begun")
    with _connect(port) as sender:
        with suppress(ConnectionError):  # it may be closed before all is out
            sender.sendall(b"x" * SIZE)
        _read(sender)
    writer.send(DATA[5000:])
    assert writer.answer().status == 204
    assert filed.ask("GET", arriving.down).body == DATA
