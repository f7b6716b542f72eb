"""What else the machine does: above a few per cent, the figures are not only those of the servers any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.bench.process import Process

LIMIT = 0.05  # of all processors; a measurement with which others took more is disturbed
LOOK = 0.1  # seconds in which it is seen whether others are at work

_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)  # of the columns of /proc/stat: idle, and waiting for a disk
_COLUMNS = 8  # the rest counts guests twice

Result = TypeVar("Result")


class Others:
    """Watches, waits, and has disturbed measurements repeated, for ``patience`` seconds altogether."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._block = (0.0, 1.0)  # processor seconds that others took in the last measurement, and that there were
        self._taken = 0.0  # the same, of all that were kept
        self._had = 0.0

    @property
    def share(self) -> float:
        """Of all processors, during what was kept; what the host took is counted, too."""
        return self._taken / self._had if self._had else 0.0

    def undisturbed(self, measure: Callable[[], Result]) -> Result:
        """Measure when nobody else works, and again if somebody did, as long as patience lasts.

        ``measure`` has just one block that is `watched`.
        """
        while True:
            self._wait()
            began = time.monotonic()
            result = measure()
            taken, had = self._block
            if taken <= LIMIT * had or self._patience <= 0:
                self._taken += taken
                self._had += had
                return result
            self._patience -= time.monotonic() - began

    @contextmanager
    def watched(self, server: Process) -> Iterator[None]:
        """A block in which only this server and what this process starts and waits for are meant to work."""
        began, busy, ours = time.monotonic(), _busy(), _used(server)
        yield
        taken = _busy() - busy - (_used(server) - ours)
        self._block = max(0.0, taken), (time.monotonic() - began) * _processors()

    def _wait(self) -> None:
        while self._patience > 0:
            busy = _busy()
            time.sleep(LOOK)
            if _busy() - busy <= LIMIT * LOOK * _processors() + 1 / _TICK:
                return
            self._patience -= LOOK


def _processors() -> int:
    return os.cpu_count() or 1


def _busy() -> float:
    """Processor seconds that were not idle since the machine was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1 : 1 + _COLUMNS]
    return sum(int(field) for column, field in enumerate(fields) if column not in _IDLE) / _TICK


def _used(server: Process) -> float:
    return server.cpu() + sum(os.times()[:4])
