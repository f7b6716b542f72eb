"""What the generator must know of a protocol: how to come in, how to say something, how to read what others said.

A `Wire` is a value: it is pickled into every generator process and shared by all clients there, so it keeps nothing
about them. What it has to remember of a client while that logs in goes into `Person.stage`. The generator owns sockets,
TLS, buffers and the counting; a wire sees whole *frames* only: a line, an MQTT packet, a stanza.

The order of events for each connection:

1. `begin`, then `login_step` for each frame until `Person.ready`.
2. When all members are ready, `ping`, and everything is skipped until `is_pong`: whatever logging in stirred up (joins
   of others, presence) has been read then.
3. Messages: `speaker` makes the bytes, `parse` reads them. What is neither a message nor an acknowledgement must be
   something that `aside` knows.
4. At the end `ping` once more: anything but the answer to it is one message too many.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar


class Own(Enum):
    """What a sender reads in the place where all others read its message."""

    REPLY = "reply"  # something else: `Wire.in_place_of`
    NOTHING = "nothing"
    SAME = "same"  # its message, as the others do


@dataclass(slots=True)
class Person:
    """A simulated user, on one connection at a time.

    ``rooms``: the groups to join while logging in, where the protocol asks for that. ``stage`` belongs to the wire,
    which sets ``ready`` when the last step of the login is done.
    """

    number: int  # from 1
    name: str  # ASCII letters and digits
    secret: str
    rooms: tuple[str, ...] = ()
    password: str = ""
    stage: int = 0
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where messages are said: a group, or the private conversation with ``name``."""

    name: str
    group: bool


Message = tuple[str, str, str, int]
"""Sender ("" where the protocol does not tell: it is read from the text then), whom or which group it was said to, the
text, and the message's number on the server (0: the protocol has none)."""

Ack = tuple[int, int]
"""The number that `Speaker` was given, and the message's number on the server."""

Speaker = Callable[[int, str], bytes]
"""Makes the bytes that say message ``number`` with this text."""


@dataclass(slots=True)
class Heard:
    """What a run of frames contained.

    ``stamps``: the server's numbers of messages and acknowledgements in the order in which they came; it has to grow
    strictly. Empty where the protocol has none. ``others``: each frame that is neither, as it came or written anew.
    """

    messages: list[Message] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)


class Refused(Exception):
    """The server does not let a client in; the message says why, in the server's words."""


class Unreadable(Exception):
    """The bytes are not what this protocol allows; the message says what is wrong."""


class Wire(ABC):
    """One protocol. All methods are called by the generator's only thread, and must not block."""

    name: ClassVar[str]
    same_for_all: ClassVar[bool]
    """Whether all members of a group who say nothing read the very same bytes; then most are only compared."""
    own: ClassVar[Own]
    """What a sender in a group reads in the place of its own message."""
    acknowledges: ClassVar[bool]
    """Whether the server answers every message with an acknowledgement."""

    @abstractmethod
    def begin(self, person: Person) -> bytes:
        """What a new connection says first; sets ``stage`` to its start and ``ready`` to False."""

    @abstractmethod
    def login_step(self, person: Person, frame: bytes) -> bytes:
        """Take the next frame of the login and return what to say to it, possibly nothing; sets ``ready`` at the end.

        Raises:
            Refused: the server said no.
            Unreadable: this is not what a server says.
        """

    @abstractmethod
    def ping(self, person: Person) -> bytes:
        """A question that the server answers only after everything it had for this client before."""

    @abstractmethod
    def is_pong(self, frame: bytes) -> bool:
        """Whether a frame is the answer to `ping`."""

    @abstractmethod
    def speaker(self, person: Person, to: Conversation) -> Speaker:
        """A function that makes messages of one person for one conversation; called once, the function very often.

        The text is of ASCII letters, digits and "." alone, so it needs no escaping anywhere. A private conversation in
        both directions is two conversations, each named for the one who listens.
        """

    @abstractmethod
    def ends(self, data: bytes) -> Sequence[int]:
        """Where each complete frame in these bytes ends, in ascending order; what is behind the last is incomplete.

        Raises:
            Unreadable: no frame can begin like this.
        """

    def cut(self, data: bytes) -> int:
        """Where the last complete frame ends; 0: there is none. Worth code of its own where that is cheaper."""
        ends = self.ends(data)
        return ends[-1] if ends else 0

    @abstractmethod
    def parse(self, frames: bytes) -> Heard:
        """Read complete frames. In a flood this is called for every message of a pair, so it has to be cheap.

        Raises:
            Unreadable: these are no frames of this protocol.
        """

    def in_place_of(self, number: int, frame: bytes) -> bytes:
        """What the sender of message ``number`` reads where all others read ``frame``; with `Own.REPLY` only."""
        raise NotImplementedError

    def aside(self, frame: bytes) -> bytes | None:
        """What to say to a frame that is no message (a keep-alive), b"" to ignore it; None: it should not be there."""
        return None


def line_ends(data: bytes) -> list[int]:
    """Where the lines end, for protocols whose frames are lines."""
    ends, end = [], data.find(b"\n") + 1
    while end:
        ends.append(end)
        end = data.find(b"\n", end) + 1
    return ends
