"""A user's connection on our wire, where connections come and go: requests, replies, pushes, and its end."""

from __future__ import annotations

import dataclasses
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import orjson

from tests.load.client import Bytes, new_client
from tests.load.stage import Stage
from tests.load.wires.base import Person
from tests.load.wires.chat import shown

Object = dict[str, Any]
Then = Callable[[Object], None]

_WRONG = (LookupError, TypeError, ValueError, AttributeError)
"""What reading an object raises that is not as it should be."""


class Denied(ValueError):
    """A request was answered with a word that it must not be answered with."""


class Owner(ABC):
    """Whose sessions they are. The generator's thread calls everything."""

    @abstractmethod
    def began(self, session: Session, reply: Object) -> None:
        """The session has begun; this is the reply."""

    @abstractmethod
    def told(self, session: Session, push: Object) -> None:
        """Something has come that answers no request; LookupError, TypeError or ValueError say that it is wrong."""

    @abstractmethod
    def ended(self, session: Session, kind: str, detail: str) -> None:
        """The connection has ended, and not by `Session.cut` or `Session.close`."""


class Session:
    """From the connect to the end. The generator's thread only.

    ``since``: when it began (ns of the monotonic clock). ``mid``: the highest that was pushed to it; mids have to grow.
    """

    def __init__(self, stage: Stage, person: Person, owner: Owner, receive_buffer: int = 0) -> None:
        self.stage = stage
        self.name = person.name
        self.person = dataclasses.replace(person, ready=False)  # a user's other connections have theirs
        self.client = new_client(stage, self.person)
        self.since = self.mid = 0
        self._owner = owner
        self._receive_buffer = receive_buffer
        self._waiting: dict[int, Then] = {}
        self._last_id = 0
        self._rest = b""
        self._asked = self._answered = False

    @property
    def inside(self) -> bool:
        """Whether it has logged in, and the connection is there."""
        return self.person.ready and not self.client.closed

    def resume(self, after: int) -> None:
        """Connect and begin with the token; what was missed above ``after`` is pushed, nothing with -1."""
        self._connect({"cmd": "resume", "user": self.name, "token": self.person.secret, "after": after})

    def login(self, password: str) -> None:
        """Connect and begin with a password; what was missed is not asked for."""
        self._connect({"cmd": "login", "user": self.name, "password": password, "after": -1})

    def ask(self, then: Then, cmd: str, **fields: object) -> None:
        """Send a request; its reply goes to ``then``, which may raise LookupError, TypeError or ValueError."""
        self.send(self.request(then, cmd, **fields))

    def request(self, then: Then, cmd: str, **fields: object) -> bytes:
        """The bytes of a request that is about to be sent, with others."""
        self._last_id += 1
        self._waiting[self._last_id] = then
        return orjson.dumps({"cmd": cmd, "id": self._last_id, **fields}, option=orjson.OPT_APPEND_NEWLINE)

    def send(self, data: bytes) -> None:
        """Send bytes of requests."""
        if not self.client.closed:
            self.client.send(data)

    def quiet(self) -> bool:
        """Whether the server has said that there is no more for it; the first call asks."""
        if not self._asked:
            self._asked = True
            self.ask(self._pong, "ping")
        return self._answered

    def cut(self) -> None:
        """End the connection without a word."""
        self.client.cut()

    def close(self) -> None:
        """End the connection."""
        self.client.close()

    def fail(self, kind: str, detail: str) -> None:
        """A broken promise, after which nothing of this connection can be believed."""
        self.client.fail(kind, detail)

    def _connect(self, opening: Object) -> None:
        data = orjson.dumps(opening, option=orjson.OPT_APPEND_NEWLINE)
        self.client.belong_to(self._take, self._ended, data, self._receive_buffer)
        self.client.connect()

    def _pong(self, reply: Object) -> None:
        expect(reply, "success")
        self._answered = True
        self.stage.steps += 1

    def _ended(self, kind: str, detail: str) -> None:
        self._owner.ended(self, kind, detail)

    def _take(self, data: Bytes) -> None:
        lines = (self._rest + bytes(data)).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            try:
                self._read(orjson.loads(line))
            except Denied as error:
                self.fail("refused", f"{self.name} reads {shown(line)} {error}")
            except _WRONG as error:
                self.fail("altered", f"{self.name} reads {shown(line)} ({type(error).__name__}: {error})")
            if self.client.closed:
                return

    def _read(self, found: object) -> None:
        if not isinstance(found, dict):
            raise TypeError("no object")
        if not self.person.ready:
            self._begin(found)
        elif (then := self._waiting.pop(found.get("id", 0), None)) is not None:
            then(found)
        elif "id" in found:
            self.fail("doubled", f"{self.name} is answered twice, or what it never asked: {said(found)}")
        else:
            self._owner.told(self, found)

    def _begin(self, reply: Object) -> None:
        if reply["cmd"] not in ("resume_reply", "login_reply") or reply["result"] != "success":
            self.fail("refused", f"{self.name} is not let in: {said(reply)}")
            return
        self.person.ready = True
        self.stage.connected += 1
        self.stage.steps += 1
        self.since = time.monotonic_ns()
        self._owner.began(self, reply)


def said(found: Object) -> str:
    """The beginning of what a server said, harmless on a terminal."""
    return shown(orjson.dumps(found))


def expect(reply: Object, *words: str) -> None:
    """Raise Denied unless a reply's result is one of these."""
    if reply["result"] not in words:
        raise Denied(f"where {' or '.join(words)} was expected")
