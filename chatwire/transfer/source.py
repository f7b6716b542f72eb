"""A file that is sent: opened once, and no longer than it was announced."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from chatwire.transfer.control import Control
from chatwire.transfer.errors import Changed, LocalProblem
from chatwire.transfer.files import Progress, hash_open, open_to_read


class Source:
    """One owner at a time. It stays open, so that the file may be renamed, replaced or removed meanwhile.

    ``size`` is what is announced, and sent: a file may grow, and its beginning keeps its hash. ``sha256`` is of these
    bytes, once `hash` or `check` has read them, and ``mtime`` the time of the last change, in ns, when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """Open it. Raises LocalProblem."""
        self.path = path
        self.sha256 = ""
        self._file = open_to_read(path)
        try:
            found = os.fstat(self._file.fileno())
            self.size, self.mtime = found.st_size, found.st_mtime_ns
            if not self.size:
                self._check_empty()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Of the file, for the user of this side."""
        return self.path.name

    def hash(self, *, progress: Progress | None = None, control: Control | None = None) -> None:
        """Read what is to be announced. What ends earlier than it said is so long.

        Raises:
            LocalProblem: it cannot be read.
            Cancelled: meanwhile.
        """
        self._file.seek(0)
        digest, self.size = hash_open(self._file, self.size, self.name, control or Control(), progress)
        self.sha256 = digest.hexdigest()

    def check(
        self, size: int, sha256: str, mtime: int, *, progress: Progress | None = None, control: Control | None = None
    ) -> None:
        """It was announced in an earlier run of the program: look whether what was announced is still there.

        Raises:
            Changed: it is not.
            LocalProblem, Cancelled: as `hash`.
        """
        untouched = (self.size, self.mtime) == (size, mtime)
        if self.size >= size and not untouched:
            self.size = size
            self.hash(progress=progress, control=control)
        if not untouched and (self.size, self.sha256) != (size, sha256):
            raise Changed(f"{self.name} has changed since it was offered; offer it again")
        self.sha256 = sha256

    def shorten(self, size: int) -> None:
        """No more than this was announced. Raises Changed when there is less."""
        if size > self.size:
            raise Changed(f"{self.name} has become shorter since it was offered; offer it again")
        self.size = size

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a part of ``buffer`` with what begins at ``offset``; how many bytes.

        Raises:
            Changed: there is nothing any more.
            LocalProblem: it cannot be read.
        """
        try:
            count = os.preadv(self._file.fileno(), [buffer], offset)
        except OSError as error:
            raise LocalProblem(f"cannot read {self.name}: {error.strerror}") from error
        if not count:
            raise Changed(f"{self.name} has become shorter while it was sent; offer it again")
        return count

    def close(self) -> None:
        """May be called twice."""
        self._file.close()

    def _check_empty(self) -> None:
        """Files of /proc say that they are empty, and nobody knows how long they are before they have been read."""
        try:
            content = os.pread(self._file.fileno(), 1, 0)
        except OSError as error:
            raise LocalProblem(f"cannot read {self.name}: {error.strerror}") from error
        self.size = os.fstat(self._file.fileno()).st_size
        if content and not self.size:
            raise LocalProblem(f"{self.path} does not tell its size, as it is made while it is read; send a copy of it")
