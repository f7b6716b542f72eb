"""The files on this side: opened to be read, and the hash that is announced with an offer."""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import io
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from chatwire.aligned import aligned
from chatwire.transfer.control import Control
from chatwire.transfer.errors import DiskFull, LocalProblem

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the size of the file, in the thread of the transfer, for every block."""

BLOCK = 1024 * 1024  # bytes

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]{44}):\s*(?:;[^,]*)?(?=,|$)")


def open_to_read(path: Path) -> io.FileIO:
    """Open a regular file, unbuffered. Raises LocalProblem."""
    try:
        kind = os.stat(path).st_mode  # before it is opened: a device or a pipe may notice even that
        if not stat.S_ISREG(kind):
            raise LocalProblem(f"{path} is {'a folder' if stat.S_ISDIR(kind) else 'no file'}; it cannot be sent")
        return open_regular(path, os.O_RDONLY)
    except (OSError, ValueError) as error:
        raise LocalProblem(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from error


def open_regular(path: Path, flags: int) -> io.FileIO:
    """Open unbuffered, and only what is a file; to open anything else could block, or do something.

    Raises:
        LocalProblem: it is something else.
        OSError, ValueError: it cannot be opened.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return io.FileIO(descriptor, "r+b" if flags & os.O_RDWR else "rb")
    os.close(descriptor)
    raise LocalProblem(f"{path} is no file")


def hash_file(path: Path, *, progress: Progress | None = None, control: Control | None = None) -> str:
    """SHA-256 of a file in lower-case hexadecimal digits, to be announced with it.

    Raises:
        LocalProblem: it cannot be read.
        Cancelled: meanwhile.
    """
    with open_to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        return hash_open(file, size, path.name, control or Control(), progress)[0].hexdigest()


def hash_open(
    file: io.FileIO, size: int, name: str, control: Control, progress: Progress | None = None
) -> tuple[hashlib._Hash, int]:
    """Hash the first ``size`` bytes, or what there is of them, from the file's position.

    Returns the hash and how many bytes these were. Raises as `hash_file`.
    """
    digest = hashlib.sha256()
    buffer = aligned(BLOCK)
    done = 0
    try:
        while done < size and (count := file.readinto(buffer[: min(BLOCK, size - done)])):
            digest.update(buffer[:count])
            done += count
            control.wait_while_paused()
            if progress is not None:
                progress(done, size)
    except OSError as error:
        raise LocalProblem(f"cannot read {name}: {error.strerror}") from error
    return digest, done


def sha256_in(header: str) -> str:
    """The SHA-256 that a Repr-Digest (RFC 9530) tells, in hexadecimal digits, or an empty text."""
    match = _SHA256.search(header)
    if match is None:
        return ""
    try:
        return base64.b64decode(match[1], validate=True).hex()
    except binascii.Error:
        return ""


def problem_with(path: Path, error: OSError) -> LocalProblem:
    """What an error while writing means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"no room left in {path.parent}; make some, and go on: what has arrived is kept")
    if isinstance(error, FileNotFoundError):
        return LocalProblem(f"there is no folder {path.parent}")
    return LocalProblem(f"cannot write to {path.parent}: {error.strerror or error}")
