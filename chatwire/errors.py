"""Every error that the wire can cause, in two families: the peer broke the rules, or the link failed."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z_]{1,64}")


class WireError(Exception):
    """Base of all errors raised by this package."""


class PeerError(WireError):
    """The peer broke the protocol.

    ``result`` is the word that goes back to the peer, ``detail`` a short English explanation that
    never repeats what the peer sent (it may be a secret), and ``fatal`` says whether the connection must close.
    """

    result = "bad_json"
    fatal = False

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.result)
        self.detail = detail


class BadJson(PeerError):
    """The frame is no JSON object (wire, section 2)."""


class UnknownCommand(PeerError):
    """The object names no command of the table."""

    result = "unknown_cmd"


class FrameTooLong(PeerError):
    """More than the permitted bytes arrived without an end of the object; the stream cannot be followed any more."""

    result = "frame_too_long"
    fatal = True


class ObjectSkipped(PeerError):
    """An object that was too long was passed over, and the stream goes on; ``beginning`` is the first of it."""

    result = "frame_too_long"

    def __init__(self, beginning: bytes) -> None:
        super().__init__("an object was too long")
        self.beginning = beginning


class BadRequest(PeerError):
    """A field is missing or has the wrong type, size or form. ``field`` names it."""

    result = "bad_request"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class LinkError(WireError):
    """The connection cannot be made or has ended."""


class LinkTimeout(LinkError):
    """The peer did not answer in time; the connection is still open."""


class TurnedAway(LinkError):
    """The server has let nobody in, or ended the session, and said why: ``reply`` is its ``goodbye``."""

    def __init__(self, reply: dict[str, object]) -> None:
        word = str(reply.get("result"))
        super().__init__(f"the server says {word if _WORD.fullmatch(word) else 'goodbye'}")
        self.reply = reply


class UnknownFingerprint(LinkError):
    """The server's certificate is not the pinned one, or none is pinned yet. ``fingerprint`` is what it showed."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__(f"the server's certificate is not trusted; its SHA-256 fingerprint is {fingerprint}")
        self.fingerprint = fingerprint


class Refused(WireError):
    """The server answered a request with another word than the caller can go on with. ``reply`` is the whole reply."""

    def __init__(self, reply: dict[str, object]) -> None:
        self.result = str(reply.get("result", ""))
        detail = reply.get("detail") or reply.get("reason")
        super().__init__(f"{reply.get('cmd')}: {self.result}" + (f" ({detail})" if detail else ""))
        self.reply = reply
