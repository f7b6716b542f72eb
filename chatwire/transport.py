"""The client's end of a connection: one socket, plain or TLS, objects in and out, with deadlines."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from chatwire.codec import Object, decode, encode_request
from chatwire.errors import LinkError, LinkTimeout, PeerError, TurnedAway, UnknownFingerprint
from chatwire.framing import Framer
from chatwire.happy_eyeballs import connect
from chatwire.tls import TlsChannel, TlsError, client_context

MAX_SERVER_OBJECT = 64 * 1024 * 1024  # bytes; a roster of many thousand friends is one object
_RECEIVE_SIZE = 256 * 1024
_ANSWER_TIME = 10.0  # seconds
_LONGEST_GOODBYE = 4096  # bytes


class Transport:
    """Blocking calls over a non-blocking socket. One thread uses it; `wake` alone may be called from any thread."""

    def __init__(self, host: str, port: int, *, timeout: float = 10.0) -> None:
        """Connect in plain text.

        Raises:
            LinkError: nobody answers at that address.
        """
        try:
            self._socket = connect(host, port, timeout)
        except (OSError, UnicodeError) as error:  # the latter from a name that can be none
            problem = getattr(error, "strerror", None) or str(error)
            raise LinkError(f"cannot connect to {host}:{port}: {problem}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._framer = Framer(MAX_SERVER_OBJECT)
        self._tls: TlsChannel | None = None
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._readable.register(self._wake_reader, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._socket, select.POLLOUT)
        self._woken = False
        self._closed = False

    def start_tls(self, hostname: str, *, fingerprint: str | None, timeout: float = 10.0) -> str:
        """Shake hands and return the fingerprint of the server's certificate.

        With ``fingerprint`` the certificate must be that one; without, the system's authorities decide.

        Raises:
            UnknownFingerprint: the certificate is not the expected one, or no authority vouches for it.
            LinkError: there is no TLS to be had; TurnedAway where the server says in plain text that it is full.
        """
        try:
            shown = self._handshake(hostname, verify=fingerprint is None, timeout=timeout)
        except BaseException:
            self.close()
            raise
        if fingerprint is not None and shown.lower() != fingerprint.strip().lower():
            self.close()
            raise UnknownFingerprint(shown)
        return shown

    def send(self, obj: Object, *, timeout: float = 10.0) -> None:
        """Write one object.

        Raises:
            BadRequest: it cannot be written as JSON; nothing was sent.
            LinkError: the connection is gone, or the server has read nothing for so long.
        """
        data = encode_request(obj)
        if self._closed:
            raise LinkError("the connection is closed")
        if self._tls is not None:
            try:
                self._tls.send(data)
            except TlsError as error:
                raise LinkError(f"TLS failed: {error}") from None
            data = self._tls.outgoing()
        self._send_all(data, time.monotonic() + timeout)

    def receive(self, timeout: float | None) -> Object | None:
        """Return the next object, or None when the time is up or `wake` was called. ``timeout`` None waits for ever.

        Raises:
            LinkError: the connection has ended, and everything that had arrived before has been returned.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            frame = self._framer.next()
            if frame is not None:
                return decode(frame)
            if self._tls is not None and self._tls.ended:
                raise LinkError("the server closed the connection")
            if self._woken or not self._wait_readable(deadline):
                self._woken = False
                return None
            self._pull()

    def wake(self) -> None:
        """Make a `receive` that waits in another thread return None at once. Any thread."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_writer.send(b"\0")

    def fileno(self) -> int:
        """The socket's descriptor, for a program that has its own loop."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close everything; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._tls is not None:
            self._tls.close()
            with contextlib.suppress(OSError):
                self._socket.send(self._tls.outgoing())
        for sock in (self._socket, self._wake_reader, self._wake_writer):
            sock.close()

    def _handshake(self, hostname: str, *, verify: bool, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        try:
            tls = TlsChannel(client_context(verify=verify), server_side=False, hostname=hostname)
            done, first = tls.handshake(), True
            while not done:
                with contextlib.suppress(LinkError) if first else contextlib.nullcontext():
                    self._send_all(tls.outgoing(), deadline)  # to a server that turns us away it may be too late
                if not self._wait_readable(deadline):
                    raise LinkTimeout("the server does not answer the TLS handshake")
                data = self._receive()
                if first and data.startswith(b"{"):
                    self._read_goodbye(data, deadline)
                first = first and not data
                self._framer.feed(tls.receive(data))  # a server in a hurry says something at once
                done = tls.established
            self._send_all(tls.outgoing(), deadline)
        except ValueError as error:  # a name that can be in no certificate
            raise LinkError(f"TLS failed: {error}") from None
        except TlsError as error:
            raise self._handshake_failed(hostname, str(error), verify, timeout) from None
        self._tls = tls
        return tls.fingerprint()

    def _read_goodbye(self, data: bytes, deadline: float) -> None:
        """In place of a ServerHello: a server that is full has no time for a handshake. Raises TurnedAway if it is one.

        Anybody on the way can say so; it costs an attempt, as it would to cut the line.
        """
        framer = Framer(_LONGEST_GOODBYE)
        with contextlib.suppress(PeerError):
            framer.feed(data)
            while (frame := framer.next()) is None:
                if not self._wait_readable(deadline):
                    return
                framer.feed(self._receive())
            obj = decode(frame)
            if obj.get("cmd") == "goodbye":
                raise TurnedAway(obj)

    def _handshake_failed(self, hostname: str, problem: str, verify: bool, timeout: float) -> LinkError:
        """A certificate that nobody vouches for is told by its fingerprint, so that the user can decide to pin it."""
        try:
            address = self._socket.getpeername()
        except OSError:
            return LinkError(f"TLS failed: {problem}")
        if not verify or "certificate" not in problem:
            return LinkError(f"TLS failed: {problem}")
        self.close()
        with contextlib.closing(Transport(address[0], address[1], timeout=timeout)) as probe:
            return UnknownFingerprint(probe._handshake(hostname, verify=False, timeout=timeout))

    def _pull(self) -> None:
        data = self._receive()
        if self._tls is not None:
            try:
                data = self._tls.receive(data)
            except (TlsError, ssl.SSLError) as error:
                raise LinkError(f"TLS failed: {error}") from None
            self._answer_tls()
        self._framer.feed(data)

    def _answer_tls(self) -> None:
        """Send what TLS itself has to say. That the peer is gone must not cost us what it has sent: reading tells."""
        assert self._tls is not None
        with contextlib.suppress(LinkError):
            self._send_all(self._tls.outgoing(), time.monotonic() + _ANSWER_TIME)

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(_RECEIVE_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkError(f"the connection broke: {error.strerror or error}") from None
        if not data:
            raise LinkError("the server closed the connection")
        return data

    def _wait_readable(self, deadline: float | None) -> bool:
        """Wait until the socket is readable; False when the deadline has passed, or when only `wake` was called.

        A wake that comes together with data is remembered: the data may be no whole object.
        """
        if self._closed:
            raise LinkError("the connection is closed")
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        events = dict(self._readable.poll(left))
        if self._wake_reader.fileno() in events:
            self._woken = True
            with contextlib.suppress(BlockingIOError):
                self._wake_reader.recv(4096)
        return self._socket.fileno() in events

    def _send_all(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                left = max(0.0, deadline - time.monotonic()) * 1000
                if not self._writable.poll(left):
                    raise LinkTimeout("the server does not read") from None
            except OSError as error:
                raise LinkError(f"the connection broke: {error.strerror or error}") from None
