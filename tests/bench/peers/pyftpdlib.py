"""pyftpdlib: one thread for all sessions, in Python."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.base import FolderPeer, answers, free_port
from tests.bench.process import Process, Unusable
from tests.bench.sources import Source


class Pyftpdlib(FolderPeer):
    """Its own command line, which uses sendfile."""

    name = "pyftpdlib"
    stagger = 0.004  # as vsftpd

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        if importlib.util.find_spec("pyftpdlib") is None:
            raise Unusable("not installed (pip extra bench)")
        super().__init__(folder, sources)
        self._port = free_port()
        command = [sys.executable, "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", str(self._port)]
        self.process = Process([*command, "-w", "-d", str(self.root)], folder)
        self.process.wait_until(lambda: answers(self._port))

    def version(self) -> str:
        return f"pyftpdlib {importlib.metadata.version('pyftpdlib')}"

    def base(self, tls: bool) -> str:
        assert not tls
        return f"ftp://127.0.0.1:{self._port}"
