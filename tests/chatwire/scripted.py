"""An HTTP server that does what a test tells it, request by request: also what no good server does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chatwire.certificate import ensure_self_signed, fingerprint_of
from chatwire.tls import server_context
from tests.support.waiting import DEADLINE


@dataclass
class Request:
    """What a client has sent; the body as far as a step has read it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)

    @property
    def length(self) -> int:
        """Of the body that is promised."""
        return int(self.headers.get("content-length", "0"))


class Connection:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = b""

    def request(self) -> Request | None:
        """The head of the next request; None at the end."""
        while b"\r\n\r\n" not in self._buffer:
            if not (data := self._receive()):
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        fields = (line.partition(":") for line in lines)
        return Request(method, target, {name.lower(): value.strip() for name, _, value in fields})

    def read_body(self, request: Request, count: int | None = None) -> None:
        """Read so many bytes of the body, or all of it."""
        wanted = request.length if count is None else count
        while len(request.body) < wanted:
            data = self._buffer or self._receive()
            assert data, "the client has gone"
            taken = data[: wanted - len(request.body)]
            self._buffer = data[len(taken) :]
            request.body += taken

    def send(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Answer; the length is that of the body, unless the headers say something else."""
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        self.socket.sendall(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)

    def reset(self) -> None:
        """Close abruptly."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def gone(self) -> bool:
        """Wait until the client has closed."""
        try:
            while self._receive():
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        return True

    def _receive(self) -> bytes:
        return self.socket.recv(65536)


Step = Callable[[Connection, Request], None]


class Scripted:
    """One thread, one connection at a time, one step for each request. ``requests`` are those that have come."""

    def __init__(self, tls: bool, folder: Path) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.problems: list[BaseException] = []
        self.pin: str | None = None
        self._tls: ssl.SSLContext | None = None
        if tls:
            certificate, key = ensure_self_signed(folder)
            self._tls = server_context(str(certificate), str(key))
            self.pin = fingerprint_of(certificate)
        self._steps: deque[Step] = deque()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._current: socket.socket | None = None
        self._stopping = False
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="scripted")
        self._thread.start()

    def url(self, path: str = "/files/abc?ticket=t", host: str = "127.0.0.1") -> str:
        """Of something here."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def expects(self, *steps: Step) -> None:
        """What happens to the next requests."""
        self._steps.extend(steps)

    @property
    def done(self) -> bool:
        """Whether all that was expected has happened."""
        return not self._steps

    def asked(self) -> list[str]:
        """The methods of all requests."""
        return [request.method for request in self.requests]

    def close(self) -> None:
        """Stop; nothing unexpected may have happened."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        if (current := self._current) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(current, socket.SHUT_RDWR)
        self._thread.join(DEADLINE)
        self._listener.close()
        assert not self.problems, self.problems

    def _serve(self) -> None:
        while not self._stopping:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                sock.settimeout(DEADLINE)
                with sock if self._tls is None else self._tls.wrap_socket(sock, server_side=True) as wrapped:
                    self._current = wrapped
                    self._converse(Connection(wrapped))
            except OSError:
                pass  # the client has gone, or a step has closed the connection
            except BaseException as error:
                self.problems.append(error)
            finally:
                sock.close()

    def _converse(self, connection: Connection) -> None:
        while (request := connection.request()) is not None:
            self.requests.append(request)
            assert self._steps, f"nobody expected {request.method}"
            self._steps.popleft()(connection, request)
            if connection.socket.fileno() < 0:
                return


@contextmanager
def scripted(tls: bool, folder: Path) -> Iterator[Scripted]:
    """A server for the length of a block."""
    server = Scripted(tls, folder)
    try:
        yield server
    finally:
        server.close()


def says(status: int, body: bytes = b"", **headers: str) -> Step:
    """Read the whole request and answer; in the names of headers ``_`` stands for a dash."""

    def step(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.send(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)

    return step


def has(offset: int, length: int | None = None) -> Step:
    """The answer to HEAD of an upload."""
    return says(200, b"", Upload_Offset=str(offset), Upload_Length="" if length is None else str(length))


def takes(request_offset: int = 0) -> Step:
    """Take the whole body of a PATCH."""

    def step(connection: Connection, request: Request) -> None:
        assert request.headers["upload-offset"] == str(request_offset)
        connection.read_body(request)
        connection.send(204, {"Upload-Offset": str(request_offset + len(request.body))})

    return step


def breaks_after(count: int) -> Step:
    """Take so many bytes of a body, then reset the connection."""

    def step(connection: Connection, request: Request) -> None:
        connection.read_body(request, count)
        connection.reset()

    return step


def sends(content: bytes, upto: int | None = None, **headers: str) -> Step:
    """The answer to GET, by the Range that was asked for; cut off after ``upto`` bytes of the file."""

    def step(connection: Connection, request: Request) -> None:
        asked = request.headers.get("range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        fields = {"ETag": '"abc"', **{name.replace("_", "-"): value for name, value in headers.items()}}
        fields["Content-Length"] = str(len(content) - start)
        if asked:
            fields["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        connection.send(206 if asked else 200, fields, content[start:upto])
        if upto is not None:
            connection.socket.close() if upto % 2 else connection.reset()

    return step
