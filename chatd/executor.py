"""Threads for what may block (queries, password hashes), shared fairly; and requests gathered into batches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from chatd.fair_queue import SERVER, FairQueue, Payer

log = logging.getLogger("chatd.executor")

K = TypeVar("K")
T = TypeVar("T")


FIRST_GUESS = 0.1  # seconds of a job, before any has been measured
NO_CAP = 2**31  # on how many of one batch may be one payer's
MEMORY = 0.05  # the part that the newest job has in what is expected of the next


class ExecutorFull(Exception):
    """Too much waits already."""


class Load(NamedTuple):
    """What waits before somebody: ``waiting`` jobs, ``here`` of them at the same address, from so many addresses; one
    is begun every ``interval`` seconds.
    """

    waiting: int
    here: int
    addresses: int
    interval: float

    def wait(self, waiting: float = 0, here: float = 0, addresses: float = 0) -> float:
        """Seconds until it is somebody's turn behind all these, and so many who are still to come, from so many other
        addresses: they take turns, so others have at most as many turns as one's own.
        """
        return min(self.waiting + waiting, (self.here + here + 1) * (self.addresses + addresses)) * self.interval


class _Kind:
    """One kind of jobs: their queue, what they have paid together, and how fast they go. Guarded by the pool's lock."""

    def __init__(self, weight: float, threads: int) -> None:
        self.weight = weight
        self.queue: FairQueue[Callable[[], None]] = FairQueue(threads)
        self.paid = 0.0  # for each job what one has cost on average
        self.mean = FIRST_GUESS  # seconds of a job
        self.interval = FIRST_GUESS  # seconds between the ends of two, while others wait
        self._last = 0.0  # when one ended while others waited, or 0
        self._measured = 0

    @property
    def idle(self) -> bool:
        return not self.queue.waiting and not self.queue.running

    def ended(self, payer: Payer, begun: float, now: float) -> None:
        """A job has ended."""
        self.mean += (now - begun - self.mean) * MEMORY
        if self._last:
            self._measured += 1
            self.interval += (now - self._last - self.interval) * max(MEMORY, 1 / (self._measured + 4))
        self._last = now if self.queue.waiting else 0.0
        self.queue.end(payer, now - begun)


class FairExecutor:
    """Threads for whoever pays for them, and a bounded queue that is fair (`fair_queue`). Jobs must not raise.

    There may be several kinds of jobs: each has a queue of its own, and gets threads by its weight as long as others
    wait, too. `submit`, `load`: any thread, never block.
    """

    def __init__(self, name: str, threads: int, waiting: int, weights: Sequence[float] = (1.0,)) -> None:
        """``weights``: one for each kind, 0 being the first."""
        self.name = name
        self._most = waiting
        self._lock = threading.Lock()  # guards all below
        self._work = threading.Condition(self._lock)
        self._ended = threading.Condition(self._lock)
        self._kinds = [_Kind(weight, threads) for weight in weights]
        self._running = 0
        self._now = 0.0  # what the kind that was served last had paid before
        self._stopping = False
        self._threads: list[threading.Thread] = []
        try:
            for number in range(threads):
                # Daemons: a start that fails later, at the listener say, must not wait for threads that nobody stops.
                thread = threading.Thread(target=self._serve, name=f"{name}_{number}", daemon=True)
                thread.start()
                self._threads.append(thread)
        except RuntimeError:  # the system gives no more threads; those that it gave must not wait for jobs
            self.stop(1.0)
            raise

    def submit(self, payer: Payer, job: Callable[[], None], kind: int = 0) -> None:
        """Run a job in one of the threads, when it is its payer's turn.

        Raises:
            ExecutorFull: too much waits, and the payer's address has its share of that; or the pool has been stopped.
        """
        with self._lock:
            queue = self._kinds[kind].queue
            waiting = sum(one.queue.waiting for one in self._kinds)
            full = waiting >= self._most and queue.waiting_at(payer.address) * queue.addresses >= queue.waiting
            if full or self._stopping:
                raise ExecutorFull
            if self._kinds[kind].idle:  # who has not asked has not saved up a claim
                self._kinds[kind].paid = max(self._kinds[kind].paid, self._now)
            queue.push(payer, job)
            self._work.notify()

    def load(self, payer: Payer, kind: int = 0) -> Load:
        """What waits before a job of this payer."""
        with self._lock:
            one = self._kinds[kind]
            queue = one.queue
            here = queue.waiting_at(payer.address)
            return Load(queue.waiting, here, queue.addresses + (not here), one.interval)

    def stop(self, timeout: float) -> bool:
        """Drop what waits and let finish what runs; false when something still runs after ``timeout`` seconds."""
        with self._lock:
            self._stopping = True
            self._work.notify_all()
            finished = self._ended.wait_for(lambda: not self._running, timeout)
        if finished:
            for thread in self._threads:
                thread.join()
        else:
            log.error("a job of the %s threads does not end", self.name)
        return finished

    def _serve(self) -> None:
        """A thread of the pool."""
        while (taken := self._take()) is not None:
            kind, payer, job = taken
            begun = time.monotonic()
            try:
                job()
            except Exception:
                log.exception("unexpected error in a job")
            self._end(kind, payer, begun, time.monotonic())

    def _take(self) -> tuple[_Kind, Payer, Callable[[], None]] | None:
        with self._lock:
            while not self._stopping:
                for kind in sorted(self._kinds, key=attrgetter("paid")):
                    if (taken := kind.queue.pop()) is not None:
                        self._running += 1
                        self._now = max(self._now, kind.paid)
                        kind.paid += kind.mean / kind.weight
                        return kind, *taken
                self._work.wait()
            return None

    def _end(self, kind: _Kind, payer: Payer, begun: float, now: float) -> None:
        with self._lock:
            self._running -= 1
            kind.ended(payer, begun, now)
            self._ended.notify_all()


