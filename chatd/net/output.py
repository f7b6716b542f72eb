"""What waits to be sent on one connection."""

from __future__ import annotations

from collections import deque

GATHER = 256 * 1024  # bytes joined for one send; bounds what a short write must put back


class OutputQueue:
    """A queue of bytes objects, shared with other connections' queues and never copied until they are sent.

    `size` counts bytes. Only the owner of the connection calls it.
    """

    __slots__ = ("_chunks", "size")

    def __init__(self) -> None:
        self._chunks: deque[bytes | memoryview] | None = None  # made on first use: most connections are idle
        self.size = 0

    def append(self, data: bytes) -> None:
        """Queue one object."""
        if self._chunks is None:
            self._chunks = deque()
        self._chunks.append(data)
        self.size += len(data)

    def take(self) -> bytes | memoryview:
        """Remove and return up to `GATHER` bytes, more when a single object is larger, none when there is nothing."""
        chunks = self._chunks
        if not chunks:
            return b""
        first = chunks.popleft()
        size = len(first)
        if not chunks or size >= GATHER:
            self.size -= size
            return first
        pieces = [first]
        while chunks and size < GATHER:
            piece = chunks.popleft()
            pieces.append(piece)
            size += len(piece)
        self.size -= size
        return b"".join(pieces)

    def put_back(self, rest: bytes | memoryview) -> None:
        """Return what a short write left over."""
        assert self._chunks is not None
        self._chunks.appendleft(rest)
        self.size += len(rest)

    def release(self) -> None:
        """Give back the memory of an empty queue."""
        if not self._chunks:
            self._chunks = None

    def clear(self) -> None:
        """Drop everything."""
        self._chunks = None
        self.size = 0
