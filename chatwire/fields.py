"""Types of request fields: what is accepted, and in which form it goes on.

A check takes the value as decoded and returns it as the program uses it (names in NFC, counts clamped), or
raises `ValueError` with a few words for the one who sent it. Checks never echo the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

MAX_NAME = 32  # characters, after NFC
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
_MAX_DECOMPOSED = 4  # code points to which canonical decomposition expands one at most

Check = Callable[[Any], Any]

_FORBIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")  # emoji and some scripts need them
_VIRAMA = 9  # canonical combining class
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they can hide what a file is
_UNPRINTABLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
_FILE_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_FILE_ID}}}")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
REPORTS = ("uploading", "complete", "failed", "expired", "cancelled", "connected", "timeout")
ROLES = ("send", "receive")


def name(value: Any) -> str:
    """User and group names: 1 to 32 characters in NFC, nothing that breaks a list, a line or a reader's eye.

    What could not become short enough is not normalised at all: that takes time with the square of its length
    when someone piles up combining marks, seconds for a whole frame of them. Printable ASCII is in NFC as it is, and
    every message names two users: the look at each character would be a third of what it costs the server.
    """
    if type(value) is str and _is_plain(value):
        return value
    text = _normalised(value)
    if "|" in text or any(map(_unfit, " " + text, text)) or text[-1] in "\u200c\u200d":
        raise ValueError("must not contain control characters, invisible ones or '|'")
    return text


def _normalised(value: Any) -> str:
    too_long = len(string(value)) > MAX_NAME * _MAX_DECOMPOSED
    text = "" if too_long else unicodedata.normalize("NFC", value)
    if not 1 <= len(text) <= MAX_NAME:
        raise ValueError(f"must have 1 to {MAX_NAME} characters")
    if text != text.strip():
        raise ValueError("must not begin or end with a space")
    return text


def _is_plain(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or not 1 <= len(text) <= MAX_NAME:
        return False
    return text[0] != " " and text[-1] != " " and "|" not in text


def _unfit(previous: str, character: str) -> bool:
    """Whether it is a control character, or one that nobody sees and that makes one name look like another.

    Joiners and variation selectors may stand where they show: behind a symbol, an Arabic letter or a virama (compare
    UAX 31, section 2.3).
    """
    if character in _JOINERS:
        return not (
            previous in _JOINERS
            or unicodedata.category(previous) in ("So", "Sk")
            or unicodedata.bidirectional(previous) == "AL"
            or unicodedata.combining(previous) == _VIRAMA
        )
    if character in _BLANK or "\ufe00" <= character <= "\ufe0d" or "\U000e0100" <= character <= "\U000e01ef":
        return True
    return unicodedata.category(character) in _FORBIDDEN


def names(value: Any) -> list[str]:
    """Some names to be looked up, each once.

    What nobody can be called is not found, and need not be refused: a look at each character of a hundred names would
    take the loop ten milliseconds.
    """
    if type(value) is not list or not 1 <= len(value) <= MAX_PEERS:
        raise ValueError(f"must be a list of 1 to {MAX_PEERS} names")
    return list(dict.fromkeys(map(_normalised, value)))


def string(value: Any) -> str:
    """Any JSON string."""
    if type(value) is not str:
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


def filename(value: Any) -> str:
    """A file's name: of a whole path only the last part is kept, whichever way its slashes lean."""
    last = re.split(r"[/\\]", string(value))[-1]
    if not 1 <= len(last) <= MAX_FILENAME or last in (".", ".."):
        raise ValueError(f"must end in a name of 1 to {MAX_FILENAME} characters")
    if any(c in _OVERRIDES or unicodedata.category(c) in _UNPRINTABLE for c in last):
        raise ValueError("must not contain control characters")
    return last


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
