"""Tickets: who holds one may move the bytes of one file in one direction, until it expires. JWT (RFC 7519), HS256.

chatd makes them, the file daemon checks them; the key is a secret that both read from their data folder.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
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


def issue(secret: bytes, ticket: Ticket, life: float = LIFE, *, now: float | None = None) -> str:
    """Sign a ticket that is good for ``life`` seconds; ``now`` in seconds since 1970, by the machine unless told."""
    claims = {"aud": _FILES, "sub": ticket.file, "dir": ticket.direction, "size": ticket.size}
    return jwt.encode({**claims, "exp": _end(life, now)}, secret, _ALGORITHM)


def check(secret: bytes, text: str, *, now: float | None = None) -> Ticket:
    """Read a ticket; ``now`` as in `issue`.

    Raises:
        ExpiredTicket: its time is over.
        BadTicket: it was not made with this secret, or not for the file daemon.
    """
    claims = _decode(secret, text, _FILES, ("sub", "dir", "size"), now)
    if claims["dir"] not in (UPLOAD, DOWNLOAD) or type(claims["size"]) is not int:
        raise BadTicket("this is no ticket")
    return Ticket(str(claims["sub"]), str(claims["dir"]), claims["size"])


def issue_hello(secret: bytes, *, now: float | None = None) -> str:
    """What the file daemon shows chatd to be known as such."""
    return jwt.encode({"aud": _CHATD, "exp": _end(HELLO_LIFE, now)}, secret, _ALGORITHM)


def check_hello(secret: bytes, text: str, *, now: float | None = None) -> None:
    """Raises BadTicket unless it was made by `issue_hello` with this secret, a moment ago."""
    _decode(secret, text, _CHATD, (), now)


def _end(life: float, now: float | None) -> int:
    return int((time.time() if now is None else now) + life)


def _decode(
    secret: bytes, text: str, audience: str, claims: tuple[str, ...], now: float | None
) -> Mapping[str, object]:
    if len(text) > MAX_LENGTH:
        raise BadTicket("this is no ticket")
    try:
        found: Mapping[str, object] = jwt.decode(
            text, secret, [_ALGORITHM], audience=audience,
            options={"require": ["exp", "aud", *claims], "verify_exp": False},  # PyJWT knows only the machine's time
        )  # fmt: skip
    except jwt.InvalidTokenError:
        raise BadTicket("this is no ticket") from None
    end = found["exp"]
    if type(end) is not int:
        raise BadTicket("this is no ticket")
    if end <= (time.time() if now is None else now):
        raise ExpiredTicket("the ticket has expired")
    return found
