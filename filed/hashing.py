"""SHA-256 beside the transfers: a thread that follows an upload, and one that takes what nobody was in a hurry for."""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from chatbase.engine import DatabaseUnavailable
from chatwire.aligned import aligned
from filed.index import Index
from filed.storage import Storage
from filed.upload import Gone, Upload

log = logging.getLogger("filed.hash")

BLOCK = 128 * 1024  # bytes; what was just written is still in the processor's cache
REMEMBERED = 256  # uploads that rest, whose hash so far is kept
LATER_PRIORITY = 10  # nice; it must not take the processor from transfers


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: memoryview, /) -> None:
        """More bytes."""

    def hexdigest(self) -> str:
        """Of all so far."""


Done = Callable[[str, str], None]
"""Is told a file's id and its hash."""


class Followers:
    """Hash uploads while they arrive. Every method: any thread; each upload has a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all below
        self._running: dict[str, threading.Thread] = {}
        self._again: set[str] = set()  # those that have been asked for once more while they ran
        self._rested: OrderedDict[str, tuple[Hash, int]] = OrderedDict()

    def follow(self, upload: Upload, done: Callable[[], None]) -> None:
        """Begin, unless there is one; ``done`` is called once: in its thread at the end, or at once without one."""
        thread = self._begin(upload, done)
        if thread is None:
            done()
        else:
            thread.start()

    def _begin(self, upload: Upload, done: Callable[[], None]) -> threading.Thread | None:
        file_id = upload.file.id
        with self._lock:
            if file_id in self._running:
                self._again.add(file_id)
                return None
            if upload.digest is not None:  # it is set before a follower leaves the table
                return None
            state = self._rested.pop(file_id, None) or (hashlib.sha256(), 0)
            thread = threading.Thread(
                target=self._run, args=(upload, *state, done), name=f"hash-{file_id[:6]}", daemon=True
            )
            self._running[file_id] = thread
            return thread

    def forget(self, file_id: str) -> None:
        """Of a file that is over, nothing need be kept."""
        with self._lock:
            self._rested.pop(file_id, None)

    def stop(self, timeout: float) -> bool:
        """Wait for all to end; they do when nobody writes any more. False when one hangs."""
        with self._lock:
            threads = [thread for thread in self._running.values() if thread.ident is not None]
        for thread in threads:
            thread.join(timeout)
        return not any(thread.is_alive() for thread in threads)

    def _run(self, upload: Upload, sha: Hash, position: int, done: Callable[[], None]) -> None:
        """The follower's thread. It ends when nobody writes any more, unless somebody has begun again meanwhile."""
        try:
            while True:
                position = self._hash(upload, sha, position)
                if self._end(upload, sha, position):
                    break
        except Exception as error:
            if not isinstance(error, Gone):
                log.exception("cannot hash: file=%s", upload.file.id)
                upload.end("it cannot be read")
            self._end(upload, sha, upload.file.size)
        done()

    def _end(self, upload: Upload, sha: Hash, position: int) -> bool:
        """Keep what is hashed so far; false when there is more to do."""
        file_id = upload.file.id
        with self._lock:
            if position < upload.file.size:
                if file_id in self._again:
                    self._again.remove(file_id)
                    return False
                self._rested[file_id] = (sha, position)
                while len(self._rested) > REMEMBERED:
                    self._rested.popitem(last=False)
            self._again.discard(file_id)
            del self._running[file_id]
            return True

    @staticmethod
    def _hash(upload: Upload, sha: Hash, position: int) -> int:
        buffer = aligned(BLOCK)
        while position < upload.file.size:
            end = upload.wait_written(position)
            if end == position:
                return position  # the writer has gone
            while position < end:
                read = os.preadv(upload.fd, [buffer[: min(BLOCK, end - position)]], position)
                sha.update(buffer[:read])
                position += read
        upload.hashed(sha.hexdigest())
        return position


class LaterHasher:
    """Hashes complete files one after the other, with what processor time nobody else wants. One thread."""

    def __init__(self, storage: Storage, index: Index, done: Done) -> None:
        self._storage = storage
        self._index = index
        self._done = done
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hash-later", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, file_id: str) -> None:
        """Hash this one, too. Any thread."""
        self._queue.put(file_id)

    def stop(self, timeout: float) -> bool:
        """End; what is left is found in the index at the next start. False when it hangs."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LATER_PRIORITY)
        while (file_id := self._queue.get()) is not None and not self._stopping:
            try:
                self._hash(file_id)
            except (OSError, DatabaseUnavailable) as error:
                log.error("cannot hash: file=%s error=%s", file_id, error)
            except Exception:
                log.exception("cannot hash: file=%s", file_id)

    def _hash(self, file_id: str) -> None:
        fd = self._storage.open_whole(file_id)
        if fd is None:
            return  # it was withdrawn
        sha, position, buffer = hashlib.sha256(), 0, aligned(BLOCK)
        try:
            while (read := os.preadv(fd, [buffer], position)) and not self._stopping:
                sha.update(buffer[:read])
                position += read
        finally:
            os.close(fd)
        if not self._stopping:
            self._index.set_hash(file_id, sha.hexdigest())
            self._done(file_id, sha.hexdigest())