class Gatherer(Generic[K, T]):
    """Gather what comes while a batch is worked on, and work on all of it together: group commit for readers.

    `submit`: any thread. There is no timer: a single item is worked on at once, and a storm makes its own batches. Who
    is in the next batch is decided as in the pool itself.
    """

    def __init__(self, executor: FairExecutor, work: Callable[[K, list[T]], None], at_once: int, most: int) -> None:
        """``work`` gets up to ``most`` items of one kind, in one of at most ``at_once`` threads of the executor."""
        self._executor = executor
        self._work = work
        self._at_once = at_once
        self._most = most
        self._lock = threading.Lock()  # guards both below
        self._waiting: dict[K, FairQueue[T]] = {}
        self._running = 0

    def submit(self, payer: Payer, kind: K, item: T) -> None:
        """Have an item worked on, together with others of its kind.

        Raises:
            ExecutorFull: the pool has been stopped.
        """
        with self._lock:
            queue = self._waiting.get(kind)
            if queue is None:
                queue = self._waiting[kind] = FairQueue(NO_CAP)
            queue.push(payer, item)
            if self._running == self._at_once:
                return
            self._running += 1
        try:
            self._executor.submit(SERVER, self._run)
        except ExecutorFull:
            with self._lock:
                self._running -= 1
            raise

    @property
    def waiting(self) -> int:
        """How many items wait."""
        with self._lock:
            return sum(queue.waiting for queue in self._waiting.values())

    def _run(self) -> None:
        while taken := self._take():
            kind, batch = taken
            begun = time.monotonic()
            try:
                self._work(kind, [item for _, item in batch])
            except Exception:
                log.exception("unexpected error in a job")
            self._end(kind, batch, (time.monotonic() - begun) / len(batch))

    def _take(self) -> tuple[K, list[tuple[Payer, T]]] | None:
        """A batch of the kind that has waited since the last one of it began."""
        with self._lock:
            for kind, queue in self._waiting.items():
                if batch := _some(queue, self._most):
                    self._waiting[kind] = self._waiting.pop(kind)  # its next turn is after the other kinds'
                    return kind, batch
            self._running -= 1
            return None

    def _end(self, kind: K, batch: Sequence[tuple[Payer, T]], seconds: float) -> None:
        with self._lock:
            queue = self._waiting[kind]
            for payer, _ in batch:
                queue.end(payer, seconds)


def _some(queue: FairQueue[T], most: int) -> list[tuple[Payer, T]]:
    batch: list[tuple[Payer, T]] = []
    while len(batch) < most and (taken := queue.pop()) is not None:
        batch.append(taken)
    return batch
