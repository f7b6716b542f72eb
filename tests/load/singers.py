"""Members of a group whose streams are compared with the canonical one.

A `Singer` reads just what the stream says, and extends it when it is the first; senders are in `soloist`. Whoever reads
anything else leaves the chorus: from there on its bytes are read message by message by a `Listener`, who names what is
wrong.

All of this belongs to the generator's thread.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from tests.load.chorus import Chorus
from tests.load.client import Bytes, Client
from tests.load.listener import Listener
from tests.load.wires.base import Own, Unreadable


class Member(ABC):
    """One connection in a chorus. ``offset``: how far it is compared; ``listener``: who reads it since it left."""

    __slots__ = ("_chorus", "_failed", "_heard", "_rest", "client", "listener", "offset")

    def __init__(self, chorus: Chorus, client: Client) -> None:
        self.client = client
        self.offset = 0
        self.listener: Listener | None = None
        self._chorus = chorus
        self._heard = 0
        self._rest = b""
        self._failed = 0

    @abstractmethod
    def take(self, data: Bytes) -> None:
        """Compare what has come."""

    def has_all(self) -> bool:
        """Whether everything that was said has come, and nothing else."""
        if self.listener is not None:
            return self.listener.has_all()
        return self.offset == self._chorus.end and not self._rest

    def finish(self) -> None:
        """Name what is missing, and what is there besides."""
        if self.client.closed:
            return
        if self.listener is None and not self.has_all():
            self.leave_behind()
        if self.listener is not None:
            ledger = self._chorus.stage.ledger
            self.listener.finish()
            if ledger.failed == self._failed:
                ledger.fail(
                    "disordered", f"{self._chorus.name}: {self.client.person.name} reads in another order than others"
                )

    def leave_behind(self) -> None:
        """Leave where this member is now."""
        self.leave(self._back_up(self._rest))

    def leave(self, data: bytes) -> None:
        """From ``data`` on, which begins at a message's end, read alone; nothing if that happened before."""
        if self.listener is not None:
            return
        chorus = self._chorus
        counts = chorus.counts_at(self.offset)
        own = chorus.mouths.get(self.client.person.name)
        self._failed = chorus.stage.ledger.failed
        self.listener = Listener(chorus.stage, self.client, chorus.name, own.voice if own else None)
        for name, mouth in chorus.mouths.items():
            if mouth is not own or chorus.stage.wire.own is Own.SAME:
                self.listener.listen(mouth.voice, counts[name] + 1, mouth)
        self.client.hand_to(self.listener.take)
        self._rest = b""
        if data:
            self.listener.take(data)

    def count(self, offset: int, own: int = 0) -> None:
        """Account for the messages up to an offset but ``own``. The age of the oldest is taken for all of them."""
        chorus = self._chorus
        heard = chorus.index.get(offset)
        if heard is None:
            heard = chorus.heard_at(offset)
        fresh = heard - self._heard
        if fresh > own:
            ledger = chorus.stage.ledger
            due = chorus.dues[self._heard - chorus.passed]
            ledger.latencies.record((time.monotonic_ns() - due) // 1000, fresh - own)
            ledger.delivered += fresh - own
        self._heard = heard

    def fail(self, error: Unreadable) -> None:
        self.client.fail("altered", f"{self._chorus.name}: {self.client.person.name} reads {error}")

    def _back_up(self, data: bytes) -> bytes:
        """Go back to the end of the last whole message; returns all bytes from there on."""
        start = self._chorus.boundary(self.offset)
        data = self._chorus.slice(start, self.offset) + data
        self.offset = start
        return data

    def _is_aside(self, frame: bytes) -> bool:
        """Whether this is no message and may be there; it is answered, then."""
        wire = self._chorus.stage.wire
        if wire.is_pong(frame):
            self.client.pong()
            return True
        answer = wire.aside(frame)
        if answer:
            self.client.send(answer)
        return answer is not None


class Singer(Member):
    """Reads what the stream says."""

    __slots__ = ()

    def take(self, data: Bytes) -> None:
        chorus = self._chorus
        if not self._rest and chorus.stream.startswith(data, self.offset - chorus.base):
            self.offset = offset = self.offset + len(data)
            self.count(offset)
            return
        rest, self._rest = self._rest, b""
        try:
            self._compare(rest + bytes(data))
        except Unreadable as error:
            self.fail(error)
        self.count(self.offset)

    def _compare(self, data: bytes) -> None:
        chorus = self._chorus
        common = min(len(data), chorus.end - self.offset)
        if common and not chorus.stream.startswith(data[:common], self.offset - chorus.base):
            self._walk(self._back_up(data))
            return
        self.offset += common
        data = data[common:]
        if data:
            self._extend(data)

    def _extend(self, data: bytes) -> None:
        """At the end of the stream: the first to read what is new."""
        chorus = self._chorus
        ends = chorus.stage.wire.ends(data)
        good = chorus.extend(data, ends) if ends else 0
        self.offset += good
        waiting, chorus.waiting = chorus.waiting, []
        for retry in waiting:
            retry()
        if not ends:
            self._rest = data
        elif good == ends[-1]:
            self._rest = data[good:]
        elif good:
            self._extend(data[good:])
        elif self._is_aside(data[: ends[0]]):
            self._compare(data[ends[0] :])
        else:
            self.leave(data)

    def _walk(self, data: bytes) -> None:
        """Frame by frame, from the end of a message on, since something here is not as others read it."""
        chorus, at = self._chorus, 0
        for end in chorus.stage.wire.ends(data):
            frame, wanted = data[at:end], chorus.frame_at(self.offset)
            if not wanted:
                self._extend(data[at:])
                return
            if frame == wanted:
                self.offset += len(frame)
            elif not self._is_aside(frame):
                self.leave(data[at:])
                return
            at = end
        self._rest = data[at:]
