"""A descriptor that makes a selector return."""

from __future__ import annotations

import socket


class Wakeup:
    """A pair of non-blocking sockets. `wake` may be called from any thread and from a signal handler.

    How many bytes arrive means nothing: several wakes may be seen as one, and a full buffer is as good as a byte.
    """

    __slots__ = ("_reader", "_writer")

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to watch for reading."""
        return self._reader.fileno()

    def signal_fileno(self) -> int:
        """The descriptor to give to `signal.set_wakeup_fd`."""
        return self._writer.fileno()

    def wake(self) -> None:
        """Any thread."""
        try:
            self._writer.send(b"\0")
        except (BlockingIOError, OSError):
            return  # full: the reader is awake anyway; closed: nobody is left to wake

    def drain(self) -> None:
        """The owner, before it takes its queue."""
        try:
            while len(self._reader.recv(4096)) == 4096:
                continue
        except BlockingIOError:
            return

    def close(self) -> None:
        """The owner, when its loop has ended."""
        self._reader.close()
        self._writer.close()
