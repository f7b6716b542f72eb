"""One connection's bytes over TLS.

OpenSSL works on two memory buffers, so that one system call carries many records: with a socket under it, every 16 KiB
cost a call of their own, and an upload half as much processor again.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from contextlib import suppress
from typing import cast

from filed.stream import COPY_SIZE, Stream, StreamEnded, StreamError

TLS_SIZE = 512 * 1024  # bytes, at most, in one system call
PASSED_ON = 128 * 1024  # bytes; more would only pass through slower caches


class TlsStream(Stream):
    """A server's side. Bytes have to pass through this program."""

    copy_size = TLS_SIZE

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ciphertext = bytearray()
        self._received = memoryview(b"")  # of it, what OpenSSL has not been given

    def handshake(self, timeout: float) -> None:
        """To be called once, before all else. Raises StreamError, also when it takes more than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self.set_timeouts(max(0.01, deadline - time.monotonic()))
                self._feed()
            except ssl.SSLError as error:
                with suppress(StreamError):
                    self._flush()  # the alert
                raise _broken(error) from None
        self._flush()

    def receive(self, size: int = COPY_SIZE) -> bytes:
        view = self._view(size)
        return bytes(view[: self.receive_into(view)])

    def receive_into(self, view: memoryview) -> int:
        while not (filled := self._decrypt(view)):
            self._feed()
        return filled

    def send(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            piece = view[:COPY_SIZE]
            view = view[COPY_SIZE:]
            while piece:
                try:
                    piece = piece[self._tls.write(piece) :]
                except ssl.SSLError as error:
                    raise _broken(error) from None
            self._flush()

    def send_file(self, fd: int, offset: int, count: int) -> int:
        view = self._view(count)
        read = os.preadv(fd, [view], offset)
        if read:
            self.send(view[:read])
        return read

    def receive_file(self, fd: int, offset: int, count: int) -> int:
        return self._copy_to_file(fd, offset, count)

    def relax(self) -> None:
        super().relax()
        if not self._received:
            self._ciphertext = bytearray()

    def close(self) -> None:
        """With TLS's own farewell, for which nobody waits."""
        with suppress(OSError, ValueError):
            self._tls.unwrap()
        with suppress(OSError):
            self._sock.send(self._outgoing.read(), socket.MSG_DONTWAIT)
        super().close()

    def _decrypt(self, view: memoryview) -> int:
        """As many records as have come and fit; the number of bytes."""
        filled = 0
        try:
            while filled < len(view):
                try:
                    # Into a buffer it gives a number, whatever its stubs say.
                    count = cast("int", self._tls.read(len(view) - filled, view[filled:]))
                except ssl.SSLWantReadError:
                    if not self._pass_on():
                        break
                    continue
                if not count:
                    raise StreamEnded("the peer closed the connection")
                filled += count
        except (ssl.SSLError, StreamEnded) as error:
            if not filled:  # else it will be raised again
                raise _broken(error) from None
        return filled

    def _pass_on(self) -> bool:
        """Give OpenSSL a little of what was received; false when there is nothing."""
        self._incoming.write(self._received[:PASSED_ON])
        more = bool(self._received)
        self._received = self._received[PASSED_ON:]
        return more

    def _feed(self) -> None:
        """Take from the socket what is there, at least one byte. Raises StreamError."""
        if not self._ciphertext:
            self._ciphertext = bytearray(TLS_SIZE)
        view = memoryview(self._ciphertext)
        self._received = view[: super().receive_into(view)]
        self._pass_on()

    def _flush(self) -> None:
        """Send what OpenSSL has written. Raises StreamError."""
        if self._outgoing.pending:
            super().send(self._outgoing.read())


def _broken(error: Exception) -> StreamError:
    if isinstance(error, StreamError | ssl.SSLZeroReturnError):
        return StreamEnded("the peer closed the connection")
    reason = getattr(error, "reason", None) or error
    return StreamEnded(f"the connection broke: {str(reason).lower().replace('_', ' ')}")
