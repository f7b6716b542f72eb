"""What happens to an upload: its beginning, its end, good or bad. Whoever is concerned is told here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from chatbase import files
from chatbase.files import File
from filed.hashing import LaterHasher
from filed.index import Index
from filed.storage import Storage
from filed.upload import Gone, Upload
from filed.uploads import Uploads

log = logging.getLogger("filed.upload")


@dataclass(frozen=True)
class Report:
    """What chatd is to be told of a file. ``state`` is one of the index, or `connected` or `timeout` of a raw port."""

    file: str
    state: str
    offset: int
    sha256: str | None = None
    detail: str | None = None
    role: str | None = None


Tell = Callable[[Report], None]


class WrongHash(Exception):
    """The bytes are not those that were announced; the file is gone."""


class OverQuota(Exception):
    """The sender's files take too much room already. ``limit`` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"all your files together may have {limit} bytes")
        self.limit = limit


class Intake:
    """Every method: any thread. All raise DatabaseUnavailable and OSError."""

    def __init__(self, uploads: Uploads, index: Index, quota: int, tell: Tell) -> None:
        """``quota`` in bytes for all files of a user, 0 for no limit."""
        self.uploads = uploads
        self.index = index
        self._storage: Storage = uploads.storage
        self._quota = quota
        self._tell = tell
        self.later = LaterHasher(self._storage, index, self._hashed_later)

    def begin(self, upload: Upload) -> None:
        """Bytes are about to be written, by the thread that has claimed the upload.

        Raises:
            Gone: nobody wants them any more.
            DiskFull, OverQuota: there is no room for them.
        """
        file = upload.file
        if not upload.offset:
            self._check_quota(file)
        self.uploads.reserve_room(upload)
        expires = self.index.begin(file.id)
        if expires is None:
            if self._complete_already(file.id):
                return  # an empty file is whole before anybody writes it: the caretaker may have been faster
            self.drop(file.id, "it was withdrawn")
            raise Gone("it was withdrawn")
        upload.expires = expires
        if file.announced is not None:
            self.uploads.follow(upload)
        self._tell(Report(file.id, files.UPLOADING, upload.offset))

    def finish(self, upload: Upload) -> None:
        """All bytes have been written. When several threads come to say so, one does it, and the others wait.

        Raises:
            WrongHash: they are not what was announced.
            Gone: nobody wanted them any more.
        """
        with upload.finishing:
            if upload.whole:
                return
            file = upload.file
            if file.announced is not None and upload.digest is None:
                self.uploads.follow(upload)
            if file.announced is not None and upload.wait_digest() != file.announced:
                self.fail(file, "hash_mismatch")
                raise WrongHash
            self._storage.publish(file.id, upload.fd)
            if not self.index.complete(file.id, upload.digest) and not self._complete_already(file.id):
                self.drop(file.id, "it was withdrawn")
                raise Gone("it was withdrawn")
            upload.whole = True
        log.info("complete: file=%s bytes=%d", file.id, file.size)
        self._tell(Report(file.id, files.COMPLETE, file.size, upload.digest))
        if file.announced is None:
            self.later.add(file.id)

    def cancel(self, file: File) -> bool:
        """Its sender takes it back; false when it was over before."""
        if not self.index.end(file.id, files.CANCELLED, files.ALIVE):
            return False
        self.drop(file.id, "its sender has cancelled it")
        self._tell(Report(file.id, files.CANCELLED, 0))
        return True

    def expire(self, file: File) -> None:
        """Its time is over."""
        if file.state != files.COMPLETE and (upload := self.uploads.find(file.id)) is not None and upload.active:
            self.index.begin(file.id)  # it does not rest
            return
        if self.index.end(file.id, files.EXPIRED, (file.state,)):
            self.drop(file.id, "its time is over")
            log.info("expired: file=%s state=%s", file.id, file.state)
            self._tell(Report(file.id, files.EXPIRED, 0))

    def drop(self, file_id: str, why: str) -> None:
        """It is over, the index knows: cut off all who write or read it, and remove the bytes."""
        if (upload := self.uploads.find(file_id)) is not None:
            upload.end(why)
        self._storage.remove(file_id)
        self.uploads.followers.forget(file_id)

    def fail(self, file: File, detail: str) -> None:
        """It can never become what was announced."""
        log.warning("failed: file=%s reason=%s", file.id, detail)
        if self.index.end(file.id, files.FAILED, files.OPEN):
            self._tell(Report(file.id, files.FAILED, 0, detail=detail))
        elif self._complete_already(file.id):
            return  # by another way
        self.drop(file.id, detail)

    def _complete_already(self, file_id: str) -> bool:
        """Whether another thread was faster, or a commit happened of which we were not told."""
        found = self.index.find(file_id)
        return found is not None and found.state == files.COMPLETE

    def _check_quota(self, file: File) -> None:
        """The index counts this file, too: it was offered."""
        if self._quota and file.sender is not None and self.index.used_by(file.sender) > self._quota:
            raise OverQuota(self._quota)

    def _hashed_later(self, file_id: str, digest: str) -> None:
        """The hashing thread."""
        if (file := self.index.find(file_id)) is not None and file.state == files.COMPLETE:
            self._tell(Report(file_id, files.COMPLETE, file.size, digest))
