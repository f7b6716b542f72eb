"""The original client, byte by byte: what Qt writes."""

from __future__ import annotations

import json
import socket
from collections import deque
from typing import Any

from tests.support.waiting import DEADLINE

Object = dict[str, Any]


def to_json(fields: Object) -> bytes:
    """QJsonDocument::toJson(): the keys sorted, indented by four, UTF-8 as it is, and a newline at the end."""
    return (json.dumps(fields, indent=4, sort_keys=True, ensure_ascii=False) + "\n").encode()


class Original:
    """QJsonDocument::toJson() out, lines in. Always plain text."""

    def __init__(self, address: tuple[str, int], name: str, source: str = "127.0.0.1") -> None:
        self.name = name
        self._source = source
        self._lines: deque[bytes] = deque()  # received, not read yet
        self.socket = socket.create_connection(address, DEADLINE, (source, 0))

    def enter(self, *, known: bool = False) -> None:
        """Register, unless known, and log in; the password is the name."""
        for cmd in ("login",) if known else ("register", "login"):
            self.send(f'{{\n    "cmd": "{cmd}",\n    "password": "{self.name}",\n    "user": "{self.name}"\n}}\n')
            assert self.read()["result"] == "success"

    def send(self, text: str) -> None:
        """Whatever it is."""
        self.socket.sendall(text.encode())

    def read(self) -> Object:
        """The next object, on a line of its own.

        One `recv` gets several when this thread comes late; that they are sent apart is looked at in test_legacy.
        """
        if not self._lines:
            data = self.socket.recv(65536)
            assert data.endswith(b"\n"), data
            self._lines.extend(data.splitlines())
        obj = json.loads(self._lines.popleft())
        assert isinstance(obj, dict)
        return obj

    def send_file(self, to: str, length: str = "731204", filename: str = "/home/ann/My photo.jpg") -> None:
        """Qt sorts the keys and indents by four."""
        self.send(
            "{\n"
            '    "cmd": "send_file",\n'
            f'    "filename": "{filename}",\n'
            f'    "from_user": "{self.name}",\n'
            f'    "length": {length},\n'
            f'    "to_user": "{to}"\n'
            "}\n"
        )

    def data_connection(self, port: int, source: str = "") -> socket.socket:
        """To the port that the server has told, at the address that it is known by."""
        host = self.socket.getpeername()[0]
        return socket.create_connection((host, port), DEADLINE, (source or self._source, 0))

    def quiet(self) -> None:
        """Nothing has been sent to it but what has been read."""
        self.send('{\n    "cmd": "ping"\n}\n')
        assert self.read()["cmd"] == "ping_reply"

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def read_all(sock: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    while piece := sock.recv(1 << 20):
        data += piece
    return data
