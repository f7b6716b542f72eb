"""One simulated connection: a non-blocking socket, perhaps with TLS, its way in, and what takes its bytes then."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Callable

from chatwire.tls import TlsChannel, TlsError
from tests.load.stage import READ_SIZE, Stage
from tests.load.wires.base import Person, Refused, Unreadable

CLIENTS_PER_ADDRESS = 5000  # a source address has some 28,000 ports
IP_BIND_ADDRESS_NO_PORT = 24  # a port per destination, not one for all
_NO_LINGER = struct.pack("ii", 1, 0)

Bytes = memoryview | bytes
Taker = Callable[[Bytes], None]
Ended = Callable[[str, str], None]
"""Is told why a connection has ended: a kind of failure, and more about it."""


class Client:
    """A person's connection. Called by the generator's thread alone.

    Until the login is done, frames go to the wire; then to nobody, until `ping` is answered; then to ``taker``.
    ``pongs``: how many pings were answered; who takes the bytes counts the later ones by `pong`. A ``guest`` belongs to
    a scenario that speaks for itself: it is not pinged.
    """

    __slots__ = (
        "_ended", "_events", "_opening", "_out", "_rest", "_socket", "_stage", "_take", "closed", "guest", "person",
        "pongs", "taker",
    )  # fmt: skip

    def __init__(self, stage: Stage, person: Person) -> None:
        self.person = person
        self.taker: Taker | None = None
        self.pongs = 0
        self.closed = False
        self.guest = False
        self._opening = b""
        self._ended: Ended | None = None
        self._events = select.EPOLLIN
        self._stage = stage
        self._out = bytearray()
        self._rest = b""
        self._take: Taker = self._enter
        self._socket = socket.socket()

    def belong_to(self, taker: Taker, ended: Ended, opening: bytes, receive_buffer: int = 0) -> None:
        """Before `connect`: ``opening`` is said first, ``taker`` gets all bytes, and ``ended`` hears of the end.

        ``receive_buffer``: bytes that the kernel keeps for this client at most; 0 leaves that to it.
        """
        self.guest = True
        self._take, self._ended, self._opening = taker, ended, opening
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    def connect(self) -> None:
        """Begin to connect; what the protocol says first is sent as soon as it can be."""
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = self._stage.address
        if address.host.startswith("127."):
            self._socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            self._socket.bind((f"127.0.0.{2 + self.person.number // CLIENTS_PER_ADDRESS}", 0))
        problem = self._socket.connect_ex((address.host, address.port))
        self._stage.clients[self._socket.fileno()] = self
        self._stage.poller.register(self._socket, self._events)
        if problem not in (0, errno.EINPROGRESS):
            self.fail("refused", f"{self.person.name}: {os.strerror(problem)}")
            return
        self._begin()

    def ready_for(self, events: int) -> None:
        """The poller has something."""
        if events & select.EPOLLOUT:
            self._flush()
        if events & ~select.EPOLLOUT and not self.closed:
            self.read()

    def read(self, limit: int = READ_SIZE) -> None:
        """Read once, up to ``limit`` bytes, and hand it on."""
        buffer = self._stage.buffer if limit == READ_SIZE else self._stage.buffer[:limit]
        try:
            count = self._socket.recv_into(buffer)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail("closed", f"{self.person.name}: {error.strerror or error}")
            return
        if count:
            self._take(buffer[:count])
        else:
            self.fail("closed", f"{self.person.name}: by the server")

    def send(self, data: bytes) -> None:
        """Send now what can be sent, and the rest when there is room."""
        if self._out:
            self._out += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            if not self.closed:
                self.fail("closed", f"{self.person.name}: {error.strerror or error}")
            return
        if sent < len(data):
            self._out += data[sent:]
            self._stage.poller.modify(self._socket, self._events | select.EPOLLOUT)

    def hand_to(self, taker: Taker) -> None:
        """From now on another one takes the bytes."""
        self.taker = taker
        if self._take != self._enter:
            self._take = taker

    def ping(self) -> None:
        """Ask what is answered only after everything that is on its way to this client."""
        self.send(self._stage.wire.ping(self.person))

    def pong(self) -> None:
        """A `ping` was answered."""
        self.pongs += 1
        self._stage.pongs += 1

    def fail(self, kind: str, detail: str) -> None:
        """A broken promise that ends this connection; with a guest its scenario decides whether it is one."""
        if self.closed and self.guest:
            return
        self.close()
        (self._ended or self._stage.ledger.fail)(kind, detail)

    def deaf(self, deaf: bool) -> None:
        """Read nothing any more, or read again."""
        self._events = 0 if deaf else select.EPOLLIN
        if not self.closed:
            self._stage.poller.modify(self._socket, self._events | (select.EPOLLOUT if self._out else 0))

    def cut(self) -> None:
        """Close without a word: what is on its way in either direction is dropped."""
        if not self.closed:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.close()

    def close(self) -> None:
        """Close; may be called twice."""
        if self.closed:
            return
        self.closed = True
        if self.person.ready:
            self._stage.connected -= 1
        del self._stage.clients[self._socket.fileno()]
        self._socket.close()

    def _begin(self) -> None:
        self.send(self._opening or self._stage.wire.begin(self.person))

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail("closed", f"{self.person.name}: {error.strerror or error}")
            return
        del self._out[:sent]
        if not self._out:
            self._stage.poller.modify(self._socket, self._events)

    def _enter(self, data: Bytes) -> None:
        """The login, frame by frame, and what comes between it and the answer to the first ping."""
        frames = self._rest + bytes(data)
        begin = 0
        try:
            for end in self._stage.wire.ends(frames):
                self._step(frames[begin:end])
                begin = end
                if self.pongs or self.closed:
                    break
        except (Refused, Unreadable) as error:
            self.fail("refused", f"{self.person.name}: {error}")
            return
        self._rest = frames[begin:]
        if self.pongs and self.taker is not None:
            self._take, self._rest = self.taker, b""
            if begin < len(frames):
                self._take(frames[begin:])

    def _step(self, frame: bytes) -> None:
        wire = self._stage.wire
        if not self.person.ready:
            if answer := wire.login_step(self.person, frame):
                self.send(answer)
            if self.person.ready:
                self._stage.connected += 1
        elif wire.is_pong(frame):
            self.pong()
        elif answer := wire.aside(frame) or b"":
            self.send(answer)


class TlsClient(Client):
    """The same with TLS, which works on memory buffers: a system call moves many records."""

    __slots__ = ("_channel", "_trusted")

    def __init__(self, stage: Stage, person: Person) -> None:
        super().__init__(stage, person)
        assert stage.context is not None
        self._channel = TlsChannel(stage.context, server_side=False)
        self._trusted = False

    def read(self, limit: int = READ_SIZE) -> None:
        buffer = self._stage.buffer if limit == READ_SIZE else self._stage.buffer[:limit]
        try:
            count = self._socket.recv_into(buffer)
            data = self._channel.receive(bytes(buffer[:count])) if count else b""
        except BlockingIOError:
            return
        except (OSError, TlsError) as error:
            self.fail("closed", f"{self.person.name}: {error}")
            return
        self._send_records()
        if self._checked() and data:
            self._take(data)
        if (not count or self._channel.ended) and not self.closed:
            self.fail("closed", f"{self.person.name}: by the server")

    def send(self, data: bytes) -> None:
        try:
            self._channel.send(data)
        except TlsError as error:
            self.fail("closed", f"{self.person.name}: {error}")
            return
        self._send_records()

    def _begin(self) -> None:
        self._channel.handshake()
        super()._begin()

    def _send_records(self) -> None:
        if records := self._channel.outgoing():
            super().send(records)

    def _checked(self) -> bool:
        """Whether the server has shown the certificate that it must have; a false one ends the connection."""
        if not self._trusted and self._channel.established and not self.closed:
            wanted = self._stage.address.fingerprint
            self._trusted = not wanted or self._channel.fingerprint() == wanted
            if not self._trusted:
                self.fail("refused", f"{self.person.name}: the server shows another certificate")
        return self._trusted and not self.closed


def new_client(stage: Stage, person: Person) -> Client:
    """A client with or without TLS, as the address says; not connected yet."""
    return TlsClient(stage, person) if stage.address.tls else Client(stage, person)
