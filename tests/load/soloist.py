"""Senders of a group whose streams are compared with the canonical one.

A `Soloist` has sent some of the messages: in their places it reads what `Wire.in_place_of` says, or nothing. All of
this belongs to the generator's thread.
"""

from __future__ import annotations

from collections import deque

from tests.load.chorus import Chorus, Place
from tests.load.client import Bytes, Client
from tests.load.ledger import Voice
from tests.load.singers import Member
from tests.load.wires.base import Own, Unreadable


class Soloist(Member):
    """Reads what the stream says, but in the places of its own messages."""

    __slots__ = ("_own", "_places", "_voice", "_waits")

    def __init__(self, chorus: Chorus, client: Client, voice: Voice) -> None:
        super().__init__(chorus, client)
        self._voice = voice
        self._places: deque[Place] = chorus.places[voice.name]
        self._own: list[int] = []  # own messages that were passed and are not accounted for: they are no deliveries
        self._waits = False

    def has_all(self) -> bool:
        self.catch_up()
        return super().has_all() and (self.listener is not None or not self._places)

    def catch_up(self) -> None:
        """Pass own messages that leave no trace: whoever is the only one to speak reads nothing at all."""
        if self._places and self._chorus.stage.wire.own is Own.NOTHING and self.listener is None:
            self.take(b"")

    def take(self, data: Bytes) -> None:
        data = self._rest + data if self._rest else bytes(data)
        self._rest = b""
        try:
            left = self._compare(data)
        except Unreadable as error:
            left = b""
            self.fail(error)
        self._settle()
        if left and self.listener is None:
            self._rest = left
            if self.offset == self._chorus.end:
                self._look_ahead()

    def leave(self, data: bytes) -> None:
        self._settle()  # before the listener hears of what came later
        super().leave(data)

    def _settle(self) -> None:
        """Account for what was compared."""
        own, self._own = self._own, []
        self.count(self.offset, len(own))
        if own and self._chorus.stage.wire.own is Own.REPLY:
            self._voice.answered(own, ())

    def _compare(self, data: bytes) -> bytes:
        """Compare as far as the stream goes; returns what is behind."""
        chorus, places, at, size = self._chorus, self._places, 0, len(data)
        while True:
            until = places[0][0] if places else chorus.end
            span = min(until - self.offset, size - at)
            if span:
                if not chorus.stream.startswith(data[at : at + span], self.offset - chorus.base):
                    return self._walk(self._back_up(data[at:]))
                at += span
                self.offset += span
            if not places or self.offset < until:
                return data[at:]
            own = self._own_bytes()
            if not data.startswith(own, at):
                return data[at:] if own.startswith(data[at:]) else self._walk(data[at:])
            at += len(own)
            self._pass_own()

    def _walk(self, data: bytes) -> bytes:
        """Frame by frame, from the end of a message on; returns what is behind the end of the stream."""
        at = 0
        for end in self._chorus.stage.wire.ends(data):
            frame, own = data[at:end], self._own_here()
            wanted = self._own_bytes() if own else self._chorus.frame_at(self.offset)
            if not wanted:
                break
            if frame == wanted or (own and self._means(frame, wanted)):
                if own:
                    self._pass_own()
                else:
                    self.offset += end - at
            elif not self._is_aside(frame):
                self.leave(data[at:])
                return b""
            at = end
        return data[at:]

    def _own_here(self) -> bool:
        """Whether an own message is next; those that leave no trace are passed."""
        while self._places and self._places[0][0] == self.offset:
            if self._chorus.stage.wire.own is Own.REPLY:
                return True
            self._pass_own()
        return False

    def _own_bytes(self) -> bytes:
        start, end, number = self._places[0]
        wire = self._chorus.stage.wire
        return wire.in_place_of(number, self._chorus.slice(start, end)) if wire.own is Own.REPLY else b""

    def _means(self, frame: bytes, wanted: bytes) -> bool:
        """Whether an acknowledgement says the same in other words."""
        wire = self._chorus.stage.wire
        return bool((heard := wire.parse(frame)).acks) and heard == wire.parse(wanted)

    def _pass_own(self) -> None:
        _, self.offset, number = self._places.popleft()
        self._own.append(number)

    def _look_ahead(self) -> None:
        """At the end of the stream: take what is no message, and wait until a singer has read as far."""
        at = 0
        for end in self._chorus.stage.wire.ends(self._rest):
            if not self._is_aside(self._rest[at:end]):
                break
            at = end
        self._rest = self._rest[at:]
        if self._rest and not self._waits:
            self._waits = True
            self._chorus.waiting.append(self._again)

    def _again(self) -> None:
        self._waits = False
        if self.listener is None and not self.client.closed:
            self.take(b"")
