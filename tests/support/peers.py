"""Peers that break the rules, byte by byte, and neighbours who must not notice."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
from types import TracebackType
from typing import Any

import pytest

from chatwire.tls import client_context
from tests.support.running import Clients
from tests.support.waiting import DEADLINE

Object = dict[str, Any]


class RawPeer:
    """A connection that sends whatever bytes it is told to. ``tls`` as the server's clients unless said otherwise."""

    def __init__(
        self, clients: Clients, *, tls: bool | None = None, receive_buffer: int = 0, source: str = "127.0.0.1"
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((source, 0))
        self.socket.connect((clients.host, clients.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if clients.tls if tls is None else tls:
            self.socket = client_context(verify=False).wrap_socket(self.socket, server_hostname=clients.host)
        self._buffer = b""

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def say(self, cmd: object, **fields: object) -> None:
        """Send one request."""
        self.send(json.dumps({"cmd": cmd, **fields}).encode() + b"\n")

    def ask(self, cmd: object, **fields: object) -> Object:
        """Send one request and return the next object, which must be its reply."""
        self.say(cmd, **fields)
        return self.read()

    def log_in(self, name: str) -> Object:
        """Register and begin a session; the password is the name."""
        assert self.ask("register", user=name, password=name)["result"] == "success"
        return self.ask("login", user=name, password=name)

    def read(self) -> Object:
        """The next object; fails when the connection ends first."""
        line = self._line()
        assert line, "the connection has ended"
        obj = json.loads(line)
        assert isinstance(obj, dict)
        return obj

    def rest(self) -> list[Object]:
        """Everything until the server closes the connection."""
        objects = []
        while line := self._line():
            objects.append(json.loads(line))
        return objects

    def reset(self) -> None:
        """Close abruptly: the server gets a reset in place of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close; may be called twice."""
        self.socket.close()

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                data = b""
            if not data:
                assert not self._buffer, f"cut off: {self._buffer[:200]!r}"
                return b""
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


class Neighbours:
    """Two friends in a group of theirs, who chat on while somebody else misbehaves."""

    def __init__(self, clients: Clients) -> None:
        self.ann, self.ben = clients.friends("ann", "ben")
        self.ann.expect("create_group", group="quiet corner")
        since = self.ben.expect("add_group", group="quiet corner")["since"]
        push = {"cmd": "group_joined", "group": "quiet corner", "user": "ben", "since": since}
        assert self.ann.next_push(DEADLINE) == push
        self._said = 0

    def chat(self, rounds: int = 2) -> None:
        """Each says something to the other and to the group; all of it arrives, and nothing else."""
        for speaker, listener, to in ((self.ann, self.ben, "ben"), (self.ben, self.ann, "ann")) * rounds:
            self._said += 1
            private = speaker.private_chat(to, f"dear {to}, {self._said}")
            group = speaker.group_chat("quiet corner", f"all, {self._said}")
            assert private["result"] == group["result"] == "success"
            for reply, text in ((private, f"dear {to}, {self._said}"), (group, f"all, {self._said}")):
                push = listener.next_push(DEADLINE)
                assert push is not None
                assert (push["mid"], push["text"]) == (reply["mid"], text)
        assert self.ann.next_push(0) is None
        assert self.ben.next_push(0) is None


def assert_log_is_clean(caplog: pytest.LogCaptureFixture, *secrets: str) -> None:
    """No traceback, nothing unexpected, no secret."""
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR], caplog.text
    for secret in secrets:
        assert secret not in caplog.text


def lines_about(caplog: pytest.LogCaptureFixture, words: str) -> int:
    """How many lines of the log hold these words."""
    return sum(words in record.getMessage() for record in caplog.records)
