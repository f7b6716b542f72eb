"""One file that is arriving: how far it is, who writes it, and who waits for more.

A condition per upload: the writer's thread moves ``offset`` on, and whoever reads the file, or hashes it, waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chatbase.files import File
from chatwire.stream import Stream

SILENT = 2.0  # seconds without a byte, after which a writer has to make way for one that has come anew
HANDOVER = 5.0  # seconds that it has for that
LOOK = 5.0  # seconds between two looks whether a reader who has to wait is still there


class Gone(Exception):
    """The upload is over, and the file will never be whole; says why."""


class Locked(Exception):
    """Somebody else is writing."""


class Stalled(Exception):
    """No byte has come for as long as the reader was willing to wait."""


class Upload:
    """Every method: any thread, except `advance` and `release`: the writer's."""

    def __init__(self, file: File, fd: int, offset: int, *, published: bool = False) -> None:
        """``published``: it has its name on the disk already, so its hash was right if one was announced."""
        self.file = file
        self.expires = file.expires  # ms; later with every piece
        self.fd = fd  # belongs to `uploads.Uploads`
        self.users = 0  # the same
        self.reserved = False  # the same
        self.whole = False  # it is complete, and the index knows
        self._condition = threading.Condition()  # guards all below
        self._offset = offset
        self._digest = file.announced if published else None
        self._verified = published or file.announced is None
        self._over = ""
        self._writer: Stream | None = None
        self._writers_thread = 0
        self._heard = 0.0  # when the writer last wrote, in the time of `time.monotonic`
        self.finishing = threading.Lock()  # held while the last steps are taken, by whichever thread

    @property
    def offset(self) -> int:
        """Bytes that are there."""
        return self._offset

    @property
    def digest(self) -> str | None:
        """The hash of the whole file, once it is known."""
        return self._digest

    @property
    def active(self) -> bool:
        """Whether somebody is writing."""
        return self._writer is not None

    # -- writing ---------------------------------------------------------------

    def claim(self, stream: Stream) -> None:
        """Become the one writer. A writer that has fallen silent is cut off: its client has come again.

        Raises:
            Locked: another one is writing.
            Gone: the upload is over.
        """
        with self._condition:
            self._check()
            if self._writer is not None and time.monotonic() - self._heard >= SILENT:
                self._writer.shutdown()
                self._condition.wait_for(lambda: self._writer is None or self._over, HANDOVER)
                self._check()
            if self._writer is not None:
                raise Locked
            self._writer = stream
            self._writers_thread = threading.get_ident()
            self._heard = time.monotonic()

    def advance(self, offset: int) -> None:
        """So many bytes are there now. Raises Gone when nobody wants them any more."""
        with self._condition:
            self._check()
            self._offset = offset
            self._heard = time.monotonic()
            self._condition.notify_all()

    def heard(self) -> None:
        """The writer is at work, though nothing can be shown of it yet."""
        self._heard = time.monotonic()

    def release(self) -> None:
        """Write no more."""
        with self._condition:
            self._writer = None
            self._condition.notify_all()

    # -- reading ---------------------------------------------------------------

    def wait_readable(self, position: int, timeout: float, alive: Callable[[], bool]) -> int:
        """Wait until there is something to read behind ``position``; returns up to where.

        The last byte of a file whose hash was announced is held back until the hash is known to be right: nobody shall
        take a wrong file for a complete one. ``alive`` is asked now and then whether the reader is still there.

        Raises:
            Gone: the upload is over.
            Stalled: nothing has come for ``timeout`` seconds, or the reader has gone.
        """
        deadline = time.monotonic() + timeout
        with self._condition:
            while self._readable() <= position:
                self._check()
                left = deadline - time.monotonic()
                if left <= 0 or not alive():
                    raise Stalled
                self._condition.wait(min(left, LOOK))
            return self._readable()

    def wait_written(self, position: int) -> int:
        """Wait until there is something to hash behind ``position``; returns up to where, ``position`` when nobody
        writes any more. Raises Gone.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._offset > position or self._over or self._writer is None)
            self._check()
            return self._offset

    # -- the end ---------------------------------------------------------------

    def hashed(self, digest: str) -> None:
        """What all the bytes hash to."""
        with self._condition:
            self._digest = digest
            self._verified = self._verified or digest == self.file.announced
            self._condition.notify_all()

    def wait_digest(self) -> str:
        """Wait for `hashed`. Raises Gone."""
        with self._condition:
            self._condition.wait_for(lambda: self._digest or self._over)
            self._check()
            assert self._digest is not None
            return self._digest

    def end(self, why: str) -> None:
        """It will never be whole: cut off the writer, and wake all who wait.

        A writer that has found that out by itself is not cut off: it has to tell its client.
        """
        with self._condition:
            self._over = self._over or why
            if self._writer is not None and self._writers_thread != threading.get_ident():
                self._writer.shutdown()
            self._condition.notify_all()

    def _readable(self) -> int:
        if self._verified or self._offset < self.file.size:
            return self._offset
        return self._offset - 1

    def _check(self) -> None:
        if self._over:
            raise Gone(self._over)
