"""What servers of other projects have in common: a program that may be installed, a folder of its own, a free port."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.bench import process
from tests.bench.peers.base import answers, free_port, program
from tests.load.targets.base import Address, Population, Target, Unusable

HOST = "127.0.0.1"


class Peer(Target):
    """A server in the foreground, as whoever starts it, on a port that was free. Nothing of it is left behind.

    Its descriptors are as many as this process may have: whoever wants thousands of clients raises the limit before.
    """

    binary: ClassVar[str]

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: process.Process | None = None

    def start(self, population: Population) -> Address:
        try:
            found = program(self.binary)
            self._folder = Path(tempfile.mkdtemp(prefix="load-"))
            port = free_port()
            command = self.prepare(found, self._folder, port, population)
            self._process = process.Process(command, self._folder)
            self._process.wait_until(lambda: answers(port))
        except process.Unusable as error:
            self.stop()
            raise Unusable(f"{self.name}: {error}") from None
        return Address(HOST, port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def pids(self) -> Sequence[int]:
        return [self._process.pid] if self._process is not None else []

    @abstractmethod
    def prepare(self, found: str, folder: Path, port: int, population: Population) -> Sequence[str]:
        """Write the configuration, set `version`, and return the command that runs the program ``found``."""


def said_by(command: Sequence[str]) -> str:
    """What a program says when it is asked about itself, wherever it says it; "" when it says nothing."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    return (done.stdout + done.stderr).strip()
