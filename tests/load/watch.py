"""What processes cost: the processor seconds and the memory of a server with its children, or of generators."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

LOOK = 1.0  # seconds for which the list of descendants is believed; to find them means to read all of /proc


class Watch:
    """Several processes with their descendants. One thread calls its methods.

    Processor time never goes back: what a process had used when it was last seen is kept when it ends. With no
    processes, as when the server is on another machine, everything is 0.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self.peak = 0  # the most bytes that `rss` has returned
        self._roots: list[psutil.Process] = []
        self._used: dict[psutil.Process, float] = {}
        self._looked = 0.0
        for pid in pids:
            self.add(pid)

    def add(self, pid: int) -> None:
        """One more, such as a server that was started again."""
        if root := _process(pid):
            self._roots.append(root)
            self._looked = 0.0

    def cpu(self) -> float:
        """Processor seconds until now."""
        for process in self._tree():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            self._used[process] = times.user + times.system
        return sum(self._used.values())

    def rss(self) -> int:
        """Bytes that are resident now; what processes share counts for each."""
        total = 0
        for process in self._tree():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        self.peak = max(self.peak, total)
        return total

    def _tree(self) -> list[psutil.Process]:
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            for process in self._roots:
                self._used.setdefault(process, 0.0)
                for child in _children(process):
                    self._used.setdefault(child, 0.0)
        return list(self._used)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
