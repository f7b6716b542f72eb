"""The event loop: one selector, one thread, one round after the other."""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from chatd.net.timers import Timer, TimerQueue
from chatd.net.wakeup import Wakeup

log = logging.getLogger("chatd.loop")

# Seconds for each step of a round; what is left then waits for the same step of the next one. With thousands of
# connections ready at once, the last of them would otherwise wait for the output of all the others, too.
BUDGET = 0.004

RECEIVE_SIZE = 256 * 1024  # bytes in one read

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

EventCallback = Callable[[int], None]
Job = Callable[[], None]


class LoopStopped(RuntimeError):
    """Something was posted to a loop that has ended."""


class Flushable(Protocol):
    """What can be put on the loop's list of things to flush or to go on with."""

    def flush(self) -> None:
        """Write out what has gathered in this round."""

    def proceed(self) -> None:
        """Go on with input that is already here."""


class EventLoop:
    """One event base. `post`, `stop` and the read-only attributes: any thread; everything else: the owner alone.

    The owner is the thread that runs `run`; until then, the thread that made the loop.

    A round is: wait, handle ready descriptors, run posted jobs, run due timers, go on with connections that have more
    input than one turn allows, and last write out everything that the round has produced, one send per connection.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.owner = threading.get_ident()
        self.round_began = 0.0  # monotonic; 0 while waiting. A watchdog reads it
        self.rounds = 0
        self.on_wakeup: Job | None = None  # the main loop looks for signals here
        self._selector = selectors.DefaultSelector()
        self._timers = TimerQueue()
        self._wakeup = Wakeup()
        self._selector.register(self._wakeup.fileno(), READ, self._drain_wakeup)
        self._lock = threading.Lock()  # guards the three below
        self._posted: list[Job] = []
        self._wake_pending = False
        self._stopped = False
        self._backlog: deque[Job] = deque()  # jobs that were taken and not run yet
        self._late: deque[tuple[EventCallback, int]] = deque()  # ready descriptors that were not handled yet
        self.receive_buffer = memoryview(bytearray(RECEIVE_SIZE))  # the owner's, for the length of one read
        self._endings: list[Job] = []
        self._dirty: deque[Job] = deque()
        self._ready: deque[Job] = deque()
        self._held_until = 0.0  # monotonic; 0: output is written at the end of each round
        self._stopping = False

    # -- any thread ------------------------------------------------------------

    def post(self, job: Job) -> None:
        """Run ``job`` in this loop, in the order of posting.

        Raises:
            LoopStopped: the loop has ended, so the job would never run.
        """
        with self._lock:
            if self._stopped:
                raise LoopStopped(self.name)
            self._posted.append(job)
            wake = not self._wake_pending
            self._wake_pending = True
        if wake:
            self._wakeup.wake()

    def stop(self) -> None:
        """End the loop after the jobs posted so far."""
        self.post(self._stop)

    def in_loop(self) -> bool:
        """Whether the caller is the owner."""
        return threading.get_ident() == self.owner

    # -- the owner -------------------------------------------------------------

    def assert_in_loop(self) -> None:
        """Guard of every method that belongs to the owner."""
        assert threading.get_ident() == self.owner, f"called outside of {self.name}"

    def register(self, fd: int, mask: int, callback: EventCallback) -> None:
        """Watch a descriptor; ``callback`` gets the mask of what it is ready for."""
        self._selector.register(fd, mask, callback)

    def modify(self, fd: int, mask: int, callback: EventCallback) -> None:
        """Change what a descriptor is watched for; the mask must not be 0 (epoll would spin on a hang-up)."""
        assert mask
        self._selector.modify(fd, mask, callback)

    def unregister(self, fd: int) -> None:
        """Stop watching. To be done before the descriptor is closed: its number may be another's at once."""
        self._selector.unregister(fd)

    def call_later(self, delay: float, callback: Job) -> Timer:
        """Run ``callback`` once in ``delay`` seconds."""
        return self._timers.call_at(time.monotonic() + delay, callback)

    def before_output(self, job: Job) -> None:
        """Run ``job`` once in this round, when all input of it has been handled, and before the output is written."""
        self._endings.append(job)

    def mark_dirty(self, item: Flushable) -> None:
        """Have ``item.flush()`` called once at the end of this round."""
        self._dirty.append(item.flush)

    def hold_output(self, seconds: float) -> None:
        """Let the output of this round wait for more, for so long at most, and only once: what is held already goes
        out with this round, however much more is to come. With 0 everything goes out.
        """
        self._held_until = 0.0 if self._held_until or not seconds else time.monotonic() + seconds

    def mark_ready(self, item: Flushable) -> None:
        """Have ``item.proceed()`` called in the next round, which then begins at once."""
        self._ready.append(item.proceed)

    def signal_fileno(self) -> int:
        """For `signal.set_wakeup_fd`."""
        return self._wakeup.signal_fileno()

    def run(self) -> None:
        """Run rounds until `stop`, then release the selector. Whatever still waits is dropped."""
        self.owner = threading.get_ident()
        try:
            while not self._stopping:
                self._round()
        finally:
            self.round_began = 0.0
            with self._lock:
                self._stopped = True
                self._posted.clear()
            self._selector.close()
            self._wakeup.close()

    def _round(self) -> None:
        if not self._late:
            self._late.extend((key.data, mask) for key, mask in self._selector.select(self._timeout()))
        self.round_began = time.monotonic()
        self._run_events()
        self._take_posted()
        self._run_some(self._backlog)
        self._run_all(self._timers.due())
        self._run_some(self._ready)
        if self._endings:
            endings, self._endings = self._endings, []
            self._run_all(endings)
        if self._output_is_due():
            self._run_some(self._dirty)
        self.rounds += 1
        self.round_began = 0.0

    def _run_events(self) -> None:
        """Handle ready descriptors for as long as the budget lasts."""
        late, end = self._late, self.round_began + BUDGET
        while late:
            callback, mask = late.popleft()
            try:
                callback(mask)
            except Exception:
                self._defect()
            if time.monotonic() > end:
                return

    def _output_is_due(self) -> bool:
        if not self._held_until:
            return True
        if time.monotonic() < self._held_until:
            return False
        self._held_until = 0.0
        return True

    def _timeout(self) -> float | None:
        if self._ready or self._backlog or (self._dirty and not self._held_until):
            return 0
        due = self._timers.next_due()
        if self._held_until:
            due = self._held_until if due is None else min(due, self._held_until)
        return None if due is None else max(0.0, due - time.monotonic())

    def _run_some(self, jobs: deque[Job]) -> None:
        """Run the jobs that are there now, not those they add, for as long as the budget lasts."""
        end = time.monotonic() + BUDGET
        for _ in range(len(jobs)):
            try:
                jobs.popleft()()
            except Exception:
                self._defect()
            if time.monotonic() > end:
                return

    def _take_posted(self) -> None:
        """Take the queue first, so that jobs run outside the lock: a job may post."""
        with self._lock:
            self._wake_pending = False
            posted, self._posted = self._posted, []
        self._backlog.extend(posted)

    def _run_all(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            try:
                job()
            except Exception:
                self._defect()

    def _defect(self) -> None:
        """No callback may end the loop: what escapes it is a defect of ours, and costs only that event."""
        log.exception("unexpected error in %s", self.name)

    def _drain_wakeup(self, mask: int) -> None:
        self._wakeup.drain()
        if self.on_wakeup is not None:
            self.on_wakeup()

    def _stop(self) -> None:
        self._stopping = True
