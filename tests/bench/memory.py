"""The file daemon's memory with many connections at a time: flat out, and paced so that all are active together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import curl
from tests.bench.curl import Transfer
from tests.bench.peers.filed import Filed
from tests.bench.sources import Sources

SECONDS = 3.0  # that they are active


@dataclass(frozen=True)
class Memory:
    """``idle`` and ``peak`` are resident bytes of a fresh daemon, before and with so many ``connections``."""

    title: str
    connections: int
    idle: int
    peak: int

    @property
    def each(self) -> float:
        """Bytes for a connection."""
        return (self.peak - self.idle) / self.connections


def measure(folder: Path, sources: Sources) -> list[Memory]:
    """A fresh daemon for each way; ``folder`` is one that does not exist yet."""
    folder.mkdir()
    ways: tuple[tuple[str, Callable[[Filed, Sources], list[Transfer]]], ...] = (
        ("downloads", _received),
        ("uploads", lambda filed, sources: _sent(filed, sources, False)),
        ("uploads + SHA-256", lambda filed, sources: _sent(filed, sources, True)),
    )
    return [_measure(folder / str(number), sources, *way) for number, way in enumerate(ways)]


def _received(filed: Filed, sources: Sources) -> list[Transfer]:
    for source in sources.small:
        filed.store(source)
    return [filed.download(source, False) for source in sources.small]


def _sent(filed: Filed, sources: Sources, hashed: bool) -> list[Transfer]:
    return [upload.transfer for upload in filed.uploads(sources.small, False, hashed)]


def _measure(
    folder: Path, sources: Sources, title: str, transfers: Callable[[Filed, Sources], list[Transfer]]
) -> Memory:
    # One upload before, so that what is paid once is not counted per connection.
    filed = Filed(folder, sources.small[:1])
    try:
        idle = filed.process.resident()
        flat, paced = transfers(filed, sources), transfers(filed, sources)
        filed.process.forget_peak()
        curl.move(*flat)
        curl.move(*(replace(transfer, rate=int(transfer.size / SECONDS)) for transfer in paced))
        return Memory(title, len(flat), idle, filed.process.peak())
    finally:
        filed.stop()
