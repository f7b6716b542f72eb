"""What the server says, checked field by field: a server can be broken, or somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatwire.client import OFFER
from chatwire.codec import Object
from chatwire.names import breaks_a_line
from chatwire.terminal.safe import safe
from chatwire.transfer.names import harmless
from qtclient.records import NOT_STORED, FileInfo, FileState, Key, Kind
from qtclient.records import key as shared

MAX_TEXT = 65536  # characters that are kept of a text; the servers' own limit is a quarter of that
_MAX_NAME = 128  # characters; the servers' own limit is 32
_MAX_TS = 253402300799999  # ms; the last one of the year 9999
_MAX_LENGTH = 1 << 62  # bytes of a file
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Incoming:
    """A message that the server has stored."""

    key: Key
    mid: int
    cid: str
    sender: str
    mine: bool
    text: str
    ts: int
    file: FileInfo | None


def incoming(obj: Object, me: str) -> Incoming | None:
    """The message in a push or in a page, None where there is none that makes sense."""
    number, key, sender = mid(obj), None, ""
    if obj.get("cmd") == OFFER:
        sender, key = name(obj.get("from_user")), _between(obj, "from_user", "to_user", me)
    elif obj.get("cmd") == "private_chat":
        sender, key = name(obj.get("user_from")), _between(obj, "user_from", "user_to", me)
    elif obj.get("cmd") == "group_chat":
        sender, key = name(obj.get("user")), _group(obj)
    text = obj.get("text", "")
    file = file_info(obj) if obj.get("cmd") == OFFER else None
    if not number or key is None or not sender or not isinstance(text, str):
        return None
    if obj.get("cmd") == OFFER and file is None:
        return None
    return Incoming(key, number, cid(obj), sender, sender == me, text[:MAX_TEXT], timestamp(obj), file)


def mid(obj: Object) -> int:
    """A mid, 0 where there is none."""
    value = obj.get("mid")
    return value if type(value) is int and 0 < value < NOT_STORED else 0


def since(obj: Object) -> int | None:
    """Above which mid a membership is, None where nobody says."""
    value = obj.get("since")
    return value if type(value) is int and 0 <= value < NOT_STORED else None


def timestamp(obj: Object) -> int:
    """Milliseconds since 1970, 0 where there are none."""
    value = obj.get("ts")
    return value if type(value) is int and 0 <= value <= _MAX_TS else 0


def cid(obj: Object) -> str:
    """What the sender has called a message, empty where it is called nothing."""
    value = obj.get("cid")
    return value if isinstance(value, str) and len(value) <= 64 else ""


def name(value: object) -> str:
    """A user's or group's name, empty where it can be none."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
        return ""
    return "" if breaks_a_line(value) else value


def names(value: object, field: str) -> Iterator[tuple[str, Object]]:
    """The named objects in a list."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict) and (said := name(item.get(field))):
            yield said, item


def conversation(obj: Object) -> Key | None:
    """What is named by ``peer`` or ``group``."""
    if peer := name(obj.get("peer")):
        return shared(Kind.PEER, peer)
    return _group(obj)


def count(value: object, most: int = 1 << 53) -> int:
    """A number of things, 0 where it is none."""
    return min(value, most) if type(value) is int and value > 0 else 0


def state(value: object) -> FileState | None:
    """A file's state as the server tells it."""
    try:
        return FileState(value) if value != FileState.OFFERING.value else None
    except ValueError:
        return None


def file_info(obj: Object) -> FileInfo | None:
    """The file of an offer; its name is made harmless."""
    file, title, length = obj.get("file"), obj.get("filename"), obj.get("length")
    if isinstance(length, str) and length.isascii() and length.isdigit() and len(length) < 20:
        length = int(length)
    if not isinstance(file, str) or not _ID.fullmatch(file) or not isinstance(title, str):
        return None
    if type(length) is not int or not 0 <= length <= _MAX_LENGTH:
        return None
    fate = state(obj.get("state", FileState.WAITING.value)) or FileState.WAITING
    return FileInfo(file, harmless(title[:4096]), length, fate, count(obj.get("offset")), sha256(obj), "", detail(obj))


def sha256(obj: Object) -> str:
    """A hash in lower-case hexadecimal digits, empty where there is none."""
    value = obj.get("sha256")
    return value.lower() if isinstance(value, str) and _SHA256.fullmatch(value) else ""


def detail(obj: Object) -> str:
    """The server's explanation, one short line."""
    value = obj.get("detail")
    return safe(value, 200) if isinstance(value, str) else ""


def _between(obj: Object, sender: str, receiver: str, me: str) -> Key | None:
    if obj.get("group") is not None:
        return _group(obj)
    one, other = name(obj.get(sender)), name(obj.get(receiver))
    if me not in (one, other) or not one or not other:
        return None
    return shared(Kind.PEER, other if one == me else one)


def _group(obj: Object) -> Key | None:
    group = name(obj.get("group"))
    return shared(Kind.GROUP, group) if group else None
