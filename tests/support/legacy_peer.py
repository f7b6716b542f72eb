"""A bare connection that speaks in the original client's manner, whatever it says."""

from __future__ import annotations

import json
import socket
from typing import Any

from chatwire.codec import Object
from tests.support.running import Clients


class Legacy:
    """What the original client does: Qt's indented JSON, no ids, no tokens. The password of a user is the name."""

    def __init__(self, clients: Clients, source: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((clients.host, clients.port), 15, (source, 0))
        self._text = ""

    def say(self, end: str = "\n", **fields: Any) -> None:
        self.socket.sendall(indented(fields, end))

    def ask(self, **fields: Any) -> Object:
        self.say(**fields)
        return self.read()

    def read(self) -> Object:
        """The next object, however the stream was cut."""
        while True:
            try:
                obj, end = json.JSONDecoder().raw_decode(self._text)
            except ValueError:
                data = self.socket.recv(65536)
                assert data, "the connection has ended"
                self._text = (self._text + data.decode()).lstrip()
            else:
                self._text = self._text[end:].lstrip()
                assert isinstance(obj, dict)
                return obj

    def read_segment(self) -> Object:
        """All that is there, as one object: fails when it is more than that, or less."""
        assert not self._text
        obj = json.loads(self.socket.recv(65536))
        assert isinstance(obj, dict)
        return obj

    def log_in(self, name: str, *, known: bool = False) -> Legacy:
        """Register, unless known, and begin a session."""
        if not known:
            assert self.ask(cmd="register", user=name, password=name)["result"] == "success"
        assert self.ask(cmd="login", user=name, password=name)["result"] == "success"
        return self

    def quiet(self) -> None:
        """Nothing has been sent to it but what has been read."""
        assert self.ask(cmd="ping")["cmd"] == "ping_reply"


def indented(fields: Object, end: str = "\n") -> bytes:
    return (json.dumps(fields, indent=4, ensure_ascii=False) + end).encode()
