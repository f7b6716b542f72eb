"""How much of the machine others took during the measurements: above a few per cent, the figures are theirs as well."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.process import Process

_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)  # of the columns of /proc/stat: idle, and waiting for a disk
_COLUMNS = 8  # the rest counts guests twice


class Others:
    """Sums over all blocks that are `watched`."""

    def __init__(self) -> None:
        self._taken = 0.0  # processor seconds
        self._had = 0.0

    @property
    def share(self) -> float:
        """Of all processors, 0 to 1; the host's own work counts as far as it is told to a virtual machine."""
        return max(0.0, self._taken / self._had) if self._had else 0.0

    @contextmanager
    def watched(self, server: Process) -> Iterator[None]:
        """A block in which only this server and what this process starts and waits for are meant to work."""
        began, busy, ours = time.monotonic(), _busy(), _used(server)
        yield
        self._taken += _busy() - busy - (_used(server) - ours)
        self._had += (time.monotonic() - began) * (os.cpu_count() or 1)


def _busy() -> float:
    """Processor seconds that were not idle since the machine was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1 : 1 + _COLUMNS]
    return sum(int(field) for column, field in enumerate(fields) if column not in _IDLE) / _TICK


def _used(server: Process) -> float:
    return server.cpu() + sum(os.times()[:4])
