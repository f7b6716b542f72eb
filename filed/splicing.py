"""A connection in plain text whose bytes go into a file without passing through this program."""

from __future__ import annotations

import os
import socket

from chatwire.stream import Stream, StreamEnded, translated
from filed.pipes import PIPE_SIZE, PipePool


class SplicingStream(Stream):
    """As its base; only the way into a file is another, for as long as there are pipes."""

    def __init__(self, sock: socket.socket, pipes: PipePool) -> None:
        super().__init__(sock)
        self._pipes = pipes

    def receive_file(self, fd: int, offset: int, count: int) -> int:
        pipe = self._pipes.get()
        if pipe is None:
            return super().receive_file(fd, offset, count)
        try:
            moved = os.splice(self._sock.fileno(), pipe.writer, min(count, PIPE_SIZE))
        except OSError as error:
            pipe.give_back()
            raise translated(error) from None
        try:
            if not moved:
                raise StreamEnded("the peer closed the connection")
            pipe.drain(fd, offset, moved)
        finally:
            pipe.give_back()
        return moved
