"""Members of a group read in pieces of any size and in any order, as no server can be made to send them at will."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.proxy import Deed, double, drop, swap
from tests.load.scenarios.base import Cast
from tests.load.scenarios.groups import GroupActivity, Groups
from tests.load.stage import Stage
from tests.load.targets.base import Address
from tests.load.wires.base import Conversation, Own, Person, Wire
from tests.load.wires.chat import ChatWire
from tests.load.wires.irc import IrcWire
from tests.load.wires.mqtt import MqttWire

GROUP = "g"
NOWHERE = Address("127.0.0.1", 1)
WIRES = {wire.name: wire for wire in (ChatWire(), IrcWire(), MqttWire())}

Lines = list[list[bytes]]
"""What each member reads, message by message."""


def frame(wire: Wire, sender: Person, number: int, text: str, mid: int) -> bytes:
    """What everybody reads of a message."""
    if wire.name == "chat":
        push = '{"cmd":"group_chat","user":"%s","group":"%s","text":"%s","mid":%d,"ts":%d}\n'
        return (push % (sender.name, GROUP, text, mid, 10**12 + mid)).encode()
    said = wire.speaker(sender, Conversation(GROUP, True))(number, text)
    return f":{sender.name}!u@h ".encode() + said if wire.name == "IRC" else said


class Play:
    """A group whose members are given by hand what a server would send."""

    def __init__(self, wire: Wire, size: int, senders: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.stage = Stage(wire, NOWHERE)
        self.people = tuple(Person(number, f"run{number}", "") for number in range(1, size + 1))
        cast = Cast(GROUP, 0, self.people, group=True)
        self.activity = Groups(1, size, senders).perform(cast, self.stage, "run")
        assert isinstance(self.activity, GroupActivity)
        self.mouths = self.activity.mouths
        for client in self.activity.clients:  # as if they were connected
            self.stage.clients[client._socket.fileno()] = client

    def say(self, count: int) -> Lines:
        """So many messages of senders taken at random, as each member is to read them."""
        wire, lines = self.stage.wire, [[] for _ in self.people]  # type: Wire, Lines
        for mid in range(1, count + 1):
            sender = self.random.randrange(len(self.mouths))
            number, [text] = self.mouths[sender].voice.say(1, 0)
            said = frame(wire, self.people[sender], number, text, mid)
            for member, read in enumerate(lines):
                if member != sender or wire.own is Own.SAME:
                    read.append(said)
                elif wire.own is Own.REPLY:
                    read.append(wire.in_place_of(number, said))
        return lines

    def read(self, lines: Lines) -> None:
        """All members read, each in pieces, in turns that are left to chance; and then the run is over."""
        streams = [(member, b"".join(read)) for member, read in enumerate(lines)]
        while streams:
            turn = self.random.randrange(len(streams))
            member, stream = streams[turn]
            size = self.random.choice((1, 7, 100, 151, 1000, 10**6))
            taker = self.activity.clients[member].taker
            assert taker is not None
            taker(stream[:size])
            streams[turn] = member, b"" if self.activity.clients[member].closed else stream[size:]
            streams = [pair for pair in streams if pair[1]]
            if self.random.random() < 0.1:
                self.activity.tidy()
        self.settled = self.activity.settled()
        self.activity.tidy()
        self.activity.finish()


@contextmanager
def play(wire: Wire, size: int, senders: int, seed: int) -> Iterator[Play]:
    made = Play(wire, size, senders, seed)
    try:
        yield made
    finally:
        made.stage.close()


@pytest.mark.parametrize("name", WIRES)
@settings(max_examples=60, deadline=None)
@given(size=st.integers(2, 6), senders=st.integers(1, 6), count=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_in_pieces_and_turns_of_any_kind(name: str, size: int, senders: int, count: int, seed: int) -> None:
    with play(WIRES[name], size, min(senders, size), seed) as group:
        group.read(group.say(count))
        ledger = group.stage.ledger
        assert not ledger.failures
        assert group.settled
        assert ledger.delivered == count * (size - 1)
        assert ledger.latencies.count >= ledger.delivered


@pytest.mark.parametrize("name", WIRES)
@settings(max_examples=80, deadline=None)
@given(
    deed=st.sampled_from([drop, double, swap]), senders=st.integers(1, 3), count=st.integers(2, 30),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_one_message_to_one_member(name: str, deed: Deed, senders: int, count: int, seed: int) -> None:
    with play(WIRES[name], 4, senders, seed) as group:
        lines = group.say(count)
        read = group.random.choice([read for read in lines if len(read) >= 2])
        at = group.random.randrange(len(read) - 1)
        width = 2 if deed is swap else 1
        read[at : at + width] = deed(read[at : at + width])
        group.read(lines)
        assert group.stage.ledger.failures


@pytest.mark.parametrize("name", WIRES)
@settings(max_examples=80, deadline=None)
@given(senders=st.integers(1, 3), count=st.integers(1, 30), flip=st.integers(1, 255), seed=st.integers(0, 2**32))
def test_one_byte_to_a_member_who_says_nothing(name: str, senders: int, count: int, flip: int, seed: int) -> None:
    with play(WIRES[name], 5, senders, seed) as group:
        lines = group.say(count)
        read = lines[group.random.randrange(senders, 5)]
        at = group.random.randrange(len(read))
        place = group.random.randrange(len(read[at]))
        changed = bytearray(read[at])
        changed[place] ^= flip
        read[at] = bytes(changed)
        group.read(lines)
        assert group.stage.ledger.failures


def test_what_all_have_passed_is_forgotten() -> None:
    with play(ChatWire(), 5, 2, 1) as group:
        group.read(group.say(200))
        assert all(voice.forgotten == voice.sent == voice.heard for voice in (mouth.voice for mouth in group.mouths))
        assert not any(mouth.voice.texts for mouth in group.mouths)
        assert not group.activity._chorus.stream  # type: ignore[attr-defined]
