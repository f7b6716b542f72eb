"""One connection's bytes over TLS.

OpenSSL works on two memory buffers, so that one system call carries many records: with a socket under it, every 16 KiB
cost a call of their own, and half as much processor again.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from contextlib import suppress

from chatwire.aligned import aligned
from chatwire.stream import COPY_SIZE, Stream, StreamEnded, StreamError
from chatwire.tls import certificate_fingerprint

TLS_SIZE = 256 * 1024  # bytes, at most, in one system call; more would only pass through slower caches
_OFFSET = 2048  # bytes; OpenSSL's own buffers begin with a page, too, or nearly so, see `aligned`


class StreamUntrusted(StreamError):
    """No authority vouches for the peer's certificate, or it is that of another host."""


class TlsStream(Stream):
    """Either side. Bytes have to pass through this program."""

    copy_size = TLS_SIZE

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, *, hostname: str | None = None) -> None:
        """A client's side if ``context`` is a client's; it says the ``hostname`` that it wants to talk to.

        Raises:
            ValueError: the name is none.
        """
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        server_side = context.protocol is ssl.PROTOCOL_TLS_SERVER
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side, server_hostname=hostname)
        self._ciphertext: memoryview | None = None
        self._drained = True  # OpenSSL has no whole record any more

    def handshake(self, timeout: float) -> None:
        """To be called once, before all else. Raises StreamError, also when it takes more than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.set_timeouts(max(0.01, deadline - time.monotonic()))
                self._feed()
            except ssl.SSLError as error:
                with suppress(StreamError):
                    self._flush()  # the alert
                raise _broken(error) from None
        self._flush()

    def fingerprint(self) -> str:
        """SHA-256 of the peer's certificate, as `certificate_fingerprint` writes it; empty when it showed none."""
        der = self._tls.getpeercert(binary_form=True)
        return certificate_fingerprint(der) if der else ""

    def receive(self, size: int = COPY_SIZE) -> bytes:
        view = self._view(size)
        return bytes(view[: self.receive_into(view)])

    def receive_into(self, view: memoryview) -> int:
        while self._drained or not (filled := self._decrypt(view)):
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

    def relax(self) -> None:
        super().relax()
        self._ciphertext = None

    def close(self) -> None:
        """With TLS's own farewell, for which nobody waits."""
        with suppress(OSError, ValueError):
            self._tls.unwrap()
        with suppress(OSError):
            self._sock.send(self._outgoing.read(), socket.MSG_DONTWAIT)
        super().close()

    def _decrypt(self, view: memoryview) -> int:
        """As many records as have come and fit; the number of bytes, 0 when there is not one whole record."""
        read, size, filled = self._tls.read, len(view), 0
        try:
            while filled < size:
                # Into a buffer it gives a number, whatever its stubs say.
                count: int = read(size - filled, view[filled:])  # type: ignore[assignment]
                if not count:
                    raise StreamEnded("the peer closed the connection")
                filled += count
        except ssl.SSLWantReadError:
            self._drained = True
        except (ssl.SSLError, StreamEnded) as error:
            if not filled:  # else it will be raised again
                raise _broken(error) from None
        return filled

    def _feed(self) -> None:
        """Take from the socket what is there, at least one byte. Raises StreamError."""
        with suppress(StreamEnded):  # that the peer has gone must not cost us what it has sent
            self._flush()  # what TLS itself has to say: nobody may be about to send
        if self._ciphertext is None:
            self._ciphertext = aligned(_OFFSET + TLS_SIZE)[_OFFSET:]
        self._incoming.write(self._ciphertext[: super().receive_into(self._ciphertext)])
        self._drained = False

    def _flush(self) -> None:
        """Send what OpenSSL has written. Raises StreamError."""
        if self._outgoing.pending:
            super().send(self._outgoing.read())


def _broken(error: Exception) -> StreamError:
    if isinstance(error, StreamError | ssl.SSLZeroReturnError):
        return StreamEnded("the peer closed the connection")
    reason = str(getattr(error, "reason", None) or error).lower().replace("_", " ")
    if isinstance(error, ssl.SSLCertVerificationError):
        return StreamUntrusted(reason)
    return StreamEnded(f"the connection broke: {reason}")
