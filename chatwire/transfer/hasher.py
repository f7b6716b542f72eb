"""SHA-256 beside a transfer, in a thread of its own, so that the bytes on their way do not wait for it."""

from __future__ import annotations

import hashlib
import queue
import threading

_WAITING = 8  # pieces at most, so that a fast network does not fill the memory


class Hasher:
    """One owner. The thread begins with the first piece, and ends with `close`."""

    def __init__(self, digest: hashlib._Hash | None = None) -> None:
        """``digest`` is that of what came before."""
        self._digest = digest or hashlib.sha256()
        self._pieces: queue.Queue[bytes | memoryview | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def update(self, piece: bytes | memoryview) -> None:
        """More bytes, which nobody may change any more."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hash", daemon=True)
            self._thread.start()
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """Of all so far."""
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Wait until all is hashed, and end the thread; another `update` begins one anew. May be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._pieces.put(None)
            thread.join()

    def _run(self) -> None:
        """Its own thread."""
        while (piece := self._pieces.get()) is not None:
            self._digest.update(piece)
