"""What a legacy connection is told: objects that the original server sent, in words that its windows show.

Whatever goes to such a connection passes `told`, so a new push of ours does not reach it unless it is named here. Its
window passes over in silence what it does not know, and the person sees a button that does nothing; and an object more
than it expects can destroy the next message, which it reads together with it.
"""

from __future__ import annotations

from typing import NamedTuple

from chatwire.codec import Object
from chatwire.commands import COMMANDS, reply_name


class _Words(NamedTuple):
    """The result words that its window shows; any other becomes ``instead``, and a malformed request ``malformed``.

    ``boxes`` are those for which it opens a modal box.
    """

    shown: frozenset[str]
    instead: str
    boxes: frozenset[str]
    malformed: str = ""


def _words(shown: str, instead: str, boxes: str = "", malformed: str = "") -> _Words:
    return _Words(frozenset(shown.split()), instead, frozenset(boxes.split()), malformed)


_REPLIES = {
    "register_reply": _words("success failure", "failure"),
    "login_reply": _words("success user_not_exist password_error", "password_error", malformed="user_not_exist"),
    "add_reply": _words(
        "success user_not_exist already_friend", "user_not_exist", "success user_not_exist already_friend"
    ),
    "create_group_reply": _words("success group_exist", "group_exist", "group_exist"),
    "add_group_reply": _words(
        "success group_not_exist user_in_group", "group_not_exist", "group_not_exist user_in_group"
    ),
    "get_group_member_reply": _words("success group_not_exist", "group_not_exist"),
    "private_chat_reply": _words("success offline", "offline", "offline"),
    "group_chat_reply": _words("success", "offline"),
    "send_file_reply": _words("offline timeout", "timeout", "offline timeout"),
}
"""Of the original commands whose replies have a result. At the login window, boxes hold nothing up: nothing is pushed.

A group window looks at no reply: a group message that was refused is told as a private one, which all windows show.
"""

_UNKNOWN = frozenset(("user_not_exist", "group_not_exist", "not_in_group"))  # of a file: nobody is there to take it

_PUSHES = frozenset(
    ("friend_login", "friend_offline", "add_friend_reply", "private_chat", "group_chat", "send_file_port_reply",
     "recv_file_port_reply")
)  # fmt: skip
_BOXES = frozenset(("friend_login", "friend_offline", "add_friend_reply"))

_ANSWERS = frozenset(map(reply_name, COMMANDS)) - {"offline_reply"}
"""Replies to what it has asked. The original asks ten commands; who asks others in its manner is another program."""

_URGENT = _ANSWERS | {"send_file_port_reply", "recv_file_port_reply"}
"""Somebody waits for a reply, and a port is open for seconds only: these do not queue behind messages."""

_FIELDS = {
    "register_reply": ("cmd", "id", "result"),
    "login_reply": ("cmd", "id", "result", "friend", "group"),
    "get_group_member_reply": ("cmd", "id", "result", "group", "member"),
}
"""What it gets of replies that have more, and grow: one that needs two TCP segments is read as two halves."""

_LISTS = {"login_reply": ("friend", "group"), "get_group_member_reply": ("member",)}


class Told(NamedTuple):
    """An object for a legacy connection, and what it does there.

    ``changed``: it is not the one that was given. ``mid`` is a message's, else 0. ``window`` names the one that it
    needs, if any, ``box``: it opens a modal one, ``urgent``: it is not to wait behind messages.
    """

    obj: Object
    changed: bool
    mid: int
    window: str
    box: bool
    urgent: bool


def told(obj: Object, user: str) -> Told | None:
    """What of an object of ours goes to a legacy connection whose user this is; None: nothing."""
    cmd = obj.get("cmd")
    if cmd not in _PUSHES and cmd not in _ANSWERS:
        return None
    if cmd == "private_chat" or cmd == "group_chat":
        return _message(obj, user)
    said = _in_its_fields(_in_its_words(obj))
    window = "main" if cmd == "login_reply" and said["result"] == "success" else ""
    return Told(said, said is not obj, 0, window, _opens_box(said), cmd in _URGENT)


def _message(obj: Object, user: str) -> Told | None:
    """A message. What the user has said in private from elsewhere would open a window of a talk with oneself."""
    if "group" in obj:
        window = f"group {obj['group']}"
    elif obj["user_from"] == user != obj["user_to"]:
        return None
    else:
        window = f"user {obj['user_from']}"
    return Told(obj, False, int(obj.get("mid", 0)), window, False, False)


def _in_its_words(obj: Object) -> Object:
    words = _REPLIES.get(obj["cmd"])
    if words is None or obj["result"] in words.shown:
        return obj
    cmd, result = obj["cmd"], words.instead
    if obj["result"] == "bad_request" and words.malformed:
        result = words.malformed
    elif cmd == "send_file_reply" and obj["result"] in _UNKNOWN:
        result = "offline"
    elif cmd == "group_chat_reply":
        cmd = "private_chat_reply"
    return {"cmd": cmd, "result": result, **({"id": obj["id"]} if "id" in obj else {})}


def _in_its_fields(obj: Object) -> Object:
    """Its lists end with a separator: it may drop what is behind the last one."""
    fields = _FIELDS.get(obj["cmd"])
    if fields is None:
        return obj
    said = {name: obj[name] for name in fields if name in obj}
    for name in _LISTS.get(obj["cmd"], ()):
        if said.get(name):
            said[name] += "|"
    return said


def _opens_box(obj: Object) -> bool:
    words = _REPLIES.get(obj["cmd"])
    return obj["cmd"] in _BOXES or (words is not None and obj["result"] in words.boxes)
