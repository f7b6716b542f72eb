"""Trust on first use: the fingerprint of a server's certificate, pinned in a file that only the user can read.

A server for which an authority has vouched is remembered, too: if it shows a certificate of its own later, somebody may
stand in between, and the user is not asked as if it were new.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from chatwire.home import home

_LINE = re.compile(r"(\S+)\s+([0-9A-F]{2}(?::[0-9A-F]{2}){31})")


AUTHORITY = "authority"
"""Stands in the place of a fingerprint."""


class Pins:
    """One line for each server: ``HOST:PORT FINGERPRINT``, or `AUTHORITY`. Lines that are none are kept as they are."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_folder() / "known-servers"

    def get(self, server: str) -> str | None:
        """The fingerprint that was pinned.

        Raises:
            OSError: there is a file, and it cannot be read.
        """
        for line in self._lines():
            match = _LINE.fullmatch(line.strip())
            if match and match[1] == server:
                return match[2]
        return None

    def vouched(self, server: str) -> bool:
        """Whether an authority has vouched for it before. Raises OSError."""
        return any(line.split() == [server, AUTHORITY] for line in self._lines())

    def vouch(self, server: str) -> None:
        """An authority has just done so. Raises OSError."""
        if not self.vouched(server):
            self.set(server, AUTHORITY)

    def set(self, server: str, fingerprint: str) -> None:
        """Pin; the file is replaced as a whole, and never readable by others.

        Raises:
            OSError: it cannot be written.
        """
        lines = [line for line in self._lines() if line.split()[:1] != [server]]
        lines.append(f"{server} {fingerprint}")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        part.replace(self.path)

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []


def config_folder() -> Path:
    """Where this program keeps what it remembers, by the XDG rules."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if os.path.isabs(base) else home() / ".config") / "chatwire"
