"""How the original client reads: Qt's event loop in one thread, as far as it decides what is seen and what is lost.

Qt tells the program that something has come, and the program takes ALL that is there as ONE object. Two things keep it
from reading in time:

- a window that is being made: the thread is busy, and what comes meanwhile is read together afterwards;
- a box (QMessageBox) that is open: Qt goes on reading into its own buffer, but does not say so before the program has
  returned from what it was told last. Nor does it say so when the box is closed, only when something more comes. So an
  object that comes while a box is open is not seen, and destroys the next one. (Tried with Qt 5.15.)

The model lives in real time. That the machine gave its thread no turn is not the fault of client or server, so objects
that were read together are told apart when the thread itself was late by more than `LATE` (see ``excused``).
"""

from __future__ import annotations

import json
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.support.waiting import DEADLINE

Object = dict[str, Any]

TICK = 0.03  # seconds between two looks at the clock, which show whether the thread has been late
LATE = 0.09  # seconds; less than the least gap between two objects, without a tick and what a window costs


class Eyes:
    """The thread, its socket, and boxes. Lists grow in the thread; any thread may read them.

    ``lost`` is what was thrown away, ``boxes`` all texts that boxes have shown; ``patience`` how long a box stays open
    until its person closes it, None: until `close_box`; ``excused`` counts what the machine alone would have destroyed.
    """

    def __init__(self, address: tuple[str, int], source: str, patience: float | None, name: str) -> None:
        self.lost: list[bytes] = []
        self.boxes: list[str] = []
        self.box: str | None = None
        self.disconnected = False  # by the server; it never connects again
        self.excused = 0
        self.patience = patience
        self.socket = socket.create_connection(address, DEADLINE, (source, 0))
        self.socket.setblocking(False)
        self._box_ends = 0.0
        self._after_box: Callable[[], None] | None = None
        self._unread = b""  # Qt's buffer
        self._unsent = b""
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._door, self._doorbell = socket.socketpair()
        self._ended = False
        self._due = 0.0  # when the thread would have begun to wait, had it never been late
        self._late = 0.0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self._watch()
        self._thread = threading.Thread(target=self._run, name=f"original-{name}")
        self._thread.start()

    # -- the person: any thread ----------------------------------------------------

    def act(self, job: Callable[[], None]) -> None:
        """Click something: done as soon as no box is open and no window is being made."""
        done = threading.Event()
        problems: list[Exception] = []

        def run() -> None:
            try:
                job()
            except Exception as error:
                problems.append(error)
            done.set()

        self._jobs.put(run)
        self._doorbell.send(b"!")
        assert done.wait(DEADLINE), f"nothing can be clicked: {self}"
        if problems:
            raise problems[0]

    def close_box(self) -> None:
        """Click OK in the box that is open."""
        assert self.box is not None, f"no box is open: {self}"
        self._box_ends = time.monotonic()
        self._doorbell.send(b"!")

    def hang(self) -> None:
        """The program stands still from now on: it reads nothing, and only `kill` ends it."""

        def stand_still() -> None:
            self._selector.unregister(self.socket)

        self.act(stand_still)

    def kill(self) -> None:
        """End the process. The kernel closes the socket, with a reset when something in it was not read."""
        self.die()
        self._thread.join(DEADLINE)
        self._unread = b""
        self._door.close()
        self._doorbell.close()

    def die(self) -> None:
        """The same, without waiting for it."""
        if not self._ended:
            self._ended = True
            self._doorbell.send(b"!")

    # -- the program: its thread ----------------------------------------------------

    def seen(self, obj: Object) -> None:
        """One object, alone: what the program does about it."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """QTcpSocket::write: done when the thread waits again; on a dead connection it does nothing."""
        if not self.disconnected:
            self._unsent += data
            self._watch()

    def busy(self, seconds: float) -> None:
        """A window is being made: this takes so long, and the thread does nothing else."""
        time.sleep(seconds)
        self._due += seconds

    def show_box(self, text: str, after: Callable[[], None] | None = None) -> None:
        """QMessageBox::information; ``after`` is what the program does once it is closed."""
        self._box_ends = float("inf") if self.patience is None else time.monotonic() + self.patience
        self._after_box = after
        self.boxes.append(text)
        self.box = text

    def _run(self) -> None:
        self._due = time.monotonic()
        while not self._ended:
            self._turn()
        self._selector.close()
        self.socket.close()

    def _turn(self) -> None:
        events = self._selector.select(TICK)
        now = time.monotonic()
        self._late = now - self._due - TICK
        self._due = now
        for key, mask in events:
            if key.fileobj is self._door:
                self._door.recv(4096)
            elif mask & selectors.EVENT_WRITE:
                self._flush()
            if key.fileobj is self.socket and mask & selectors.EVENT_READ:
                self._readable()
        if self.box is not None and now >= self._box_ends:
            self.box = None
            if self._after_box is not None:
                self._after_box()
        while self.box is None and not self._jobs.empty():
            self._jobs.get()()

    def _readable(self) -> None:
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionError:
            data = b""
        if not data:
            self.disconnected = True
            self._selector.unregister(self.socket)
            return
        stuck = bool(self._unread)
        self._unread += data
        if self.box is None:
            taken, self._unread = self._unread, b""
            self._take(taken, stuck)

    def _take(self, data: bytes, stuck: bool) -> None:
        """QJsonDocument::fromJson: an object, or nothing."""
        obj = parsed(data)
        if obj is not None:
            self.seen(obj)
            return
        apart = [parsed(line) for line in data.splitlines()]
        if stuck or self._late < LATE or None in apart:
            self.lost.append(data)
            return
        self.excused += 1
        for obj in apart:
            assert obj is not None
            if self.box is not None:
                self._unread += json.dumps(obj).encode() + b"\n"
            else:
                self.seen(obj)

    def _flush(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent = b""
        self._watch()

    def _watch(self) -> None:
        """Wait for what can be done with the socket now, unless it is of no use any more."""
        if self.disconnected:
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if self.socket in self._selector.get_map():
            self._selector.modify(self.socket, wanted)
        else:
            self._selector.register(self.socket, wanted)


def parsed(data: bytes) -> Object | None:
    """The one object that these bytes are; None when they are anything else."""
    try:
        obj = json.loads(data)
    except ValueError:
        return None
    return obj if isinstance(obj, dict) else None
