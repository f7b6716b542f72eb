"""One connection: lines in, objects out. Every delivery is one ``transport.write``; uvloop gathers them itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, cast

import orjson

from tests.load.plain_server.hall import Hall, User

LONGEST = 65536  # bytes of a request

Request = dict[str, Any]


class WrongRequest(Exception):
    """A field is missing or of the wrong type; the message names it."""


class Session(asyncio.Protocol):
    """Called by the loop alone."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._user: User | None = None
        self._rest = b""
        self._write: Callable[[bytes], None]
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._write = self._transport.write

    def connection_lost(self, exc: Exception | None) -> None:
        if self._user is not None:
            self._hall.leave(self._user, self)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > LONGEST:
            self._say({"cmd": "error", "result": "frame_too_long"})
            self._transport.close()

    def _line(self, line: bytes) -> None:
        try:
            request = orjson.loads(line)
            command = request["cmd"]
            handler = self._HANDLERS[command]
        except (ValueError, TypeError, LookupError):
            self._say({"cmd": "error", "result": "bad_json"})
            return
        reply = {"cmd": command + "_reply"}
        if "id" in request:
            reply["id"] = request["id"]
        try:
            handler(self, request, reply)
        except WrongRequest as error:
            reply |= {"result": "bad_request", "detail": str(error)}
        self._say(reply)

    def _say(self, value: dict[str, Any]) -> None:
        self._write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))

    def _register(self, request: Request, reply: Request) -> None:
        new = self._hall.register(_text(request, "user"), _text(request, "password"))
        reply["result"] = "success" if new else "user_exist"

    def _login(self, request: Request, reply: Request) -> None:
        """Also `resume`: the one has a password, the other a token."""
        user = self._hall.users.get(_text(request, "user"))
        secret = "password" if request["cmd"] == "login" else "token"
        if user is None or _text(request, secret) != getattr(user, secret):
            reply["result"] = secret + "_error"
            return
        self._user = user
        self._hall.enter(user, self)
        reply |= {"result": "success", "friends": [], "groups": user.groups, "unread": [], "token": user.token}

    def _create_group(self, request: Request, reply: Request) -> None:
        made = self._hall.create_group(_text(request, "group"), [self._me().name])
        reply["result"] = "success" if made else "group_exist"

    def _add_group(self, request: Request, reply: Request) -> None:
        group, me = _text(request, "group"), self._me()
        members = self._hall.members.get(group)
        if members is None:
            reply["result"] = "group_not_exist"
            return
        reply["result"] = "already_in_group" if me.name in members else "success"
        if me.name not in members:
            self._hall.join(group, me)

    def _private_chat(self, request: Request, reply: Request) -> None:
        me, to, text = self._me(), _text(request, "user_to"), _text(request, "text")
        other = self._hall.users.get(to)
        if other is None:
            reply["result"] = "user_not_exist"
            return
        stamp = self._hall.stamp()
        push = {"cmd": "private_chat", "user_from": me.name, "user_to": to, "text": text, **stamp}
        self._push(push, other.sessions | me.sessions)
        reply |= {"result": "success" if other.sessions else "offline", **stamp}

    def _group_chat(self, request: Request, reply: Request) -> None:
        me, group, text = self._me(), _text(request, "group"), _text(request, "text")
        if me.name not in self._hall.members.get(group, ()):
            reply["result"] = "not_in_group"
            return
        stamp = self._hall.stamp()
        self._push(
            {"cmd": "group_chat", "user": me.name, "group": group, "text": text, **stamp}, self._hall.online[group]
        )
        reply |= {"result": "success", **stamp}

    def _push(self, push: dict[str, Any], sessions: set[Session]) -> None:
        """To all of them but this one, encoded once."""
        line = orjson.dumps(push, option=orjson.OPT_APPEND_NEWLINE)
        for session in sessions:
            if session is not self:
                session._write(line)

    def _ping(self, request: Request, reply: Request) -> None:
        reply["result"] = "success"

    def _me(self) -> User:
        if self._user is None:
            raise WrongRequest("not logged in")
        return self._user

    _HANDLERS: ClassVar[dict[str, Callable[[Session, Request, Request], None]]] = {
        "register": _register,
        "login": _login,
        "resume": _login,
        "create_group": _create_group,
        "add_group": _add_group,
        "private_chat": _private_chat,
        "group_chat": _group_chat,
        "ping": _ping,
    }


def _text(request: Request, field: str) -> str:
    """A field that must be there. Raises WrongRequest."""
    value = request.get(field)
    if not isinstance(value, str) or not value:
        raise WrongRequest(f"{field}: is missing")
    return value
