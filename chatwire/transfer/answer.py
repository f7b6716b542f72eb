"""An answer of the file daemon: its head, parsed by h11, and its body, which goes past h11 if its length is known."""

from __future__ import annotations

import h11

from chatwire.stream import COPY_SIZE, Stream, StreamEnded

HEAD_LIMIT = 64 * 1024  # bytes of an answer's head

_BODILESS = frozenset((204, 304))


class Answer:
    """One thread. What reads the body raises StreamError, or h11.RemoteProtocolError."""

    def __init__(self, stream: Stream, connection: h11.Connection, response: h11.Response, method: str) -> None:
        """``connection`` has just returned ``response``."""
        self.status = response.status_code
        self._headers = _headers(response)
        self._stream = stream
        self._connection = connection
        self._early = b""  # of the body: what has come together with the head, or is unpacked
        self._left = self._length(method)
        if self._left is not None:
            self._early = connection.trailing_data[0]
        tokens = self.header("connection").lower().replace(" ", "").split(",")
        self._keep_alive = response.http_version >= b"1.1" and "close" not in tokens

    def header(self, name: str) -> str:
        """A header's value, all of them where it comes more than once; ``name`` in lower case."""
        return self._headers.get(name, "")

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another request: the body has been read, and nothing came behind it."""
        return self._left == 0 and not self._early and self._keep_alive

    def read_into(self, view: memoryview) -> int:
        """Fill a part of ``view`` with what comes next of the body; the number of bytes, 0 at its end."""
        if self._left is not None:
            view = view[: self._left]
        elif not self._early:
            self._early = self._unpack()
        if not view:
            return 0
        if self._early or self._left is None:
            count = min(len(view), len(self._early))
            view[:count] = self._early[:count]
            self._early = self._early[count:]
        else:
            count = self._stream.receive_into(view)
        if self._left is not None:
            self._left -= count
        return count

    def _length(self, method: str) -> int | None:
        """Of the body; None when only its end will tell."""
        if method == "HEAD" or self.status in _BODILESS:
            return 0
        if "transfer-encoding" in self._headers or "content-length" not in self._headers:
            return None
        return int(self._headers["content-length"])

    def _unpack(self) -> bytes:
        """The next part of a body in chunks, or of one that ends with the connection; nothing at its end."""
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Data):
                return bytes(event.data)
            if event is not h11.NEED_DATA:
                self._keep_alive = False  # it is not worth the trouble
                return b""
            _receive(self._stream, self._connection)


def read_answer(stream: Stream, connection: h11.Connection, method: str) -> Answer:
    """Wait for the head of an answer. Raises StreamError, h11.RemoteProtocolError."""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            return Answer(stream, connection, event, method)
        if event is h11.NEED_DATA:
            _receive(stream, connection)
        elif not isinstance(event, h11.InformationalResponse):
            raise StreamEnded("the peer closed the connection")


def _receive(stream: Stream, connection: h11.Connection) -> None:
    try:
        connection.receive_data(stream.receive(COPY_SIZE))
    except StreamEnded:
        connection.receive_data(b"")  # it knows whether something is missing


def _headers(response: h11.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw, value in response.headers:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers
