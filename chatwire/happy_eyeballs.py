"""A connection to a name that may have many addresses, some of them dead: Happy Eyeballs (RFC 8305).

An address is tried without waiting for the one before to fail: whoever answers first is taken, and the others are given
up. The address that answered last is tried first the next time.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

ATTEMPT_DELAY = 0.25  # seconds before the next address is tried beside those that have not answered (RFC 8305, 5)
_REMEMBERED = 256  # names

Target = tuple[int, Any]
"""A family and an address in it, as sockets have them."""


def connect(host: str, port: int, timeout: float, *, check: Callable[[], None] | None = None) -> socket.socket:
    """Return a non-blocking socket that is connected. ``timeout``, in seconds, is for all addresses together.

    The name is looked up before that, which takes what the system's resolver takes. ``check`` is called several times a
    second; what it raises ends the attempt.

    Raises:
        OSError, UnicodeError: nobody answers there, or there is no such name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    targets = _remembered.first(host, port, interleaved((family, address) for family, _, _, _, address in found))
    race = _Race(targets, time.monotonic() + timeout, check)
    try:
        sock, target = race.run()
    finally:
        race.close()
    _remembered.note(host, port, target)
    return sock


def interleaved(targets: Iterable[Target]) -> list[Target]:
    """The families in turn, each in the order that the system's own rules give; none twice."""
    families: dict[int, list[Target]] = {}
    for target in dict.fromkeys(targets):
        families.setdefault(target[0], []).append(target)
    order: list[Target] = []
    while any(families.values()):
        order += [waiting.pop(0) for waiting in families.values() if waiting]
    return order


class _Race:
    """One thread. `close` gives up all that have not won."""

    def __init__(self, targets: list[Target], deadline: float, check: Callable[[], None] | None) -> None:
        self._waiting = targets
        self._deadline = deadline
        self._check = check
        self._running: dict[int, tuple[socket.socket, Target]] = {}  # by descriptor
        self._poll = select.poll()
        self._next = 0.0  # when another one is tried, in the time of time.monotonic
        self._problem: OSError = TimeoutError("timed out")

    def run(self) -> tuple[socket.socket, Target]:
        """The first that answers. Raises OSError, the last one's problem, and what ``check`` raises."""
        while self._waiting or self._running:
            if self._check is not None:
                self._check()
            if (now := time.monotonic()) >= self._deadline:
                raise TimeoutError("timed out")
            if self._waiting and (now >= self._next or not self._running):
                self._next = now + ATTEMPT_DELAY
                self._begin(self._waiting.pop(0))
                continue
            until = min(self._deadline, now + ATTEMPT_DELAY, self._next if self._waiting else self._deadline)
            for descriptor, _ in self._poll.poll(max(0.0, until - now) * 1000):
                if winner := self._answered(descriptor):
                    return winner
        raise self._problem

    def close(self) -> None:
        """Leave no socket behind."""
        for sock, _ in self._running.values():
            sock.close()
        self._running.clear()

    def _begin(self, target: Target) -> None:
        family, address = target
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # a family that this machine does not have
            self._failed(error)
            return
        self._running[sock.fileno()] = sock, target
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code in (0, errno.EINPROGRESS):
            self._poll.register(sock, select.POLLOUT)
        else:
            del self._running[sock.fileno()]
            sock.close()
            self._failed(OSError(code, os.strerror(code)))

    def _answered(self, descriptor: int) -> tuple[socket.socket, Target] | None:
        """One is connected, or has failed."""
        sock, target = self._running.pop(descriptor)
        self._poll.unregister(descriptor)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not code:
            return sock, target
        sock.close()
        self._failed(OSError(code, os.strerror(code)))
        return None

    def _failed(self, problem: OSError) -> None:
        """The next one need not wait for it."""
        self._problem = problem
        self._next = 0.0


class _Remembered:
    """Which address of a name answered last. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets: OrderedDict[tuple[str, int], Target] = OrderedDict()

    def first(self, host: str, port: int, targets: list[Target]) -> list[Target]:
        """The same ones, beginning with that one if it is among them."""
        with self._lock:
            known = self._targets.get((host.lower(), port))
        return sorted(targets, key=lambda target: target != known)

    def note(self, host: str, port: int, target: Target) -> None:
        """It has answered."""
        with self._lock:
            self._targets[host.lower(), port] = target
            self._targets.move_to_end((host.lower(), port))
            if len(self._targets) > _REMEMBERED:
                self._targets.popitem(last=False)


_remembered = _Remembered()
