"""An HTTP client that says exactly the bytes it is told to, and sees how a connection ends."""

from __future__ import annotations

import socket
import ssl
import struct
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType

from chatwire.tls import client_context
from tests.support.waiting import DEADLINE


@lru_cache
def _context() -> ssl.SSLContext:
    """One for all: to make it takes longer than most tests."""
    return client_context(verify=False)


class CutOff(Exception):
    """The connection was aborted; over TLS also when it ended without a farewell."""


class Ended(Exception):
    """The connection was closed in order."""


@dataclass(frozen=True)
class Answer:
    """A status, headers with names in lower case, and a body."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class HttpPeer:
    """One connection."""

    def __init__(
        self, address: tuple[str, int], *, tls: bool, source: str = "127.0.0.1", receive_buffer: int = 0
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._buffer = b""
        try:
            self._connect(address, source, tls)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> HttpPeer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def say(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = b"") -> None:
        """Send one request, and with ``body`` None only its head."""
        fields = {"Host": "test", **(headers or {})}
        if body:
            fields.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items())]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send one request and return its answer."""
        self.say(method, target, headers, body)
        return self.answer(method)

    def answer(self, method: str = "") -> Answer:
        """The next answer; ``method`` HEAD means that it has no body."""
        head = self.head()
        if method == "HEAD":
            return head
        return Answer(head.status, head.headers, self.read(int(head.headers.get("content-length", "0"))))

    def head(self) -> Answer:
        """The head of the next answer; its body is left to `read`."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        assert status.startswith("HTTP/1.1 "), status
        headers: dict[str, str] = {}
        for line in lines:
            name, _, text = line.partition(": ")
            assert name.lower() not in headers, f"{name} is there twice"
            headers[name.lower()] = text
        return Answer(int(status.split(" ")[1]), headers)

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises CutOff and Ended when there are fewer."""
        pieces = [self._buffer]
        missing = count - len(self._buffer)
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        data = b"".join(pieces)
        self._buffer = data[count:]
        return data[:count]

    def until_the_end(self) -> tuple[bytes, bool]:
        """Everything that still comes, and whether the connection was then aborted, not closed."""
        pieces, self._buffer = [self._buffer], b""
        while True:
            try:
                pieces.append(self._receive())
            except Ended:
                return b"".join(pieces), False
            except CutOff:
                return b"".join(pieces), True

    def reset(self) -> None:
        """Close abruptly: the server gets a reset in place of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close; may be called twice."""
        self.socket.close()

    def _connect(self, address: tuple[str, int], source: str, tls: bool) -> None:
        self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = _context().wrap_socket(self.socket, server_hostname=address[0], suppress_ragged_eofs=False)

    def _receive(self) -> bytes:
        try:
            data = self.socket.recv(256 * 1024)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise CutOff(str(error)) from None
        if not data:
            raise Ended
        return data
