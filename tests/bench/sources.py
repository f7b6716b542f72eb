"""What is transferred: bytes that nothing can compress, one large file and many small ones that all differ."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20

_PIECE = 16 * MIB


@dataclass(frozen=True)
class Source:
    """A file in memory. ``size`` in bytes."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Sources:
    """``large`` alone, ``small`` all at a time."""

    large: Source
    small: tuple[Source, ...]

    @property
    def all(self) -> tuple[Source, ...]:
        return (self.large, *self.small)


def make(folder: Path, large: int, count: int, small: int) -> Sources:
    """Write a file of ``large`` bytes, and ``count`` of ``small`` bytes."""
    folder.mkdir()
    return Sources(
        _make(folder / "large", large), tuple(_make(folder / f"small-{number:03}", small) for number in range(count))
    )


def _make(path: Path, size: int) -> Source:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            piece = os.urandom(min(_PIECE, size - start))
            digest.update(piece)
            file.write(piece)
    path.chmod(0o644)  # vsftpd hands out to anonymous users only what everybody may read
    return Source(path.name, path, size, digest.hexdigest())
