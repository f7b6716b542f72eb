"""Files that the client itself has made: pictures that were pasted, and those that were fetched for their previews.

Which of them go, at the start:

- what nothing names: no message, no transfer, no files chosen for sending;
- beyond `LIMIT`, the oldest of those that only messages name whose file is not on its way any more. The message forgets
  where it was, and shows it like any other file.

Names count, not whole paths: a profile that was moved keeps its files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qtclient.cache.ledger import Ledger

PICTURES, PASTED = "pictures", "pasted"
LIMIT = 500_000_000  # bytes in both folders


@dataclass(frozen=True)
class _Found:
    path: str
    size: int
    time: int

    @property
    def name(self) -> str:
        return _name(self.path)


class OwnFiles:
    """Looks into the folders before anything can be added to them; what comes later is never touched."""

    def __init__(self, folder: Path) -> None:
        self._found = [one for part in (PICTURES, PASTED) for one in _files(folder / part)]

    def clean(self, ledger: Ledger) -> None:
        """The writer's thread. What goes is forgotten first, and removed once that is on the disk."""
        needed = {_name(path) for path in (*ledger.transfers.paths(), *ledger.conversations.all_chosen())}
        shown: dict[str, list[tuple[str, bool]]] = {}
        for file, path, over in ledger.messages.file_paths():
            shown.setdefault(_name(path), []).append((file, over))
        left: list[_Found] = []
        for one in self._found:
            if one.name in needed or (needed and one.path.endswith(".part")):
                continue
            if one.name in shown:
                left.append(one)
            else:
                ledger.after_commit(partial(_remove, one.path))
        _make_room(ledger, left, shown)


def _make_room(ledger: Ledger, left: list[_Found], shown: dict[str, list[tuple[str, bool]]]) -> None:
    total = sum(one.size for one in left)
    for one in sorted(left, key=lambda one: one.time):
        if total <= LIMIT:
            return
        if all(over for _, over in shown[one.name]):
            total -= one.size
            for file, _ in shown[one.name]:
                ledger.messages.file_path(file, "")
            ledger.after_commit(partial(_remove, one.path))


def _name(path: str) -> str:
    """With its folder's."""
    return "/".join(path.split("/")[-2:])


def _files(folder: Path) -> Iterator[_Found]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                yield _Found(entry.path, status.st_size, status.st_mtime_ns)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
