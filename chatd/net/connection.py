"""A buffered connection, the analogue of a libevent bufferevent.

It MUST hold that:

1. only the owning loop's thread touches it, from adoption to close;
2. close happens once, in this order: mark, timers, selector, socket, handler;
3. an event that was already in the batch when the connection closed is ignored;
4. output above the soft mark pauses reading; more output when the peer has left more than the hard mark unread ends
   the connection (one write alone, a page or a batch, may be larger than the mark and says nothing about the peer);
5. a paused connection with nothing to write is not in the selector at all (epoll would spin on a hang-up);
6. one turn handles at most the handler's own budget; what is left waits for the next round;
7. a connection that ends with last words is not closed while its peer may still be sending: the kernel would answer
   with a reset and drop what the peer has not read.
"""

from __future__ import annotations

import fcntl
import logging
import socket
import ssl
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chatd.net.errnos import DISCONNECTED
from chatd.net.loop import READ, RECEIVE_SIZE, WRITE, EventLoop
from chatd.net.output import OutputQueue
from chatd.net.timers import Timer
from chatwire.tls import TlsChannel, TlsError

log = logging.getLogger("chatd.connection")

LINGER = 0.5  # seconds in which a peer may close, too, after the last byte was sent to it
TOO_SLOW = "output above the high-water mark"
TLS_CLIENT_HELLO = 0x16  # the first byte of a TLS handshake record (RFC 8446, section 5.1)


class Pause:
    """Why a connection is not read: bits of an int. It is read again when no reason is left.

    No `enum.Flag`: its operators are Python code, a microsecond each, and every write and every reply needs one.
    """

    OUTPUT = 1  # its peer does not read what we send
    JOB = 2  # a request of it is being worked on elsewhere
    JOURNAL = 4  # the journal's queue is full, or holds enough of this connection
    CATCH_UP = 8  # missed messages are being sent
    CLOSING = 16  # only the rest of the output is still to go


class Handler(Protocol):
    """What a connection tells its user, always in the loop's thread."""

    def received(self, data: bytes) -> None:
        """Plaintext has arrived; keep it, `work` follows."""

    def work(self) -> bool:
        """Handle what was received, up to a budget; true when more is left. Not called while paused."""

    def drained(self) -> None:
        """Output that had passed the soft mark is below it again."""

    def closed(self, reason: str) -> None:
        """The connection is gone; nothing can be sent any more. Called exactly once."""


@dataclass(frozen=True)
class ConnectionSettings:
    """What all connections of a server have in common. Marks in bytes, times in seconds. ``tls`` is asked for each."""

    soft_mark: int
    hard_mark: int
    tls: Callable[[], ssl.SSLContext] | None
    handshake_timeout: float
    plaintext_allowed: Callable[[str], bool]
    tls_required: bytes = b""  # what a peer that may not speak plain text is told


