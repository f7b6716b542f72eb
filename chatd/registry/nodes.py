"""What the registries link: sessions, users, groups and memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatd.net.loop import EventLoop
from chatd.registry.linked import Link, LinkedRegistry


class Peer(Protocol):
    """The connection side of a session. Attributes and `files_base` are for any thread, the rest for the loop's."""

    address: str
    loop: EventLoop
    legacy: bool

    def files_base(self) -> bytes:
        """What the URLs of files begin with for this client."""

    def answered(self, pieces: Sequence[bytes], count: int, mid: int) -> None:
        """Queue lines, as one write, that hold the replies to ``count`` chat requests of this connection."""

    def say_goodbye(self, reason: str) -> None:
        """End the connection, saying why."""

    def send(self, data: bytes, mid: int = 0) -> None:
        """Queue one or more whole lines; ``mid`` is the highest message id in them, 0 when there is none."""


class Session(Link):
    """One logged-in connection.

    ``held`` is not None while missed messages are still being sent: what arrives meanwhile waits there, with its
    highest mid. A message up to ``caught_up`` was among those that had been missed, and is not sent again. These two,
    ``held_bytes`` (of messages), ``held_notices`` (bytes of the rest), ``overflowed`` and ``token_hash`` belong to the
    loop's thread; what else there is never changes.
    """

    __slots__ = ("caught_up", "held", "held_bytes", "held_notices", "loop", "overflowed", "peer", "token_hash", "user")

    def __init__(self, user: UserNode, peer: Peer, token_hash: bytes) -> None:
        super().__init__()
        self.user = user
        self.peer = peer
        self.loop = peer.loop
        self.token_hash = token_hash
        self.caught_up = 0
        self.held: list[tuple[int, bytes]] | None = []
        self.held_bytes = 0
        self.held_notices = 0
        self.overflowed = False


class UserNode(Link):
    """A user with at least one session. All fields but the first two are guarded by the online registry's lock.

    ``friends`` maps names to ids, ``groups`` names to nodes. Both are replaced, never changed in place, so a reader
    without the lock sees one state or the other (copy on write; they change seldom and are read for every message).
    So is ``present``, the sessions as a tuple.
    """

    __slots__ = ("friends", "groups", "id", "name", "present", "sessions")

    def __init__(self, user_id: int, name: str) -> None:
        super().__init__()
        self.id = user_id
        self.name = name
        self.friends: dict[str, int] = {}
        self.groups: dict[str, GroupNode] = {}
        self.sessions: LinkedRegistry[Session] = LinkedRegistry()
        self.present: tuple[Session, ...] = ()


class Membership(Link):
    """One online user's place in the list of one group. Guarded by the group registry's lock."""

    __slots__ = ("user",)

    def __init__(self, user: UserNode) -> None:
        super().__init__()
        self.user = user


class GroupNode(Link):
    """A group with at least one member online. ``members`` and ``fanout`` are guarded by the group registry's lock."""

    __slots__ = ("fanout", "id", "members", "name")

    def __init__(self, group_id: int, name: str) -> None:
        super().__init__()
        self.id = group_id
        self.name = name
        self.members: LinkedRegistry[Membership] = LinkedRegistry()
        self.fanout: Fanout | None = None  # the sessions of all members by loop; None: to be made anew


Fanout = dict[EventLoop, tuple[Session, ...]]
