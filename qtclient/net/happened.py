"""What the threads tell the windows' thread, besides `cache.changes.Changes`, `LinkState` and `TransferInfo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qtclient.cache.changes import Changes
from qtclient.records import Key, LinkState, Message, TransferInfo


@dataclass(frozen=True)
class Roster:
    """A session has begun: who is there, and what the server permits. Friends by name, with whether they are online."""

    friends: dict[str, bool]
    groups: list[str]
    limits: dict[str, int]


@dataclass(frozen=True)
class Presence:
    """A friend has come or gone."""

    name: str
    online: bool


@dataclass(frozen=True)
class Befriended:
    """Somebody is a friend now (``online`` None where nobody has said), or no longer (``gone``)."""

    name: str
    online: bool | None = None
    gone: bool = False
    by_them: bool = False


@dataclass(frozen=True)
class Membership:
    """Somebody has joined or left a group."""

    group: str
    user: str
    joined: bool


@dataclass(frozen=True)
class TypingNow:
    """Somebody is writing."""

    key: Key
    who: str


@dataclass(frozen=True)
class Notice:
    """A line for the user: English, with ``{fields}``, to be translated. ``urgent``: about something that is lost."""

    text: str
    values: dict[str, object] = field(default_factory=dict)
    urgent: bool = False


@dataclass(frozen=True)
class Uncached:
    """A message that cannot be written to the disk now. ``live``: somebody else's came just now, or was missed."""

    message: Message
    live: bool | None = None


@dataclass(frozen=True)
class Unwritable:
    """Why nothing can be written to the disk, a line as of `problems`; empty when it can be again."""

    problem: str


@dataclass(frozen=True)
class Ended:
    """The server lets this user in no more: ``result`` is its word, ``fingerprint`` that of a strange certificate."""

    result: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Rebuilt:
    """The cache was broken: an empty one is in its place, and fills up from the server."""


@dataclass(frozen=True)
class Restored:
    """Everything that was ever said is in the cache now."""


@dataclass(frozen=True)
class Later:
    """Something is to be done in the windows' thread."""

    job: Callable[[], None]


@dataclass(frozen=True)
class Gone:
    """A transfer is on no list any more."""

    id: int


Happened = (
    Changes
    | LinkState
    | TransferInfo
    | Roster
    | Presence
    | Befriended
    | Membership
    | TypingNow
    | Notice
    | Uncached
    | Unwritable
    | Ended
    | Rebuilt
    | Restored
    | Later
    | Gone
)

Post = Callable[[Happened], None]
"""Takes what has happened, in any thread."""
