"""How far files are, and what of it those whom it concerns have been told."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from chatbase import files
from chatbase.files import File
from chatwire.codec import Object

REMEMBERED = 10_000  # files; of the others, the database knows all but the offset
GAP = 0.5  # seconds between two pushes that tell only of progress

_RANK = {files.WAITING: 0, files.UPLOADING: 1, files.COMPLETE: 2}
_OVER = 3


@dataclass(frozen=True)
class Report:
    """A state that a file has come to. ``by`` is the user who has declined it."""

    state: str
    offset: int | None = None
    sha256: str | None = None
    detail: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class News:
    """What is to be told. ``group`` is the id of the group in which the file was offered; ``progress``: only bytes."""

    sender: int
    recipient: int | None
    group: int | None
    push: Object
    progress: bool


class Transfer:
    """One file. Guarded by the lock of `Transfers`; ``file`` never changes, and is as it was first seen."""

    __slots__ = ("by", "detail", "file", "from_user", "offset", "sha256", "state", "timer", "told", "told_at", "untold")

    def __init__(self, file: File, from_user: str, *, untold: bool) -> None:
        self.file = file
        self.from_user = from_user
        self.state = file.state
        self.offset = file.size if file.state == files.COMPLETE else 0
        self.sha256 = file.sha256
        self.detail: str | None = None
        self.by: str | None = None
        self.told = "" if untold else file.state  # the last state that was told
        self.told_at = 0.0  # monotonic seconds
        self.untold = untold  # something has changed since
        self.timer = False  # somebody will look when the gap is over

    def take(self, report: Report) -> None:
        """Follow a report, unless it comes too late: a file that is over stays so, and a complete one is complete."""
        old, new = _rank(self.state), _rank(report.state)
        if new < old or new == old == _OVER:
            return
        offset = self.file.size if report.state == files.COMPLETE else report.offset
        for name, value in (("state", report.state), ("offset", offset), ("sha256", report.sha256),
                            ("detail", report.detail), ("by", report.by)):  # fmt: skip
            if value is not None and value != getattr(self, name):
                setattr(self, name, value)
                self.untold = True

    def news(self) -> News:
        """What to tell now."""
        file = self.file
        push: Object = {
            "cmd": "file_state", "file": file.id, "state": self.state, "offset": self.offset, "length": file.size,
        }  # fmt: skip
        more = {"sha256": self.sha256, "user": self.by, "detail": self.detail}
        push.update((name, value) for name, value in more.items() if value is not None)
        group = -file.conversation if file.conversation < 0 else None
        return News(file.sender or 0, file.recipient, group, push, self.only_progress())

    def only_progress(self) -> bool:
        """Whether what is untold is not worth more than two pushes a second."""
        return self.state == self.told == files.UPLOADING


class Transfers:
    """Bounded: the file that nobody has spoken of for the longest time is forgotten. Every method: any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table and what is in it
        self._files: dict[str, Transfer] = {}

    def add(self, file: File, from_user: str, *, untold: bool = False) -> bool:
        """Learn of a file; false when it is known already."""
        with self._lock:
            if file.id in self._files:
                return False
            if len(self._files) >= REMEMBERED:
                del self._files[next(iter(self._files))]
            self._files[file.id] = Transfer(file, from_user, untold=untold)
            return True

    def report(self, file_id: str, report: Report) -> tuple[File, str, bool] | None:
        """Follow a report; None when the file is not known here.

        Returns the file, its sender's name, and whether its first bytes are on their way now.
        """
        with self._lock:
            transfer = self._files.pop(file_id, None)
            if transfer is None:
                return None
            self._files[file_id] = transfer  # the last one to be forgotten
            waited = transfer.state == files.WAITING
            transfer.take(report)
            return transfer.file, transfer.from_user, waited and transfer.state in (files.UPLOADING, files.COMPLETE)

    def offset(self, file: File) -> int:
        """Bytes of a file that are known to have arrived."""
        if file.state == files.COMPLETE:
            return file.size
        with self._lock:
            transfer = self._files.get(file.id)
            return transfer.offset if transfer else 0

    def untold(self, file_id: str, now: float, *, timer: bool = False) -> News | float | None:
        """Take what is to be told at this moment; or the seconds after which to ask again; or None.

        ``timer`` says that those seconds are over. One thread only: states must not be told in another order than they
        came about.
        """
        with self._lock:
            transfer = self._files.get(file_id)
            if transfer is None:
                return None
            transfer.timer = transfer.timer and not timer
            if not transfer.untold:
                return None
            wait = transfer.told_at + GAP - now if transfer.only_progress() else 0.0
            if wait > 0:
                asked, transfer.timer = transfer.timer, True
                return None if asked else wait
            news = transfer.news()
            transfer.told, transfer.told_at, transfer.untold = transfer.state, now, False
            return news


def _rank(state: str) -> int:
    return _RANK.get(state, _OVER)
