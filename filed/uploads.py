"""All uploads that somebody is writing, reading or hashing now: what is here of each, and the room it will take."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chatbase.files import File
from filed.hashing import Followers
from filed.storage import Storage
from filed.upload import Upload


class DiskFull(Exception):
    """There is no room for this file."""


class Uploads:
    """Every method: any thread. An upload is open as long as somebody uses it; what it is on the disk stays."""

    def __init__(self, storage: Storage, reserve: int) -> None:
        self.storage = storage
        self.followers = Followers()
        self._reserve = reserve
        self._lock = threading.Lock()  # guards the table, and the counts in it
        self._open: dict[str, Upload] = {}

    @contextmanager
    def use(self, file: File) -> Iterator[Upload]:
        """The upload of a file that is not complete. Raises OSError."""
        upload = self._take(file)
        try:
            yield upload
        finally:
            self._leave(upload)

    def follow(self, upload: Upload) -> None:
        """Have it hashed while it arrives."""
        with self._lock:
            upload.users += 1
        self.followers.follow(upload, lambda: self._leave(upload))

    def find(self, file_id: str) -> Upload | None:
        """The upload of that id, if somebody uses it."""
        with self._lock:
            return self._open.get(file_id)

    def active(self) -> list[Upload]:
        """Those that are being written."""
        with self._lock:
            return [upload for upload in self._open.values() if upload.active]

    def reserve_room(self, upload: Upload) -> None:
        """Take the room that the rest of it needs, as long as it is open.

        Raises:
            DiskFull: there is not so much left, after what all others have been promised.
        """
        with self._lock:
            promised = sum(u.file.size - u.offset for u in self._open.values() if u.reserved and u is not upload)
            if self.storage.free() - promised - self._reserve < upload.file.size - upload.offset:
                raise DiskFull
            upload.reserved = True

    def end_all(self, why: str) -> None:
        """Cut off everybody."""
        with self._lock:
            everything = list(self._open.values())
        for upload in everything:
            upload.end(why)

    def _take(self, file: File) -> Upload:
        with self._lock:
            upload = self._open.get(file.id)
            if upload is None:
                upload = self._open[file.id] = self._load(file)
            upload.users += 1
            return upload

    def _load(self, file: File) -> Upload:
        """What is on the disk is the truth."""
        fd = self.storage.open_whole(file.id)  # it is there if it became complete since the index was asked,
        if fd is not None:  # or if we were stopped before the index was told
            return Upload(file, fd, file.size, published=True)
        fd = self.storage.open_part(file.id)
        return Upload(file, fd, min(os.fstat(fd).st_size, file.size))

    def _leave(self, upload: Upload) -> None:
        with self._lock:
            upload.users -= 1
            if not upload.users:
                os.close(upload.fd)
                del self._open[upload.file.id]