class Connection:
    """One accepted socket. Every method: the owning loop's thread."""

    __slots__ = (
        "_adopted", "_blocked", "_cipher", "_closing", "_dirty", "_handler", "_handshake", "_lingering", "_lost",
        "_mask", "_on_closed", "_out", "_settings", "_sock", "_tls", "_waiting", "closed", "loop", "pausing", "peer",
        "sent",
    )  # fmt: skip

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        peer: str,
        settings: ConnectionSettings,
        on_closed: Callable[[Connection], None],
    ) -> None:
        self.loop = loop
        self.peer = peer  # the peer's address, without port
        self.closed = False
        self.sent = 0  # bytes that the kernel has taken so far
        self._sock = sock
        self._settings = settings
        self._on_closed = on_closed
        self._handler: Handler | None = None
        self._adopted = False  # the first byte has been seen
        self._tls: TlsChannel | None = None
        self._handshake: Timer | None = None
        self._out = OutputQueue()
        self._cipher: OutputQueue | None = None  # encrypted, and to be sent before anything else
        self._dirty = False  # on the loop's list for the end of this round
        self._blocked = False  # the kernel's buffer is full
        self._waiting = False  # on the loop's list for the next round
        self.pausing = 0  # the reasons for which it is not read now; changed by `pause` and `resume` alone
        self._mask = 0  # what the selector watches for now; 0: not registered
        self._closing = ""  # why it closes once its output is gone
        self._lingering = False  # its output is gone, and the peer knows
        self._lost = 0  # bytes of output that will never arrive; after the close, those that may not have

    @property
    def silent(self) -> bool:
        """Whether not a single byte has come yet."""
        return not self._adopted

    @property
    def secure(self) -> bool:
        """Whether it is encrypted. Any thread, once something has been received."""
        return self._tls is not None

    def local_address(self) -> str:
        """The address, without port, at which the peer has reached us."""
        self.loop.assert_in_loop()
        return str(self._sock.getsockname()[0])

    @property
    def pending_output(self) -> int:
        """Bytes that are not yet in the kernel's hands."""
        return self._out.size + (self._cipher.size if self._cipher else 0)

    def unacknowledged(self) -> int:
        """Bytes of output that the peer's TCP has not acknowledged; after the close, how many there were at that time.

        Those that wait here are among them, and those that were dropped stay among them. A reset leaves the number as
        it was. Whether the peer's program has read what was acknowledged, nobody can know.
        """
        self.loop.assert_in_loop()
        if self.closed:
            return self._lost
        queued = fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(queued, sys.byteorder) + self.pending_output + self._lost

    def unread_input(self) -> int:
        """Bytes that the kernel has received and nobody has read."""
        self.loop.assert_in_loop()
        if self.closed:
            return 0
        return int.from_bytes(fcntl.ioctl(self._sock.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)

    def open(self, handler: Handler) -> None:
        """Begin to read."""
        self.loop.assert_in_loop()
        self._handler = handler
        self._watch()

    def write(self, data: bytes, *more: bytes) -> None:
        """Queue bytes; they leave together with everything else at the end of the round. Ignored when closing.

        However many objects it gets, it is one write: they are all taken, or the peer was too slow before.
        """
        if self.closed or self._closing:
            return
        out = self._out
        if self._blocked and out.size > self._settings.hard_mark:
            self._too_slow()
            return
        out.append(data)
        for piece in more:
            out.append(piece)
        if not self._dirty and not self._blocked:
            self._dirty = True
            self.loop.mark_dirty(self)
        if out.size > self._settings.soft_mark:
            self.pausing |= Pause.OUTPUT

    def pause(self, reason: int) -> None:
        """Stop reading for this reason, besides others."""
        self.pausing |= reason

    def resume(self, reason: int) -> None:
        """Take a reason away; when it was the last, go on with what is here and read again."""
        if not self.pausing & reason:
            return
        self.pausing &= ~reason
        if not self.pausing and not self.closed:
            self._watch()
            self._wait_turn()

    def close_after_flush(self, reason: str, grace: float = 2.0) -> None:
        """Send what is queued, for at most ``grace`` seconds, then close; what still comes in is dropped."""
        if self.closed:
            return
        self.pause(Pause.CLOSING)
        self._closing = self._closing or reason
        self.loop.call_later(grace, lambda: self.close(reason))
        self.flush()

    def close(self, reason: str) -> None:
        """Close now; what is queued is dropped. Does nothing the second time."""
        self.loop.assert_in_loop()
        if self.closed:
            return
        self._lost = self.unacknowledged()  # the last chance to ask
        self.closed = True
        if self._handshake is not None:
            self._handshake.cancel()
        if self._mask:
            self.loop.unregister(self._sock.fileno())
            self._mask = 0
        if not self._lingering:
            self._say_tls_goodbye()
        self._sock.close()
        self._out.clear()
        self._cipher = None
        handler, self._handler = self._handler, None
        self._on_closed(self)
        if handler is not None:
            handler.closed(reason)

    # -- called by the loop ----------------------------------------------------

    def on_events(self, mask: int) -> None:
        """The selector found the socket ready."""
        if self.closed:
            return
        if mask & WRITE:
            self._blocked = False
            self.flush()
        if mask & READ and not self.closed:
            if self._lingering:
                self._drop_input()
            elif self.pausing:
                self._watch()  # only now is it worth a system call to stop watching
            elif not self._waiting:
                self._receive()

    def proceed(self) -> None:
        """Another turn for input that is already here."""
        self._waiting = False
        if not self.closed and not self.pausing:
            self._work()

    def flush(self) -> None:
        """One send for all that has gathered, more only when there is more than one send can take."""
        self._dirty = False
        out = self._out
        while not self.closed and not self._blocked:
            data = out.take() if self._tls is None else self._next_output()
            if not data:
                break
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._lost += len(data)
                self._broken(error)
                return
            self.sent += sent
            if sent < len(data):
                (self._cipher or self._out).put_back(memoryview(data)[sent:])
                self._blocked = True
            elif not out.size and self._cipher is None:
                break  # nearly always: one send takes all there is
        if self.closed:
            return
        if self._blocked or self._closing or self.pausing or self._mask & WRITE:
            self._flushed()
        else:
            out.release()

    # -- inside ----------------------------------------------------------------

    def _flushed(self) -> None:
        if not self._blocked:
            self._out.release()
            if self._closing and not self.pending_output:
                self._linger()
                return
        if self._blocked or self._mask & WRITE:
            self._watch()
        if self.pausing & Pause.OUTPUT and self.pending_output <= self._settings.soft_mark // 2:
            self.resume(Pause.OUTPUT)
            if self._handler is not None:
                self._handler.drained()

    def _next_output(self) -> bytes | memoryview:
        """The next bytes on a TLS connection."""
        assert self._tls is not None
        if self._cipher is None:
            self._cipher = OutputQueue()
        if not self._cipher.size:
            try:
                if plain := self._out.take():
                    self._tls.send(bytes(plain))
            except TlsError:
                self._lost += len(plain) + self._out.size
                self._out.clear()
            if data := self._tls.outgoing():
                self._cipher.append(data)
        return self._cipher.take()

    def _receive(self) -> None:
        try:
            # Not `recv`: it would ask the kernel for fresh memory of the largest size, three more system calls.
            buffer = self.loop.receive_buffer
            data = bytes(buffer[: self._sock.recv_into(buffer)])
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        if not data:
            self.close("closed by the peer")
            return
        if not self._adopted and not self._adopt(data[0]):
            return
        if self._tls is not None:
            data = self._decrypt(data)
        if data and self._handler is not None:
            self._handler.received(data)
            self._work()
        if self._tls is not None and self._tls.ended:
            self.close("closed by the peer")

    def _adopt(self, first: int) -> bool:
        """The first byte decides between TLS and plain text (wire, section 1)."""
        self._adopted = True
        settings = self._settings
        if first == TLS_CLIENT_HELLO and settings.tls is not None:
            self._tls = TlsChannel(settings.tls(), server_side=True)
            self._handshake = self.loop.call_later(settings.handshake_timeout, self._handshake_late)
            return True
        if settings.plaintext_allowed(self.peer):
            return True
        self.write(settings.tls_required)
        self.close_after_flush("plain text is not allowed")
        return False

    def _decrypt(self, data: bytes) -> bytes:
        assert self._tls is not None
        try:
            plain = self._tls.receive(data)
        except TlsError as error:
            self.flush()  # the alert
            self.close(f"TLS failed: {error}")
            return b""
        if self._tls.established and self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None
        if not self._dirty and not self._blocked:
            self._dirty = True
            self.loop.mark_dirty(self)  # an answer of the handshake may be waiting
        return plain

    def _handshake_late(self) -> None:
        self._handshake = None
        self.close("TLS handshake took too long")

    def _work(self) -> None:
        if self._handler is not None and self._handler.work() and not self.pausing:
            self._wait_turn()

    def _wait_turn(self) -> None:
        if not self._waiting:
            self._waiting = True
            self.loop.mark_ready(self)

    def _too_slow(self) -> None:
        """End it, but later: whoever is writing may be in the middle of a list of connections or of its own state."""
        self._lost += self._out.size
        self._out.clear()
        self.pausing |= Pause.CLOSING
        self._closing = TOO_SLOW
        self.loop.post(lambda: self.close(TOO_SLOW))

    def _linger(self) -> None:
        """All is sent: say so, and wait a moment for the peer's own end."""
        if self._lingering:
            return
        self._lingering = True
        self._say_tls_goodbye()
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._broken(error)
            return
        self.loop.call_later(LINGER, lambda: self.close(self._closing))
        self._watch()

    def _drop_input(self) -> None:
        try:
            if self._sock.recv(RECEIVE_SIZE):
                return
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        self.close(self._closing)

    def _watch(self) -> None:
        """Make the selector watch for what is wanted now."""
        mask = (READ if self._lingering or not self.pausing else 0) | (WRITE if self._blocked else 0)
        if mask == self._mask:
            return
        fd = self._sock.fileno()
        if not mask:
            self.loop.unregister(fd)
        elif self._mask:
            self.loop.modify(fd, mask, self.on_events)
        else:
            self.loop.register(fd, mask, self.on_events)
        self._mask = mask

    def _broken(self, error: OSError) -> None:
        if error.errno not in DISCONNECTED:
            log.warning("connection error: peer=%s error=%s", self.peer, error)
        self.close("connection lost")

    def _say_tls_goodbye(self) -> None:
        if self._tls is not None and self._tls.established and not self._blocked:
            self._tls.close()
            try:
                self._sock.send(self._tls.outgoing())
            except OSError:
                return  # the peer is gone already
