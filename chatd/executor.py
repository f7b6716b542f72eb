"""Bounded pools of threads for everything that may block: queries, password hashes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

log = logging.getLogger("chatd.executor")

K = TypeVar("K")
T = TypeVar("T")


class ExecutorFull(Exception):
    """Too much waits already."""


class BoundedExecutor:
    """A pool with a bounded queue. `submit`: any thread, never blocks. Jobs must not raise."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        together = threading.Barrier(threads + 1)  # the pool would start a thread in `submit`, at a loop's expense
        try:
            for _ in range(threads):
                self._pool.submit(together.wait)
        except RuntimeError:  # the system gives no more threads; those that it gave must not wait for the others
            together.abort()
            raise
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


class Gatherer(Generic[K, T]):
    """Gather what comes while a batch is worked on, and work on all of it together: group commit for readers.

    `submit`: any thread. There is no timer: a single item is worked on at once, and a storm makes its own batches.
    """

    def __init__(self, executor: BoundedExecutor, work: Callable[[K, list[T]], None], at_once: int, most: int) -> None:
        """``work`` gets up to ``most`` items of one kind, in one of at most ``at_once`` threads of the executor."""
        self._executor = executor
        self._work = work
        self._at_once = at_once
        self._most = most
        self._lock = threading.Lock()  # guards both below
        self._waiting: deque[tuple[K, T]] = deque()
        self._running = 0

    def submit(self, kind: K, item: T) -> None:
        """Have an item worked on, together with others of its kind.

        Raises:
            ExecutorFull: too much waits already.
        """
        with self._lock:
            self._waiting.append((kind, item))
            if self._running == self._at_once:
                return
            self._running += 1
        try:
            self._executor.submit(self._run)
        except ExecutorFull:
            with self._lock:
                self._running -= 1
                self._waiting = deque(entry for entry in self._waiting if entry[1] is not item)
            raise

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._work(batch[0][0], [item for _, item in batch])
            except Exception:
                log.exception("unexpected error in a job")

    def _take(self) -> list[tuple[K, T]]:
        """The first that waits, and those behind it that are of its kind."""
        batch: list[tuple[K, T]] = []
        with self._lock:
            waiting = self._waiting
            while waiting and len(batch) < self._most and (not batch or waiting[0][0] == batch[0][0]):
                batch.append(waiting.popleft())
            if not batch:
                self._running -= 1
        return batch
