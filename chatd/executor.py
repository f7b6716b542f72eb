"""Bounded pools of threads for everything that may block: queries, password hashes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger("chatd.executor")


class ExecutorFull(Exception):
    """Too much waits already."""


class BoundedExecutor:
    """A pool with a bounded queue. `submit`: any thread, never blocks. Jobs must not raise."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        together = threading.Barrier(threads + 1)  # the pool would start a thread in `submit`, at a loop's expense
        for _ in range(threads):
            self._pool.submit(together.wait)
        together.wait()
        self._condition = threading.Condition(threading.Lock())  # guards both counts
        self._free = waiting + threads
        self._running = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job in one of the threads, in the order of submission.

        Raises:
            ExecutorFull: the queue is full, or the pool has been stopped.
        """
        with self._condition:
            if not self._free:
                raise ExecutorFull
            self._free -= 1
        try:
            self._pool.submit(self._run, job)
        except RuntimeError:
            raise ExecutorFull from None

    def stop(self, timeout: float) -> bool:
        """Drop what waits and let finish what runs; false when something still runs after ``timeout`` seconds."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._condition:
            finished = self._condition.wait_for(lambda: not self._running, timeout)
        if finished:
            self._pool.shutdown(wait=True)
        else:
            log.error("a job of the %s threads does not end", self.name)
        return finished

    def _run(self, job: Callable[[], None]) -> None:
        with self._condition:
            self._running += 1
        try:
            job()
        except Exception:
            log.exception("unexpected error in a job")
        finally:
            with self._condition:
                self._running -= 1
                self._free += 1
                self._condition.notify_all()
