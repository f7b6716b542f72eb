"""Worker threads, each with an event loop of its own."""

from __future__ import annotations

import itertools
import logging
import threading

from chatd.net.loop import EventLoop, LoopStopped

log = logging.getLogger("chatd.workers")


class WorkerPool:
    """N loops in N threads. `next`: the main thread; `loops` never changes and may be read by any."""

    def __init__(self, count: int) -> None:
        self.loops = [EventLoop(f"worker-{index}") for index in range(count)]
        self._turn = itertools.cycle(self.loops)
        self._threads = [
            threading.Thread(target=self._run, args=(loop,), name=loop.name, daemon=True) for loop in self.loops
        ]
        self._barrier = threading.Barrier(count + 1)

    def start(self) -> None:
        """Start all threads and wait until each runs its loop."""
        for thread in self._threads:
            thread.start()
        self._barrier.wait()

    def next(self) -> EventLoop:
        """The loop for the next connection, round robin."""
        return next(self._turn)

    def stop(self, timeout: float) -> bool:
        """End all loops and join them; false when one hangs, which is then named in the log."""
        for loop in self.loops:
            try:
                loop.stop()
            except LoopStopped:
                continue
        for thread in self._threads:
            thread.join(timeout)
            if thread.is_alive():
                log.error("thread %s does not end", thread.name)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, loop: EventLoop) -> None:
        loop.owner = threading.get_ident()
        self._barrier.wait()
        loop.run()
