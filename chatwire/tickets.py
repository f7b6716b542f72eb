"""Tickets: who holds one may move the bytes of one file in one direction, until it expires. JWT (RFC 7519), HS256.

chatd makes them, the file daemon checks them; the key is a secret that both read from their data folder.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import jwt

UPLOAD = "up"
DOWNLOAD = "down"
LIFE = 24 * 3600  # seconds
HELLO_LIFE = 60  # seconds; of what the file daemon shows chatd

_ALGORITHM = "HS256"
_FILES = "files"
_CHATD = "chatd"
MAX_LENGTH = 1024  # characters; ours have about 200


class BadTicket(Exception):
    """It is none, or not for this; the message is one line for the one who sent it."""


class ExpiredTicket(BadTicket):
    """It was one."""


@dataclass(frozen=True)
class Ticket:
    """``direction`` is `UPLOAD` or `DOWNLOAD`, ``size`` the file's length in bytes."""

    file: str
    direction: str
    size: int


def issue(secret: bytes, ticket: Ticket, life: float = LIFE) -> str:
    """Sign a ticket that is good for ``life`` seconds."""
    claims = {"aud": _FILES, "sub": ticket.file, "dir": ticket.direction, "size": ticket.size}
    return jwt.encode({**claims, "exp": int(time.time() + life)}, secret, _ALGORITHM)


def check(secret: bytes, text: str) -> Ticket:
    """Read a ticket.

    Raises:
        ExpiredTicket: its time is over.
        BadTicket: it was not made with this secret, or not for the file daemon.
    """
    claims = _decode(secret, text, _FILES, ("sub", "dir", "size"))
    if claims["dir"] not in (UPLOAD, DOWNLOAD) or type(claims["size"]) is not int:
        raise BadTicket("this is no ticket")
    return Ticket(str(claims["sub"]), str(claims["dir"]), claims["size"])


def issue_hello(secret: bytes) -> str:
    """What the file daemon shows chatd to be known as such."""
    return jwt.encode({"aud": _CHATD, "exp": int(time.time() + HELLO_LIFE)}, secret, _ALGORITHM)


def check_hello(secret: bytes, text: str) -> None:
    """Raises BadTicket unless it was made by `issue_hello` with this secret, a moment ago."""
    _decode(secret, text, _CHATD, ())


def _decode(secret: bytes, text: str, audience: str, claims: tuple[str, ...]) -> dict[str, object]:
    if len(text) > MAX_LENGTH:
        raise BadTicket("this is no ticket")
    try:
        return dict(
            jwt.decode(text, secret, [_ALGORITHM], audience=audience, options={"require": ["exp", "aud", *claims]})
        )
    except jwt.ExpiredSignatureError:
        raise ExpiredTicket("the ticket has expired") from None
    except jwt.InvalidTokenError:
        raise BadTicket("this is no ticket") from None
