"""The checksum extension of tus: the bytes of one request are kept only if they are what the client meant to send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import IO

from filed.http import Exchange, HttpError
from filed.upload import Upload

ALGORITHMS = ("sha1", "sha256", "md5")
_COPY = 8 * 1024 * 1024  # bytes in one call


class ChecksumMismatch(Exception):
    """Something was changed on the way."""


@dataclass(frozen=True)
class Checksum:
    """What the header Upload-Checksum says."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str | None) -> Checksum | None:
        """Read the header, if there is one. Raises HttpError when it makes no sense."""
        if header is None:
            return None
        algorithm, _, encoded = header.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise HttpError(400, f"the checksum must be one of {', '.join(ALGORITHMS)}")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise HttpError(400, "the checksum is not in base64") from None
        if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise HttpError(400, f"this is no checksum by {algorithm}")
        return cls(algorithm, digest)


def receive_checked(exchange: Exchange, upload: Upload, checksum: Checksum, beside: IO[bytes]) -> int:
    """Receive the body beside the upload, and copy it there if it is right; returns the upload's new offset.

    ``beside`` is an empty file on the same disk. What is in the upload counts as received, even if this process is
    killed, so nothing unchecked may be there.

    Raises:
        ChecksumMismatch: nothing was copied.
        StreamError: the body has not come to its end; without it nothing can be checked.
    """
    sha = hashlib.new(checksum.algorithm, usedforsecurity=False)
    room = upload.file.size - upload.offset
    count = 0
    while piece := exchange.next_piece():
        count += len(piece)
        if count > room:
            raise HttpError(413, "the body is longer than what is left of the upload", close=True)
        sha.update(piece)
        beside.write(piece)
        upload.heard()
    if not hmac.compare_digest(sha.digest(), checksum.digest):
        raise ChecksumMismatch
    beside.flush()
    _copy(beside.fileno(), upload.fd, upload.offset, count)
    return upload.offset + count


def _copy(source: int, target: int, offset: int, count: int) -> None:
    done = 0
    while done < count:
        copied = os.copy_file_range(source, target, min(_COPY, count - done), done, offset + done)
        if not copied:
            raise OSError("nothing could be written")
        done += copied
