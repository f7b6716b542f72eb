"""Ports that the file daemon has opened for legacy senders."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from chatbase.files import File
from chatd.registry.nodes import Session

REMEMBERED = 1000  # each lives for as long as its transfer


@dataclass(frozen=True)
class RawPort:
    """``path`` is what the sender has called the file, ``length`` its size in the type in which the sender has told it,
    ``request_id`` its request's id.

    ``receivers`` are the legacy sessions that may take part in the same transfer.
    """

    file: File
    origin: Session
    receivers: tuple[Session, ...]
    path: str
    length: int | str
    request_id: str | int | None
    port: int = 0


class RawPorts:
    """Open ports by the ids of their files. Every method: any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table
        self._ports: dict[str, RawPort] = {}

    def add(self, port: RawPort) -> None:
        """Remember one; too many are the oldest forgotten."""
        with self._lock:
            if len(self._ports) >= REMEMBERED:
                del self._ports[next(iter(self._ports))]
            self._ports[port.file.id] = port

    def find(self, file_id: str) -> RawPort | None:
        """The port of a file."""
        with self._lock:
            return self._ports.get(file_id)

    def remove(self, file_id: str) -> RawPort | None:
        """Forget the port of a file, and return it."""
        with self._lock:
            return self._ports.pop(file_id, None)
