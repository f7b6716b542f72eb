"""What `ResilientClient.next_event` tells."""

from __future__ import annotations

from dataclasses import dataclass

from chatwire.codec import Object

LINK_LOST = "link_lost"  # the result of a request whose reply will never come; no word of the wire
_STORED = ("success", "offline")


@dataclass(frozen=True)
class LinkUp:
    """There is a session. ``login`` is the reply that began it: roster, groups, unread counts."""

    login: Object


@dataclass(frozen=True)
class LinkDown:
    """There is none any more, or there was none to be had; told once, then attempts go on in silence."""

    reason: str


@dataclass(frozen=True)
class Waiting:
    """Too many log in at the moment: it takes about so many seconds until it is our turn. Told again while it lasts."""

    seconds: float


@dataclass(frozen=True)
class Push:
    """The server said something that answers no request."""

    obj: Object


@dataclass(frozen=True)
class Answer:
    """The reply to `ask`, which had returned ``ticket``. Its result is ``LINK_LOST`` when none will come."""

    ticket: int
    reply: Object


@dataclass(frozen=True)
class Fate:
    """What became of a message of `say`: stored (``result`` success or offline, with ``mid`` and ``ts``) or refused."""

    cid: str
    result: str
    obj: Object

    @property
    def stored(self) -> bool:
        """Whether it is in the server's database."""
        return self.result in _STORED


Event = LinkUp | LinkDown | Waiting | Push | Answer | Fate
