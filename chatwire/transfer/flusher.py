"""Brings a file to the disk while it still grows, so that who waits for its end does not wait for all of it."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from queue import SimpleQueue

_STEP = 32 * 1024 * 1024  # bytes; a smaller file needs none of this
_PATIENCE = 0.5  # seconds


class Flusher:
    """One owner. It has a descriptor of its own, so that an error of the disk is told to the owner's `fsync`, too.

    And it may be left behind: a slow disk can take long, and who cancels does not want to wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unasked = 0  # bytes
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def grown(self, count: int) -> None:
        """The file has so many bytes more."""
        self._unasked += count
        if self._unasked >= _STEP:
            self._unasked = 0
            self._ask()

    def close(self) -> None:
        """No more of it. May be called twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._asked.put(False)
            thread.join(_PATIENCE)

    def _ask(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
            self._thread.start()
        self._asked.put(True)

    def _run(self) -> None:
        """Its own thread."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                while self._asked.get():
                    os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
