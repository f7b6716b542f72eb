"""Whether SQLite's files are still the ones that were opened.

SQLite writes on into a file that was removed, or that another one has taken the place of: every commit would succeed,
and nothing of it be there after the next start. So the count of the file's names is looked at before each commit, and
now and then what is under its name; whoever opens another connection looks first, too. What lies beside the file,
`-wal` and `-shm`, belongs to it: without the first one, the last commits are lost, and without the second one, two
processes overwrite each other's. As long as one connection is open, nobody but SQLite has a reason to touch them.
"""

from __future__ import annotations

import logging
import os
import time

log = logging.getLogger("chatbase.database")

LOOK = 0.5  # seconds between looks at the names
_BESIDE = ("-wal", "-shm")

_Identity = tuple[int, int]


class DatabaseFile:
    """`in_place`: any thread. Threads that look at the same time may log the same twice."""

    def __init__(self, path: str) -> None:
        """``path`` is open already. Raises OSError when it is not there."""
        self.path = os.path.abspath(path)
        self.real = os.path.realpath(path)  # SQLite puts the others beside the file itself, whatever leads to it
        # No other kind of descriptor will do: closing it would drop SQLite's locks on the file.
        self._file = os.open(self.real, os.O_PATH | os.O_CLOEXEC)
        self._identity = _identity(self.path)
        self._beside: dict[str, _Identity] = {}
        self._next = 0.0  # when the names are to be looked at
        self._was = True

    def close(self) -> None:
        """To be called last."""
        os.close(self._file)

    def in_place(self) -> bool:
        """Whether what is written now can be found again."""
        if os.fstat(self._file).st_nlink and time.monotonic() < self._next:
            return True
        found = _identity(self.path) == self._identity and all(self._is_ours(self.real + end) for end in _BESIDE)
        # Again at once while it is gone, and until all of them are known, as they are when somebody has written.
        self._next = time.monotonic() + LOOK if found and len(self._beside) == len(_BESIDE) else 0.0
        if found is not self._was:
            self._was = found
            self._say(found)
        return found

    def _is_ours(self, path: str) -> bool:
        """The files beside are there once somebody has read or written."""
        identity = _identity(path)
        if path not in self._beside and identity is not None:
            self._beside[path] = identity
        return self._beside.get(path) == identity

    def _say(self, found: bool) -> None:
        if found:
            log.warning("the database is in its place again, and goes on: file=%s", self.path)
            return
        log.error(
            "the database was removed or replaced while it is open: nothing is stored until the same files are back, or"
            " until a restart takes what is there then (docs/OPERATION.md): file=%s", self.path,
        )  # fmt: skip


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
