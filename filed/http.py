"""HTTP/1.1 on one connection: requests in, heads of answers out, parsed and written by h11.

Bodies go past h11 where their length is known, so that they need not pass through Python objects: h11 gives what it has
read of one already, and the rest belongs to whoever handles the request.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

import h11

from chatwire.stream import COPY_SIZE, Stream, StreamEnded, write_all
from filed import cors

HEAD_LIMIT = 16 * 1024  # bytes of a request's head
SMALL_BODY = 64 * 1024  # bytes that are read and thrown away after a refusal, to keep the connection

Headers = Sequence[tuple[str, str]]


class HttpError(Exception):
    """The answer is an error: a status, one line of text, and further headers."""

    def __init__(self, status: int, text: str, headers: Headers = (), *, close: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers
        self.close = close


@dataclass(frozen=True)
class Target:
    """A request's target: the path, decoded, and the query's parameters, of each the first."""

    path: str
    query: dict[str, str]


class Exchange:
    """One request and its answer. The connection's thread only.

    ``length`` is that of the body: None when it comes in chunks.
    """

    def __init__(self, stream: Stream, connection: h11.Connection, request: h11.Request) -> None:
        self._connection = connection
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.headers)}
        self.method = request.method.decode("ascii")
        self.target = _target(request.target)
        self.stream = stream
        self.answered = False
        self.bodiless = self.method == "HEAD"  # whatever another header makes of the method
        tokens = self._headers.get("connection", "").lower().replace(" ", "").split(",")
        self.keep_alive = request.http_version >= b"1.1" and "close" not in tokens
        chunked = "transfer-encoding" in self._headers
        self.length = None if chunked else int(self._headers.get("content-length", "0"))
        self._early = b"" if chunked else connection.trailing_data[0]  # of the body, and of what follows it
        self._left = self.length
        self._expects = connection.they_are_waiting_for_100_continue

    def header(self, name: str) -> str | None:
        """A header's value; ``name`` in lower case. Of several, the first."""
        return self._headers.get(name)

    # -- the body --------------------------------------------------------------

    def go_on(self) -> None:
        """The request is in order: a client that asked first may send the body."""
        if self._expects:
            self._expects = False
            self.stream.send(self._connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def body_into(self, fd: int, offset: int, most: int) -> int:
        """Write the next part of the body to a file; how many bytes, 0 at the end.

        Raises:
            StreamError: the connection has failed.
            OSError: the file has.
            HttpError: there is more than ``most`` bytes of it, or it is broken.
        """
        if self._left and not self._early:
            count = self.stream.receive_file(fd, offset, min(self._left, most))
            self._left -= count
            return count
        piece = self.next_piece()
        if len(piece) > most:
            raise HttpError(413, "the body is longer than what is left of the upload", close=True)
        write_all(fd, piece, offset)
        return len(piece)

    def next_piece(self) -> bytes:
        """The next part of the body, however it is sent; nothing at the end. Raises StreamError and HttpError."""
        if self._left is None:
            return self._next_chunk()
        if not self._left:
            return b""
        piece = self._early[: self._left]
        if piece:
            self._early = self._early[len(piece) :]
        else:
            piece = self.stream.receive(min(self._left, COPY_SIZE))
        self._left -= len(piece)
        return piece

    def _next_chunk(self) -> bytes:
        while True:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError as error:
                raise HttpError(400, f"the body is broken: {error}", close=True) from None
            if isinstance(event, h11.Data):
                return bytes(event.data)
            if event is not h11.NEED_DATA:
                self._left = 0
                self._early = self._connection.trailing_data[0]
                return b""
            self._connection.receive_data(self.stream.receive(COPY_SIZE))

    def finish_body(self) -> bool:
        """Throw away what is left of the body when that is little; false when the connection has to be closed."""
        if self._too_much_left():
            return False
        while self.next_piece():
            pass
        return True

    def _too_much_left(self) -> bool:
        return self._left is None or self._left > SMALL_BODY or (self._left > 0 and self._expects)

    def rest(self) -> bytes:
        """What was read beyond this request."""
        return self._early

    # -- the answer ------------------------------------------------------------

    def answer(self, status: int, headers: Headers = (), body: bytes = b"") -> None:
        """A whole answer. Raises StreamError."""
        if status not in (204, 304):
            headers = [*headers, ("Content-Length", str(len(body)))]
        self.head(status, headers)
        if body and not self.bodiless:
            self.stream.send(body)

    def head(self, status: int, headers: Headers) -> None:
        """The head of an answer, whose body the caller sends. Raises StreamError."""
        self.answered = True
        self.keep_alive = self.keep_alive and not self._too_much_left()
        common = [("Date", formatdate(usegmt=True)), ("Server", "filed"), *cors.VARY]
        if "origin" in self._headers:
            common += cors.ANSWER
        if not self.keep_alive:
            common.append(("Connection", "close"))
        response = h11.Response(status_code=status, headers=[*common, *headers], reason=_reason(status))
        self.stream.send(self._connection.send(response) or b"")


def read_request(stream: Stream, already: bytes, deadline: float) -> Exchange | None:
    """The next request, or None when the client has ended the connection between two.

    ``already`` has been read with the request before. ``deadline`` is when the head must be there, in the time of
    ``time.monotonic``: however slowly a client sends, it is cut off then.

    Raises:
        StreamError: the connection has failed.
        HttpError: this is no request.
    """
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
    data, begun = already, bool(already)
    try:
        while True:
            if data:
                connection.receive_data(data)
            event = connection.next_event()
            if isinstance(event, h11.Request):
                return Exchange(stream, connection, event)
            try:
                stream.set_timeouts(max(0.01, deadline - time.monotonic()))
                data = stream.receive(HEAD_LIMIT)
            except StreamEnded:
                if begun:
                    raise
                return None
            begun = True
    except h11.RemoteProtocolError as error:
        raise HttpError(error.error_status_hint, f"this is no HTTP/1.1 request: {error}", close=True) from None


def refuse(stream: Stream, error: HttpError) -> None:
    """Answer something that is no request. Raises StreamError."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: -\r\n\r\n")
    connection.next_event()
    body = error_body(error)
    headers = [*error.headers, *TEXT, ("Content-Length", str(len(body))), ("Connection", "close")]
    head = connection.send(h11.Response(status_code=error.status, headers=headers, reason=_reason(error.status)))
    stream.send((head or b"") + body)


def error_body(error: HttpError) -> bytes:
    """One line."""
    return error.text.replace("\n", " ").encode() + b"\n"


TEXT: Headers = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))

_REASONS = {460: b"Checksum Mismatch"}


def _reason(status: int) -> bytes:
    return _REASONS.get(status) or HTTPStatus(status).phrase.encode()


def _target(raw: bytes) -> Target:
    path, _, query = raw.decode("latin-1").partition("?")
    if "://" in path:
        path = "/" + path.partition("://")[2].partition("/")[2]  # the absolute form, as proxies send it
    try:
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, max_num_fields=16)
    except ValueError:
        raise HttpError(400, "the query has too many fields") from None
    parameters: dict[str, str] = {}
    for name, value in pairs:
        parameters.setdefault(name, value)
    return Target(urllib.parse.unquote(path), parameters)
