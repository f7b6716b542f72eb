"""A file that is on its way here: ``NAME.TAG.part`` beside its place, until its hash is right."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from itertools import count
from pathlib import Path
from types import TracebackType

from chatwire.transfer.control import Control
from chatwire.transfer.errors import DiskFull, LocalProblem, WrongHash
from chatwire.transfer.files import hash_open, open_regular, problem_with
from chatwire.transfer.flusher import Flusher
from chatwire.transfer.hasher import Hasher
from chatwire.transfer.names import fitted

_TAG_LENGTH = 8


class Part:
    """One owner at a time; a lock on the file keeps others out, of this process and of any.

    ``length`` is how many bytes there are. The tag tells which file's bytes they are: two files of one name do not
    mix, and one that comes after days goes on with its own.
    """

    def __init__(self, target: Path, identity: str, control: Control) -> None:
        """Open what is there of the file with this ``identity``, or begin it. Raises LocalProblem, Cancelled."""
        self.path = self.path_of(target, identity)
        self.length = 0
        self._target = target
        self._flusher = Flusher(self.path)
        self._file = self._open()
        try:
            self._lock()
            self.length = os.fstat(self._file.fileno()).st_size
            self._digest = Hasher(hash_open(self._file, self.length, target.name, control)[0])
        except BaseException:
            self._file.close()
            raise

    @staticmethod
    def path_of(target: Path, identity: str) -> Path:
        """Where the bytes of a file are until it has its name."""
        tag = hashlib.sha256(identity.encode()).hexdigest()[:_TAG_LENGTH]
        return target.with_name(fitted(target.name, ending=f".{tag}.part"))

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.length:  # nothing that is worth keeping
            self.discard()
        self._digest.close()
        self._flusher.close()
        self._file.close()

    @property
    def sha256(self) -> str:
        """Of what is there, in hexadecimal digits."""
        return self._digest.hexdigest()

    def check_room(self, size: int) -> None:
        """Raises LocalProblem when the disk has no room for the rest."""
        room = os.fstatvfs(self._file.fileno())
        if room.f_bavail * room.f_frsize < size - self.length:
            raise DiskFull(f"no room in {self._target.parent} for {size:,} bytes; make some, and try again")

    def room(self) -> memoryview:
        """Where the next bytes are to be put; then `write`."""
        return self._digest.room()

    def write(self, count: int) -> None:
        """Append so many bytes from `room`. Raises LocalProblem."""
        view, done = self.room(), 0
        try:
            while done < count:
                done += self._file.write(view[done:count])
        except OSError as error:
            raise problem_with(self._target, error) from error
        finally:
            self.length += done
            self._digest.update(done)
            self._flusher.grown(done)

    def restart(self) -> None:
        """What is there is of no use."""
        self._file.seek(0)
        self._file.truncate()
        self.length = 0
        self._digest.close()
        self._digest = Hasher()

    def settle(self, expected: str) -> Path:
        """Compare the hash if there is one to expect, give the file its name, or one like it that is free.

        Raises:
            WrongHash: the bytes are removed.
            LocalProblem: the name cannot be given.
        """
        if expected and expected.lower() != self.sha256:
            self.length = 0
            raise WrongHash("what arrived is not what was announced, so it was removed; try again, or ask for it anew")
        try:
            os.fsync(self._file.fileno())
            return self._place()
        except OSError as error:
            raise problem_with(self._target, error) from error

    def discard(self) -> None:
        """Remove it, unless it has got its name."""
        try:
            if os.stat(self.path).st_ino == os.fstat(self._file.fileno()).st_ino:
                os.unlink(self.path)
        except OSError:
            pass  # it is gone already

    def _open(self) -> io.FileIO:
        try:
            return open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        except OSError as error:
            raise problem_with(self._target, error) from error

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.stat(self.path).st_ino == os.fstat(self._file.fileno()).st_ino:
                return
        except OSError:
            pass
        raise LocalProblem(f"{self._target.name} is being downloaded to {self._target.parent} already")

    def _place(self) -> Path:
        """No file that is there is ever replaced, not even one that appears in this moment."""
        for number in count():
            name = fitted(self._target.name, f" ({number})" if number else "")
            place = self._target.with_name(name)
            try:
                self._move(place)
            except FileExistsError:
                continue
            return place
        raise AssertionError

    def _move(self, place: Path) -> None:
        try:
            os.link(self.path, place)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: hold the name with an empty file, and replace that
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
            os.replace(self.path, place)
        else:
            os.unlink(self.path)
