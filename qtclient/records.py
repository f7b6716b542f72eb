"""What the rooms of the client tell each other: frozen records and enums. No Qt, no input or output."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

from chatwire.address import shown

NOT_STORED = 1 << 53  # rows from here on are messages that the server has not stored; below it a row is a mid


class Kind(Enum):
    """What a conversation is with."""

    PEER = "peer"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Key:
    """One conversation: with another user, or in a group. Names are compared as the server does: case matters."""

    kind: Kind
    name: str

    def __lt__(self, other: Key) -> bool:
        return (self.kind.value, self.name) < (other.kind.value, other.name)

    @property
    def field(self) -> dict[str, str]:
        """As most requests name it."""
        return {self.kind.value: self.name}


@lru_cache(4096)
def key(kind: Kind, name: str) -> Key:
    """A `Key` that messages share: there are a thousand times as many of them as of conversations."""
    return Key(kind, name)


class Sent(IntEnum):
    """How far a message has come; what has been told never goes back but by a retry."""

    WAITING = 0  # written without a connection
    SENDING = 1  # on its way to the server
    STORED = 2  # the server has it
    DELIVERED = 3  # handed to a session of the other
    READ = 4
    FAILED = 5  # refused; `Message.problem` says why, and a retry is possible
    RECEIVED = 6  # somebody else's


class FileState(Enum):
    """What has become of an offered file."""

    OFFERING = "offering"  # by us; the server does not know it yet
    WAITING = "waiting"
    UPLOADING = "uploading"
    COMPLETE = "complete"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def alive(self) -> bool:
        """Whether it can be downloaded, now or later."""
        return self in (FileState.WAITING, FileState.UPLOADING, FileState.COMPLETE)


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of a conversation. ``name`` is harmless as a file's name; ``path`` is where it is here, empty if nowhere.

    ``length`` and ``offset`` (what has arrived at the server) are bytes; ``detail`` is the server's word on a failure.
    """

    file: str
    name: str
    length: int
    state: FileState
    offset: int = 0
    sha256: str = ""
    path: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a conversation. ``row`` grows in display order within it, and can be beyond 32 bits.

    A message that the server has not stored has ``mid`` 0 and a row of `NOT_STORED` or more; when it is stored, its
    row becomes its mid, so it may move. ``ts`` in milliseconds since 1970 UTC. Texts and names are as they came:
    unfit for a screen until they are made harmless.
    """

    row: int
    key: Key
    mid: int
    cid: str
    sender: str
    mine: bool
    text: str
    ts: int
    sent: Sent
    file: FileInfo | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody on the roster."""

    name: str
    online: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group; ``role`` is owner or member."""

    name: str
    online: bool
    role: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A line of the list of conversations. ``preview`` is the newest message's text, or its file's name, one line.

    ``ts`` of the last activity, 0 for none. ``online`` is the friend's; False in groups.
    """

    key: Key
    preview: str = ""
    preview_sender: str = ""
    ts: int = 0
    unread: int = 0
    muted: bool = False
    draft: str = ""
    online: bool = False
    preview_is_file: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was searched for."""

    key: Key
    row: int
    message: Message


class Link(Enum):
    """The connection to the chat server."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    REFUSED = "refused"  # no further attempt follows


@dataclass(frozen=True, slots=True)
class LinkState:
    """``reason`` in English, as it came; ``next_try`` is the `time.time` of the next attempt, 0 when none is known."""

    link: Link
    reason: str = ""
    next_try: float = 0.0


class Phase(Enum):
    """Where a transfer is."""

    PREPARING = "preparing"  # hashing, offering
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"  # for the server, or for the other side; goes on by itself
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (Phase.DONE, Phase.FAILED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True)
class TransferInfo:
    """A file on its way. ``done`` and ``size`` in bytes, ``speed`` in bytes a second, ``left`` in seconds.

    ``path`` is what is read, or where it is or will be here; ``problem`` a line for the user.
    """

    id: int
    upload: bool
    key: Key
    file: str
    name: str
    path: str
    size: int
    done: int
    speed: float
    left: float | None
    phase: Phase
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a chat server is. ``fingerprint`` of its pinned certificate; empty: the system's authorities decide."""

    host: str
    port: int
    tls: bool = True
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """As people write it, and as it is pinned."""
        return shown(self.host, self.port)

    def __str__(self) -> str:
        """As it can be typed again."""
        return self.name if self.tls else f"tcp://{self.name}"
