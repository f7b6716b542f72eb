"""Processes that hang: they keep their connections and answer nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_until


def freeze(pid: int) -> None:
    """Stop all threads of a process, and return once they stand: some may run on for a while after the signal."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _states(pid) == {"T"}, "all of its threads stand")


def thaw(pid: int) -> None:
    """Let it go on."""
    os.kill(pid, signal.SIGCONT)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process does nothing meanwhile."""
    freeze(pid)
    try:
        yield
    finally:
        thaw(pid)


def _states(pid: int) -> set[str]:
    """Of its threads, as proc(5) has them: behind the name, which may hold anything."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks}
