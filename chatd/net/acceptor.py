"""The listener: accept in batches, count, and hand over. The analogue of evconnlistener."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from chatbase.addresses import Network, is_within, normal_address
from chatd.net.errnos import GONE_BEFORE_ACCEPT, OUT_OF_DESCRIPTORS
from chatd.net.loop import READ, EventLoop

log = logging.getLogger("chatd.acceptor")

BACKLOG = 4096
BATCH = 128  # accepted in one round, before signals and timers get their turn
PAUSE_WHEN_FULL = 0.1  # seconds without accepting when the process has no descriptor left
KEEPALIVE_IDLE = 25  # seconds: a vanished peer is noticed within 60 (wire, section 5.5)
KEEPALIVE_INTERVAL = 10
KEEPALIVE_PROBES = 3
USER_TIMEOUT_MS = 50_000

Adopt = Callable[[socket.socket, str], None]


@dataclass(frozen=True)
class AcceptLimits:
    """Caps on connections; ``per_address`` 0 means none. ``refusal`` is what a refused peer is told.

    ``trusted`` names the networks in which no cap of a single address holds.
    """

    total: int
    per_address: int
    refusal: bytes
    trusted: tuple[Network, ...] = ()


class Acceptor:
    """Listening socket of one server. `released` may be posted from any thread; everything else: the main loop."""

    def __init__(self, loop: EventLoop, host: str, port: int, limits: AcceptLimits, adopt: Adopt) -> None:
        """Bind and listen; nothing is accepted before `start`.

        Raises:
            OSError: the address cannot be had.
        """
        self._loop = loop
        self._limits = limits
        self._adopt = adopt
        self._socket = _listen(host, port)
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        self._per_address: Counter[str] = Counter()
        self._quiet_until = 0.0  # no line about refusals before this monotonic time
        self._watching = False
        self._closed = False
        self.connections = 0
        self.accepted = 0
        self.refused = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that were bound."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Begin, or begin again, to accept."""
        if not self._watching and not self._closed:
            self._take_spare()
            self._loop.register(self._socket.fileno(), READ, self._on_readable)
            self._watching = True

    def stop(self) -> None:
        """Accept nothing for now; peers wait in the backlog."""
        if self._watching:
            self._loop.unregister(self._socket.fileno())
            self._watching = False

    def close(self) -> None:
        """Stop for good. May be called twice."""
        if self._closed:
            return
        self.stop()
        self._closed = True
        self._socket.close()
        self._give_up_spare()

    def released(self, address: str) -> None:
        """A connection that was handed over has closed."""
        self.connections -= 1
        source = source_of(address)
        self._per_address[source] -= 1
        if not self._per_address[source]:
            del self._per_address[source]

    def _on_readable(self, mask: int) -> None:
        if not self._watching:
            return  # the event was in the batch already
        for _ in range(BATCH):
            try:
                sock, peer = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if not self._survive(error):
                    return
                continue
            self._admit(sock, normal_address(peer[0]))

    def _admit(self, sock: socket.socket, address: str) -> None:
        self.accepted += 1
        if self.connections >= self._limits.total or self._has_its_share(address):
            self._refuse(sock, address)
            return
        sock.setblocking(False)
        self.connections += 1
        self._per_address[source_of(address)] += 1
        self._adopt(sock, address)

    def _has_its_share(self, address: str) -> bool:
        limits = self._limits
        full = 0 < limits.per_address <= self._per_address[source_of(address)]
        return full and not is_within(address, limits.trusted)

    def _refuse(self, sock: socket.socket, address: str) -> None:
        self.refused += 1
        now = time.monotonic()
        if now >= self._quiet_until:  # one line a second, not one for each of a thousand
            self._quiet_until = now + 1.0
            log.warning(
                "refusing connections: address=%s connections=%d refused=%d", address, self.connections, self.refused
            )
        sock.setblocking(False)
        try:
            sock.send(self._limits.refusal)
        except OSError as error:
            log.debug("refused peer is gone: %s", error)
        sock.close()

    def _survive(self, error: OSError) -> bool:
        """Deal with a failed accept; true when the next one may be tried at once."""
        if error.errno in GONE_BEFORE_ACCEPT:
            return True
        if error.errno in OUT_OF_DESCRIPTORS:
            self._shed(error)
        else:
            log.error("accept failed: %s", error)
        self.stop()
        self._loop.call_later(PAUSE_WHEN_FULL, self.start)
        return False

    def _shed(self, error: OSError) -> None:
        """Without a descriptor the waiting peer cannot even be refused, and the selector would spin on it for ever.

        So one descriptor is kept in reserve: give it up, accept, close, take it again.
        """
        log.error("out of descriptors: %s; connections=%d", os.strerror(error.errno or errno.EMFILE), self.connections)
        self._give_up_spare()
        try:
            self._socket.accept()[0].close()
        except OSError as again:
            log.debug("nothing to shed: %s", again)
        self._take_spare()

    def _take_spare(self) -> None:
        if self._spare is None:
            try:
                self._spare = os.open(os.devnull, os.O_RDONLY)
            except OSError as error:  # another thread was faster; `start` tries again
                log.debug("no descriptor to keep in reserve: %s", error)

    def _give_up_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
        self._spare = None


def source_of(address: str) -> str:
    """Whom limits see: an IPv4 address, or the /64 network of an IPv6 one, which a single customer is given."""
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))


def _listen(host: str, port: int) -> socket.socket:
    """Accepted sockets inherit every option set here (Linux, tcp(7)), which saves five system calls for each."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
