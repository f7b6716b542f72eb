"""Types of request fields: what is accepted, and in which form it goes on.

A check takes the value as decoded and returns it as the program uses it (names in NFC, counts clamped), or
raises `ValueError` with a few words for the one who sent it. Checks never echo the value.
"""

from __future__ import annotations

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
_MAX_DECOMPOSED = 4  # code points to which canonical decomposition expands one at most

Check = Callable[[Any], Any]

_FORBIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")  # emoji and some scripts need them
_VIRAMA = 9  # canonical combining class


def name(value: Any) -> str:
    """User and group names: 1 to 32 characters in NFC, nothing that breaks a list, a line or a reader's eye.

    What could not become short enough is not normalised at all: that takes time with the square of its length
    when someone piles up combining marks, seconds for a whole frame of them.
    """
    too_long = len(string(value)) > MAX_NAME * _MAX_DECOMPOSED
    text = "" if too_long else unicodedata.normalize("NFC", value)
    if not 1 <= len(text) <= MAX_NAME:
        raise ValueError(f"must have 1 to {MAX_NAME} characters")
    if text != text.strip():
        raise ValueError("must not begin or end with a space")
    if "|" in text or any(map(_unfit, " " + text, text)) or text[-1] in "\u200c\u200d":
        raise ValueError("must not contain control characters, invisible ones or '|'")
    return text


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
    """The text of a message. Its size limit is a server setting and is checked by the table."""
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


def request_id(value: Any) -> str | int:
    """The `id` that a reply repeats: a string of up to 64 characters, or an integer of 64 bits."""
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is str and len(value) <= MAX_ID:
        return value
    raise ValueError(f"must be an integer or a string of up to {MAX_ID} characters")
