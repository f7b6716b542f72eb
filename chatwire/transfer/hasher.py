"""SHA-256 beside a transfer, in a thread of its own, so that the bytes on their way do not wait for it."""

from __future__ import annotations

import hashlib
import threading
from queue import SimpleQueue

from chatwire.aligned import aligned

_SIZE = 1024 * 1024  # bytes of a buffer: to wake the thread for less costs more than it brings
_LEAST = 256 * 1024  # bytes; with less room than that a buffer counts as full
_BUFFERS = 4


class Hasher:
    """One owner, which fills the buffers that the thread hashes. The thread begins with the first, `close` ends it."""

    def __init__(self, digest: hashlib._Hash | None = None) -> None:
        """``digest`` is that of what came before."""
        self._digest = digest or hashlib.sha256()
        self._thread: threading.Thread | None = None
        self._waiting: SimpleQueue[memoryview | None] = SimpleQueue()
        self._free: SimpleQueue[memoryview] = SimpleQueue()
        self._made = 0
        self._buffer = memoryview(b"")
        self._filled = 0

    def room(self) -> memoryview:
        """Where the next bytes are to be put, then `update`. Waits while all that there is waits to be hashed."""
        if not self._buffer:
            self._buffer = self._free_buffer()
        return self._buffer[self._filled :]

    def update(self, count: int) -> None:
        """So many bytes have been put into `room`."""
        self._filled += count
        if _SIZE - self._filled < _LEAST:
            self._hand_over()

    def hexdigest(self) -> str:
        """Of all so far."""
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Wait until all is hashed, and end the thread; another `update` begins one anew. May be called twice."""
        if self._filled:
            self._hand_over()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _free_buffer(self) -> memoryview:
        if self._made == _BUFFERS or not self._free.empty():
            return self._free.get()
        self._made += 1
        return aligned(_SIZE)

    def _hand_over(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hash", daemon=True)
            self._thread.start()
        self._waiting.put(self._buffer[: self._filled])
        self._buffer, self._filled = memoryview(b""), 0

    def _run(self) -> None:
        """Its own thread."""
        while (piece := self._waiting.get()) is not None:
            self._digest.update(piece)
            self._free.put(memoryview(piece.obj))
