"""Our own wire, as docs/PROTOCOL.md has it: one JSON object per line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, ClassVar

import orjson

from tests.load.wires.base import Conversation, Heard, Own, Person, Refused, Speaker, Unreadable, Wire, line_ends

_PONG = b'{"cmd":"ping_reply"'
_HARMLESS = (b'{"cmd":"friend_login"', b'{"cmd":"friend_offline"')
_PRIVATE, _GROUP, _SUCCESS = {"private_chat"}, {"group_chat"}, {"success"}
_REPLIES = {"private_chat_reply", "group_chat_reply"}
_SAID = 200  # characters of a server's complaint that are shown


class ChatWire(Wire):
    """Sessions begin with `resume` and a token, or with `login` where ``password`` is set; nothing missed is wanted."""

    name: ClassVar[str] = "chat"
    same_for_all: ClassVar[bool] = True
    own: ClassVar[Own] = Own.REPLY
    acknowledges: ClassVar[bool] = True

    def __init__(self, *, password: bool = False) -> None:
        self.password = password

    def begin(self, person: Person) -> bytes:
        person.stage, person.ready = 0, False
        how = (
            {"cmd": "login", "password": person.secret} if self.password else {"cmd": "resume", "token": person.secret}
        )
        return orjson.dumps({**how, "user": person.name, "after": -1}, option=orjson.OPT_APPEND_NEWLINE)

    def login_step(self, person: Person, frame: bytes) -> bytes:
        reply = _object(frame)
        if reply.get("cmd") in ("resume_reply", "login_reply"):
            if reply.get("result") != "success":
                raise Refused(shown(frame))
            person.ready = True
        elif reply.get("cmd") in ("error", "goodbye"):
            raise Refused(shown(frame))
        return b""

    def ping(self, person: Person) -> bytes:
        return b'{"cmd":"ping"}\n'

    def is_pong(self, frame: bytes) -> bool:
        return frame.startswith(_PONG)

    def speaker(self, person: Person, to: Conversation) -> Speaker:
        """The request; its ``id`` is the message's number, so that the reply tells which one it answers."""
        command, field = ("group_chat", "group") if to.group else ("private_chat", "user_to")
        opening = b'{"cmd":"%b","%b":"%b","id":' % (command.encode(), field.encode(), to.name.encode())

        def speak(number: int, text: str) -> bytes:
            return b'%b%d,"text":"%b"}\n' % (opening, number, text.encode())

        return speak

    def ends(self, data: bytes) -> Sequence[int]:
        return line_ends(data)

    def cut(self, data: bytes) -> int:
        return data.rfind(b"\n") + 1

    def parse(self, frames: bytes) -> Heard:
        """All lines are decoded at once: they become one JSON array."""
        try:
            objects = orjson.loads(b"[%b]" % frames[:-1].replace(b"\n", b","))
            if len(objects) != frames.count(b"\n"):
                raise ValueError("not one object per line")
            kinds = {said["cmd"] for said in objects}
            if kinds == _PRIVATE:
                heard = Heard([(said["user_from"], said["user_to"], said["text"], said["mid"]) for said in objects])
            elif kinds == _GROUP:
                heard = Heard([(said["user"], said["group"], said["text"], said["mid"]) for said in objects])
            elif kinds <= _REPLIES and {said["result"] for said in objects} == _SUCCESS:
                heard = Heard([], [(said["id"], said["mid"]) for said in objects])
            else:
                return _checked(_mixed(objects))
            heard.stamps = [said["mid"] for said in objects]
            return _checked(heard)
        except (ValueError, LookupError, TypeError) as error:
            raise Unreadable(f"{type(error).__name__}: {shown(frames)}") from None

    def in_place_of(self, number: int, frame: bytes) -> bytes:
        return b'{"cmd":"group_chat_reply","id":%d,"result":"success"%b' % (number, frame[frame.rindex(b',"mid":') :])

    def aside(self, frame: bytes) -> bytes | None:
        """Friends may come and go; whatever else is no message, an error or a goodbye above all, is not expected."""
        return b"" if frame.startswith(_HARMLESS) else None


def _checked(heard: Heard) -> Heard:
    """Raises TypeError for values of other types."""
    types = set(map(type, chain.from_iterable(heard.messages)))
    numbers = set(map(type, chain.from_iterable(heard.acks))) | set(map(type, heard.stamps))
    if not types <= {str, int} or not numbers <= {int}:
        raise TypeError("a value of another type")
    return heard


def _mixed(objects: list[dict[str, Any]]) -> Heard:
    """The same for objects of several kinds, one by one."""
    heard = Heard()
    for said in objects:
        cmd = said["cmd"]
        if cmd == "private_chat":
            heard.messages.append((said["user_from"], said["user_to"], said["text"], said["mid"]))
        elif cmd == "group_chat":
            heard.messages.append((said["user"], said["group"], said["text"], said["mid"]))
        elif cmd in _REPLIES and said["result"] == "success":
            heard.acks.append((said["id"], said["mid"]))
        else:
            heard.others.append(orjson.dumps(said))
            continue
        heard.stamps.append(said["mid"])
    return heard


def shown(frame: bytes) -> str:
    """The beginning of what a server said, harmless on a terminal."""
    return ascii(frame[:_SAID].decode(errors="replace"))


def _object(frame: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(frame)
    except ValueError:
        raise Unreadable(f"no JSON: {shown(frame)}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"no object: {shown(frame)}")
    return value
