"""Memory that is known to be there.

A virtual machine may give free memory back to its host within seconds, and pays dearly to get it again: writing to such
pages runs at a tenth of the speed, and an upload would measure the host. So as much as an upload needs is held by a
file, and set free just before the clock starts; what was freed last is used first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.sources import MIB


class Ballast:
    """Holds ``size`` bytes in a file of the memory's file system."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._fill()

    @contextmanager
    def free(self) -> Iterator[None]:
        """The memory is free in the block, which must have given back what it took at its end."""
        self._path.unlink()
        yield
        self._fill()

    def _fill(self) -> None:
        piece = bytes(MIB)
        with self._path.open("wb") as file:
            for _ in range(self._size // MIB):
                file.write(piece)
