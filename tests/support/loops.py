"""An event loop for unit tests: turned by hand, or running in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatd.net.connection import Connection, ConnectionSettings
from chatd.net.loop import EventLoop
from tests.support.waiting import DEADLINE


def turn(loop: EventLoop, rounds: int = 1) -> None:
    """Run rounds in this thread, without ever waiting in the selector."""
    for _ in range(rounds):
        loop.post(lambda: None)
        loop._round()


def turn_until(loop: EventLoop, condition: Callable[[], object], what: str = "the condition") -> None:
    """Run rounds, without a pause, until the condition holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        turn(loop)


@contextmanager
def hand_turned() -> Iterator[EventLoop]:
    """A loop that belongs to this thread and turns only when told to."""
    loop = EventLoop("by hand")
    yield loop
    loop.stop()
    loop.run()


@contextmanager
def in_thread() -> Iterator[EventLoop]:
    """A loop that runs in a thread until the end of the block."""
    loop = EventLoop("in thread")
    thread = threading.Thread(target=loop.run, name=loop.name)
    thread.start()
    try:
        yield loop
    finally:
        if thread.is_alive():
            loop.stop()
        thread.join(DEADLINE)
        assert not thread.is_alive()


class Recorder:
    """A handler that remembers what it is told. ``budget`` bytes are worked off in one turn; 0: all of them."""

    def __init__(self, budget: int = 0) -> None:
        self.budget = budget
        self.waiting = b""
        self.done = b""
        self.turns = 0
        self.drains = 0
        self.reasons: list[str] = []

    def received(self, data: bytes) -> None:
        self.waiting += data

    def work(self) -> bool:
        self.turns += 1
        count = self.budget or len(self.waiting)
        self.done += self.waiting[:count]
        self.waiting = self.waiting[count:]
        return bool(self.waiting)

    def drained(self) -> None:
        self.drains += 1

    def closed(self, reason: str) -> None:
        self.reasons.append(reason)


class Pair:
    """A connection on a loop, its recorder, and the peer's socket, which does not block."""

    def __init__(self, loop: EventLoop, settings: ConnectionSettings, budget: int = 0, buffer: int = 4096) -> None:
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.peer.setblocking(False)
        self.recorder = Recorder(budget)
        self.released = 0
        self.connection = Connection(loop, ours, "192.0.2.1", settings, self._release)
        self.connection.open(self.recorder)

    def read(self, size: int = 2**20) -> bytes:
        """What the peer can read now; fails at the end of the stream."""
        try:
            data = self.peer.recv(size)
        except BlockingIOError:
            return b""
        assert data, "the connection was closed"
        return data

    def ended(self) -> bool:
        """Whether the peer, having read everything, sees the end."""
        try:
            return not self.peer.recv(2**20)
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Close both ends."""
        self.connection.close("end of test")
        self.peer.close()

    def _release(self, connection: Connection) -> None:
        self.released += 1
