"""Where the bytes are: ``files/XX/ID`` for what is complete, ``files/XX/ID.part`` for what is arriving.

Names on the disk are ids that chatd has made up, never a user's words. What has no ``.part`` is whole: it was synced
before it got its name.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

_ID = re.compile(r"[A-Za-z0-9_-]{16,32}", re.ASCII)
_PART = ".part"


def is_id(text: str) -> bool:
    """Whether this can be the id of a file, and so a name on the disk."""
    return _ID.fullmatch(text) is not None


class Storage:
    """Every method: any thread. All raise OSError when the disk does not do its part."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def check(self) -> None:
        """Raise OSError when something is here that cannot be written: it belongs to somebody else, most likely."""
        for folder in (self._folder, *self._folder.glob("??")):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        self.temporary().close()

    def open_part(self, file_id: str) -> int:
        """A descriptor of an arriving file, which is made if it does not exist yet."""
        path = self._path(file_id, _PART)
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._sync_folder(self._folder)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def open_whole(self, file_id: str) -> int | None:
        """A descriptor of a complete file, or None when there is none."""
        try:
            return os.open(self._path(file_id), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None

    def publish(self, file_id: str, fd: int) -> None:
        """All bytes of an arriving file are there: bring them to the disk, and give them their name."""
        os.fsync(fd)
        with suppress(FileNotFoundError):  # it has its name, but we were stopped before the index was told
            os.rename(self._path(file_id, _PART), self._path(file_id))
        self._sync_folder(self._path(file_id).parent)

    def temporary(self) -> IO[bytes]:
        """A file without a name, which is gone when it is closed."""
        return tempfile.TemporaryFile(dir=self._folder)

    def has_whole(self, file_id: str) -> bool:
        """Whether a complete file is here."""
        return self._path(file_id).exists()

    def received(self, file_id: str) -> int:
        """How many bytes of a file are here."""
        for suffix in ("", _PART):
            try:
                return self._path(file_id, suffix).stat().st_size
            except FileNotFoundError:
                continue
        return 0

    def remove(self, file_id: str) -> None:
        """Remove what there is of a file."""
        for suffix in ("", _PART):
            self._path(file_id, suffix).unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes that the disk still takes."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    def ids(self) -> Iterator[str]:
        """Of everything that is here, complete or not."""
        for path in self._folder.glob("??/*"):
            name = path.name.removesuffix(_PART)
            if is_id(name):
                yield name

    def _path(self, file_id: str, suffix: str = "") -> Path:
        assert is_id(file_id)
        return self._folder / file_id[:2] / (file_id + suffix)

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        """A new name is on the disk only once its folder is."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
