"""Types of request fields: what is accepted, and in which form it goes on.

A check takes the value as decoded and returns it as the program uses it (names in NFC, counts clamped), or
raises `ValueError` with a few words for the one who sent it. Checks never echo the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chatwire.characters import is_harmless
from chatwire.names import LONGEST, bounded, checked, checked_new

MAX_NAME = LONGEST  # characters, after NFC
MAX_TEXT = 16 * 1024  # bytes of UTF-8
MAX_PASSWORD = 1024  # bytes of UTF-8; argon2 takes any length, the event loop should not carry it
MAX_CID = 64  # characters
MAX_ID = 64  # characters
MAX_TOKEN = 128  # characters
MAX_MID = 2**53 - 1
MAX_PAGE = 500  # messages in one page of history or sync
DEFAULT_PAGE = 100
MAX_PEERS = 100  # users in one question
MAX_LENGTH = 2**53 - 1  # bytes in a file
MAX_FILENAME = 255  # characters
MAX_FILE_ID = 32  # characters
MAX_TICKET = 1024  # characters

Check = Callable[[Any], Any]

_FILE_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_FILE_ID}}}")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
REPORTS = ("uploading", "complete", "failed", "expired", "cancelled", "connected", "timeout")
ROLES = ("send", "receive")


def name(value: Any) -> str:
    """User and group names: 1 to 32 characters in NFC, nothing that breaks a list or a line."""
    return checked(string(value))


def new_name(value: Any) -> str:
    """A name that nobody has yet: nothing in it breaks a reader's eye either (`chatwire.names`)."""
    return checked_new(string(value))


def names(value: Any) -> list[str]:
    """Some names to be looked up, each once.

    What nobody can be called is not found, and need not be refused: a look at each character of a hundred names would
    take the loop ten milliseconds.
    """
    if type(value) is not list or not 1 <= len(value) <= MAX_PEERS:
        raise ValueError(f"must be a list of 1 to {MAX_PEERS} names")
    return list(dict.fromkeys(bounded(string(name)) for name in value))


def string(value: Any) -> str:
    """Any JSON string."""
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def password(value: Any) -> str:
    """A password as typed; whether it is good enough is for `register` to say."""
    # "surrogatepass": an encoder's complaint would quote the password.
    if len(string(value)) > MAX_PASSWORD or len(value.encode(errors="surrogatepass")) > MAX_PASSWORD:
        raise ValueError(f"must have at most {MAX_PASSWORD} bytes")
    return str(value)


def text(value: Any) -> str:
    """The text of a message. Its size limit is a server setting, and checked by the server."""
    return string(value)


def cid(value: Any) -> str:
    """The sender's own identifier of a message, which makes a retry safe."""
    if not 1 <= len(string(value)) <= MAX_CID:
        raise ValueError(f"must have 1 to {MAX_CID} characters")
    return str(value)


def token(value: Any) -> str:
    """A resume token as `login_reply` gave it."""
    if not 1 <= len(string(value)) <= MAX_TOKEN or not value.isascii():
        raise ValueError("is not a token")
    return str(value)


def mid(value: Any) -> int:
    """A message id: an integer of 0 up to 2^53 - 1."""
    if type(value) is not int or not 0 <= value <= MAX_MID:
        raise ValueError("must be an integer from 0 to 2^53 - 1")
    return value


def after(value: Any) -> int:
    """A message id, or -1: the client pages by itself and wants nothing pushed at login."""
    if type(value) is int and value == -1:
        return -1
    return mid(value)


def limit(value: Any) -> int:
    """How many messages in a page; more than the largest page is the largest page."""
    if type(value) is not int or value < 1:
        raise ValueError("must be an integer above 0")
    return min(value, MAX_PAGE)


class Digits(int):
    """A length that came as a string of digits: some of the original clients want to see it so."""


def length(value: Any) -> int:
    """How many bytes a file has: an integer of 0 up to 2^53 - 1, or a string of its digits."""
    if type(value) is str and 1 <= len(value) <= len(str(MAX_LENGTH)) and value.isascii() and value.isdigit():
        value = Digits(value)
    if type(value) not in (int, Digits) or not 0 <= value <= MAX_LENGTH:
        raise ValueError("must be an integer from 0 to 2^53 - 1, or its digits")
    checked: int = value
    return checked


class LastPart(str):
    """The last part of a path; ``path`` is the whole, which an original client wants to hear again."""

    __slots__ = ("path",)

    path: str


def filename(value: Any) -> str:
    """A file's name: of a whole path only the last part is kept, whichever way its slashes lean."""
    last = re.split(r"[/\\]", string(value))[-1]
    if not 1 <= len(last) <= MAX_FILENAME or last in (".", ".."):
        raise ValueError(f"must end in a name of 1 to {MAX_FILENAME} characters")
    if not is_harmless(last):
        raise ValueError("must not contain control characters")
    name = LastPart(last)
    name.path = value
    return name


def sha256(value: Any) -> str:
    """A SHA-256, as 64 hexadecimal digits; lower-case from here on."""
    if not _SHA256.fullmatch(string(value)):
        raise ValueError("must have 64 hexadecimal digits")
    return str(value).lower()


def file_id(value: Any) -> str:
    """The `file` of an offer."""
    if not _FILE_ID.fullmatch(string(value)):
        raise ValueError("is not a file")
    return str(value)


def ticket(value: Any) -> str:
    """What the file daemon shows."""
    if not 1 <= len(string(value)) <= MAX_TICKET or not value.isascii():
        raise ValueError("is not a token")
    return str(value)


def number(value: Any) -> int:
    """An integer of 0 up to 2^53 - 1."""
    if type(value) is not int or not 0 <= value <= MAX_LENGTH:
        raise ValueError("must be an integer from 0 to 2^53 - 1")
    return value


def port(value: Any) -> int:
    """A TCP port, or 0 for none."""
    if type(value) is not int or not 0 <= value <= 65535:
        raise ValueError("must be an integer from 0 to 65535")
    return value


def report(value: Any) -> str:
    """What the file daemon says of a file."""
    return _one_of(value, REPORTS)


def role(value: Any) -> str:
    """Which side of a raw port is meant."""
    return _one_of(value, ROLES)


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    if string(value) not in words:
        raise ValueError("must be one of " + ", ".join(words))
    return str(value)


def request_id(value: Any) -> str | int:
    """The `id` that a reply repeats: a string of up to 64 characters, or an integer of 64 bits."""
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is str and len(value) <= MAX_ID:
        return value
    raise ValueError(f"must be an integer or a string of up to {MAX_ID} characters")
