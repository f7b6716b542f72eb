"""The reins of a running transfer, for another thread to hold: pause, resume, cancel."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from chatwire.transfer.errors import Cancelled

_HOLD = 2.0  # seconds for which a paused transfer keeps its connection


class Paused(Exception):
    """The connection is to be closed, and a new one made when the pause is over. Within this package only."""


class Control:
    """`pause`, `resume`, `hurry`, `cancel` and the properties: any thread. The rest: the thread of the transfer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._cancelled = False
        self._hurried = False
        self._socket: socket.socket | None = None

    @property
    def paused(self) -> bool:
        """Whether `pause` is in force."""
        return self._paused

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def pause(self) -> None:
        """Stop moving bytes; after a short while the connection is closed, so that the server is not held."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def hurry(self) -> None:
        """A transfer that waits before its next attempt makes it now: the reason to wait may be gone."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """End it for good, in the middle of whatever it waits for; it raises `Cancelled`."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raises Cancelled."""
        if self._cancelled:
            raise Cancelled("the transfer was cancelled")

    def step(self) -> None:
        """To be called between two blocks. Raises Cancelled, or Paused when a pause lasts."""
        if self._paused or self._cancelled:  # without the lock: this is asked for every block
            with self._changed:
                self._changed.wait_for(lambda: self._cancelled or not self._paused, _HOLD)
                self.check()
                if self._paused:
                    raise Paused

    def wait_while_paused(self) -> None:
        """Return when there is no pause. Raises Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or not self._paused)
            self.check()

    def sleep(self, seconds: float) -> None:
        """Wait, or until `hurry`. Raises Cancelled."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or self._hurried, max(0.0, deadline - time.monotonic()))
            self._hurried = False
            self.check()

    def attach(self, sock: socket.socket) -> None:
        """`cancel` is to interrupt this socket. Raises Cancelled."""
        with self._changed:
            self._socket = sock
            self.check()

    def detach(self) -> None:
        """The socket is about to be closed: its number may soon be another one's."""
        with self._changed:
            self._socket = None
