"""One connection's bytes in plain text: blocking calls of the thread that serves it.

Both directions have a time limit for each call, the kernel's (SO_RCVTIMEO, SO_SNDTIMEO): Python's `settimeout` would
make the descriptor non-blocking, so that every call became two, and sendfile and splice then fail.

`shutdown` alone may be called by any thread; it makes every call of the owner fail at once.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
import termios
import time
from contextlib import suppress

from chatwire.aligned import aligned

SEND_PIECE = 4 * 1024 * 1024  # bytes in one sendfile: the time limit holds for each call
COPY_SIZE = 256 * 1024  # bytes of the buffer where bytes have to pass through this program
LINGER = 2.0  # seconds in which a refused client may finish what it is saying
LINGER_BYTES = 16 * 1024 * 1024
UNREAD = 16 * 1024  # bytes that a peer may send while it should listen


class StreamError(Exception):
    """The connection is of no use any more."""


class StreamTimeout(StreamError):
    """The peer neither sends nor reads."""


class StreamEnded(StreamError):
    """The peer has closed it, or it was shut down."""


class Stream:
    """A plain connection, and the base of one over TLS."""

    copy_size = COPY_SIZE

    def __init__(self, sock: socket.socket) -> None:
        """``sock`` blocks."""
        self._sock = sock
        self._buffer: memoryview | None = None

    def set_timeouts(self, seconds: float) -> None:
        """How long each call may wait for the peer."""
        value = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)

    def receive(self, size: int = COPY_SIZE) -> bytes:
        """Up to ``size`` bytes, at least one. Raises StreamError."""
        try:
            data = self._sock.recv(size)
        except OSError as error:
            raise translated(error) from None
        if not data:
            raise StreamEnded("the peer closed the connection")
        return data

    def receive_into(self, view: memoryview) -> int:
        """Fill a part of ``view``; the number of bytes, at least one. Raises StreamError."""
        try:
            count = self._sock.recv_into(view)
        except OSError as error:
            raise translated(error) from None
        if not count:
            raise StreamEnded("the peer closed the connection")
        return count

    def send(self, data: bytes | memoryview) -> None:
        """All of it. Raises StreamError."""
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise translated(error) from None

    def send_file(self, fd: int, offset: int, count: int) -> int:
        """Some of ``count`` bytes of a file; how many, 0 when the file has no more there. Raises StreamError."""
        try:
            return os.sendfile(self._sock.fileno(), fd, offset, min(count, SEND_PIECE))
        except OSError as error:
            raise translated(error) from None

    def receive_file(self, fd: int, offset: int, count: int) -> int:
        """Write the next bytes from the peer, at most ``count``, to a file; how many.

        Raises:
            StreamError: the connection has failed.
            OSError: the file has.
        """
        view = self._view(count)
        filled = self.receive_into(view)
        write_all(fd, view[:filled], offset)
        return filled

    def peer_closed(self) -> bool:
        """Whether the peer has ended its side, as far as can be known without waiting.

        Its end comes behind all that it has sent before, and cannot come at all while that fills the window: who sends
        so much while it should listen counts as gone.
        """
        poll = select.poll()
        poll.register(self._sock, select.POLLRDHUP)
        return bool(poll.poll(0)) or self._unread() > UNREAD

    def _unread(self) -> int:
        """Bytes that wait in the kernel."""
        return int.from_bytes(fcntl.ioctl(self._sock, termios.FIONREAD, bytes(4)), sys.byteorder)

    def shutdown(self) -> None:
        """End it, from whatever thread: the owner's calls fail."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it in order; may be called twice."""
        self._sock.close()

    def abort(self) -> None:
        """Close it so that the peer learns that something was cut off: a reset, in place of an end."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def linger(self) -> None:
        """Read on for a moment what the peer is still saying: a close at once could destroy the answer on its way."""
        with suppress(OSError, StreamError, ValueError):
            self._sock.shutdown(socket.SHUT_WR)
            self.set_timeouts(0.5)
            deadline, left = time.monotonic() + LINGER, LINGER_BYTES
            while left > 0 and time.monotonic() < deadline:
                left -= len(self._sock.recv(COPY_SIZE)) or left

    def relax(self) -> None:
        """Let go of the buffers: nothing is under way."""
        self._buffer = None

    def _view(self, count: int) -> memoryview:
        """Room for up to ``count`` bytes in this connection's buffer, which is made when it is needed."""
        if self._buffer is None:
            self._buffer = aligned(self.copy_size)
        return self._buffer[: min(count, self.copy_size)]


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write every byte at a place in a file. Raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view = view[written:]
        offset += written


def translated(error: OSError) -> StreamError:
    """What an error of a socket means for a stream."""
    if isinstance(error, BlockingIOError | TimeoutError):
        return StreamTimeout("the peer neither sends nor reads")
    if isinstance(error, ConnectionError):
        return StreamEnded("the peer closed the connection")
    return StreamEnded(f"the connection broke: {error.strerror or error}")
