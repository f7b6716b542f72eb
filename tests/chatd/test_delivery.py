"""What the delivery makes of a batch: each session its own lines, and no copy of everything for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest

from chatbase.files import File
from chatd.delivery import BLOCK, HOLD, MANY, Delivery
from chatd.net.connection import ConnectionSettings
from chatd.net.loop import EventLoop
from chatd.registry.nodes import GroupNode, Session, UserNode
from chatd.store.records import ChatRecord, Offer
from chatwire.codec import Object, decode, encode_open
from tests.support.loops import Pair, hand_turned, turn, turn_until

HARD = 100_000
MARKS = ConnectionSettings(20_000, HARD, None, 10.0, lambda peer: True)


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    with hand_turned() as loop:
        yield loop


class _Peer:
    """Takes what it is sent."""

    def __init__(self, loop: EventLoop, *, legacy: bool) -> None:
        self.loop = loop
        self.legacy = legacy
        self.pieces: list[bytes] = []
        self.count = 0

    def answered(self, pieces: Sequence[bytes], count: int, mid: int) -> None:
        self.pieces += pieces
        self.count += count

    def send(self, data: bytes, mid: int = 0) -> None:
        self.pieces.append(data)

    def told(self) -> list[tuple[str, Any]]:
        objects: list[Object] = [decode(line) for line in b"".join(self.pieces).splitlines()]
        return [(str(obj["cmd"]), obj["mid"]) for obj in objects]


class _Crowd:
    """Sessions of one group on one loop, and what they say there. It stands for the online registry, too."""

    def __init__(self, loop: EventLoop, size: int, legacy: int = -1) -> None:
        self.loop = loop
        self.peers = [_Peer(loop, legacy=number == legacy) for number in range(size)]
        self.sessions = [Session(UserNode(1, "x"), cast(Any, peer), b"") for peer in self.peers]
        for session in self.sessions:
            session.held = None
        self.batch: list[ChatRecord] = []

    def say(self, number: int, length: int, *, duplicate: bool = False) -> None:
        push, reply = encode_open({"cmd": "push", "text": "x" * length}), encode_open({"cmd": "reply"})
        record = ChatRecord(self.sessions[number], -1, None, cast(GroupNode, self), None, "", push, reply)
        record.mid, record.duplicate = len(self.batch) + 1, duplicate
        self.batch.append(record)

    def offer(self, number: int, stored: Callable[[File], None]) -> None:
        """Offer them a file; ``stored`` as in `Offer`."""
        self.say(number, 10)
        file = File("f", None, -1, 1, None, "f", 1, None, None, "waiting", 0, 0)
        self.batch[-1].offer = Offer(file, b"", stored, 0)

    def fanout(self, group: GroupNode) -> dict[EventLoop, tuple[Session, ...]]:
        return {self.loop: tuple(self.sessions)}

    def deliver(self, *, more: bool = False) -> None:
        Delivery(cast(Any, self)).deliver(self.batch, more)
        turn(self.loop)

    def expected(self, number: int) -> list[tuple[str, int]]:
        told = []
        for chat in self.batch:
            own = chat.origin is self.sessions[number]
            if not chat.duplicate and not own:
                told.append(("push", chat.mid))
            if own:
                told.append(("reply", chat.mid))
        return told


LENGTHS = {"short": [10] * 6, "long": [BLOCK] * 6, "mixed": [10, BLOCK, 10, 10, 3 * BLOCK, BLOCK // 2]}


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("duplicates", [(), (0, 5), (2, 3, 4), range(24)])
def test_every_session_gets_all_in_the_order_of_mid(
    loop: EventLoop, lengths: list[int], duplicates: Sequence[int]
) -> None:
    crowd = _Crowd(loop, 6, legacy=2)
    for index in range(24):
        crowd.say((index * 7) % 5, lengths[index % 6], duplicate=index in duplicates)  # the sixth says nothing
    crowd.deliver()
    for number, peer in enumerate(crowd.peers):
        assert peer.told() == crowd.expected(number)
        assert peer.count == sum(chat.origin is crowd.sessions[number] for chat in crowd.batch)
        assert all(peer.pieces)


def test_an_offer_is_on_its_way_before_anybody_can_say_how_far_the_file_is(loop: EventLoop) -> None:
    crowd = _Crowd(loop, 3)

    def uploading() -> None:
        for peer in crowd.peers:
            peer.send(b'{"cmd":"file_state","mid":0}\n')

    crowd.offer(0, lambda file: loop.post(uploading))
    crowd.deliver()
    for number, peer in enumerate(crowd.peers):
        assert peer.told() == [*crowd.expected(number), ("file_state", 0)]


def test_many_who_say_much_at_once_share_the_bytes(loop: EventLoop) -> None:
    crowd = _Crowd(loop, 40)
    for index in range(160):
        crowd.say(index % 40, 60_000)
    crowd.deliver()
    different = {id(piece): len(piece) for peer in crowd.peers for piece in peer.pieces}
    assert sum(different.values()) < 2 * 160 * 60_000
    assert sum(len(piece) for peer in crowd.peers for piece in peer.pieces) > 38 * 160 * 60_000


def test_many_who_say_little_at_once_get_few_pieces_and_small_copies(loop: EventLoop) -> None:
    crowd = _Crowd(loop, 500)
    for index in range(2000):
        crowd.say(index % 500, 100)
    crowd.deliver()
    total = len(b"".join(crowd.peers[0].pieces))
    assert all(len(peer.pieces) <= 2 * total / BLOCK for peer in crowd.peers)
    different = {id(piece): len(piece) for peer in crowd.peers for piece in peer.pieces}
    assert sum(different.values()) < 2000 * 2 * BLOCK


@pytest.mark.parametrize(("size", "more", "held"), [(MANY, True, HOLD), (MANY, False, 0.0), (MANY - 1, True, 0.0)])
def test_the_output_of_many_waits_for_the_next_batch(
    loop: EventLoop, monkeypatch: pytest.MonkeyPatch, size: int, more: bool, held: float
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(loop, "hold_output", asked.append)
    crowd = _Crowd(loop, size)
    crowd.say(0, 64)
    crowd.deliver(more=more)
    assert asked == [held]


def test_a_small_batch_is_one_piece(loop: EventLoop) -> None:
    crowd = _Crowd(loop, 10)
    for index in range(80):
        crowd.say(index % 10, 64)
    crowd.deliver()
    assert [len(peer.pieces) for peer in crowd.peers] == [1] * 10


def test_pieces_are_one_write_and_may_pass_the_hard_mark_together(loop: EventLoop) -> None:
    pair = Pair(loop, MARKS)
    pair.connection.write(b"x" * HARD)
    turn(loop)  # from now on it is blocked, with nearly as much as the mark allows
    assert 0 < pair.connection.pending_output <= HARD
    pair.connection.write(*[b"y" * 30_000] * 10)
    got = bytearray()

    def read() -> bool:
        got.extend(pair.read())
        return len(got) == HARD + 300_000

    turn_until(loop, read)
    assert not pair.recorder.reasons
    pair.close()
