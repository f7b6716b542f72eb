"""What has to be done from time to time: files whose time is over go, and what a crash has left is brought in order."""

from __future__ import annotations

import logging
import threading

from chatbase import files
from chatbase.engine import DatabaseUnavailable
from filed.index import Index
from filed.intake import Intake, WrongHash
from filed.storage import Storage
from filed.upload import Gone

log = logging.getLogger("filed.caretaker")

INTERVAL = 60.0  # seconds
PAGE = 200  # files at a time


class Caretaker:
    """One thread."""

    def __init__(self, storage: Storage, index: Index, intake: Intake, interval: float = INTERVAL) -> None:
        self._storage = storage
        self._index = index
        self._intake = intake
        self._interval = interval
        self._stopping = False
        self._in_order = False  # what was withdrawn behind our back has gone; both may be set by any thread
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look_again(self) -> None:
        """Files may have been withdrawn without a word to us. Any thread."""
        self._in_order = False
        self._wake.set()

    def stop(self, timeout: float) -> bool:
        """End; false when it hangs."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        hashed = False
        while not self._stopping:
            try:
                if not self._in_order:
                    self._in_order = True
                    self._recover()
                if not hashed:
                    self._hash_rest()
                    self._name_missing()
                    hashed = True
                self._expire()
            except (DatabaseUnavailable, OSError) as error:
                self._in_order = False
                level = error.level if isinstance(error, DatabaseUnavailable) else logging.ERROR
                log.log(level, "cannot look after the files: %s", error)
            except Exception:
                log.exception("unexpected error")
            self._wake.wait(self._interval)
            self._wake.clear()  # before the next look at the two flags

    def _expire(self) -> None:
        while (due := self._index.due(PAGE)) and not self._stopping:
            for file in due:
                self._intake.expire(file)

    def _recover(self) -> None:
        """Finish what was whole when this daemon was killed, and remove what was withdrawn while it was away."""
        ids = sorted(set(self._storage.ids()))
        for start in range(0, len(ids), PAGE):
            known = self._index.find_all(ids[start : start + PAGE])
            for file_id in ids[start : start + PAGE]:
                if self._stopping:
                    return
                self._recover_one(file_id, known.get(file_id))

    def _hash_rest(self) -> None:
        """What was not hashed when this daemon was stopped."""
        for file in self._index.unhashed(100_000):
            self._intake.later.add(file.id)

    def _name_missing(self) -> None:
        """Complete files without bytes: a backup in the wrong order, or a disk that is not mounted. None is given up:
        the disk may be there the next time.
        """
        missing = [file_id for file_id in self._index.complete_ids() if not self._storage.has_whole(file_id)]
        if missing:
            log.error("complete files have no bytes here: files=%d first=%s", len(missing), " ".join(missing[:3]))

    def _recover_one(self, file_id: str, file: files.File | None) -> None:
        if file is None:
            # It may belong to another database; who has given us the wrong one must not lose everything.
            log.warning("a file that is not in the index is left alone: file=%s", file_id)
        elif not file.alive:
            self._intake.drop(file_id, file.state)
        elif file.state != files.COMPLETE and self._storage.received(file_id) >= file.size:
            try:
                with self._intake.uploads.use(file) as upload:
                    self._intake.finish(upload)
            except (Gone, WrongHash) as error:
                log.info("not recovered: file=%s reason=%s", file_id, error or type(error).__name__)
