"""Pipes through which splice moves bytes from a socket to a file, without a copy in this program.

A pipe has to be large: 64 KiB, the system's default, makes it slower than copying. An ordinary user may have some 64
pipes of 1 MiB, and once that is used up new ones hold 8 KiB; so there are few, they are kept, and who gets none copies.
"""

from __future__ import annotations

import fcntl
import os
import threading

PIPE_SIZE = 1024 * 1024  # bytes
PIPES = 32


class Pipe:
    """Belongs to one thread at a time, between `PipePool.get` and `give_back`."""

    def __init__(self, pool: PipePool) -> None:
        """Raises OSError when the system grants no large one."""
        self._pool = pool
        self.reader, self.writer = os.pipe()
        self._left = 0
        try:
            fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            self.close()
            raise

    def drain(self, fd: int, offset: int, count: int) -> None:
        """Move everything that is in it to a place in a file. Raises OSError; the pipe is then of no use any more."""
        self._left = count
        while self._left:
            moved = os.splice(self.reader, fd, self._left, offset_dst=offset)
            if not moved:
                raise OSError("nothing could be written")
            offset += moved
            self._left -= moved

    def give_back(self) -> None:
        """Let another one use it; one that is not empty is closed, and another made in its place."""
        if self._left:
            self.close()
            self._pool.lost()
        else:
            self._pool.put(self)

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reader)
        os.close(self.writer)


class PipePool:
    """Every method: any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all below
        self._idle: list[Pipe] = []
        self._made = 0
        self._most = PIPES if hasattr(os, "splice") else 0

    def get(self) -> Pipe | None:
        """An empty pipe, or None when all are in use."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._made >= self._most:
                return None
            self._made += 1
        try:
            return Pipe(self)
        except OSError:
            with self._lock:
                self._made -= 1
                self._most = self._made  # the system gives no more; do not ask again for each piece
            return None

    def put(self, pipe: Pipe) -> None:
        """Take one back."""
        with self._lock:
            self._idle.append(pipe)

    def lost(self) -> None:
        """One was closed."""
        with self._lock:
            self._made -= 1

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            for pipe in self._idle:
                pipe.close()
            self._made -= len(self._idle)
            self._idle.clear()
