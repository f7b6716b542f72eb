"""Timers of one loop: a heap with lazy cancellation."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator

_COMPACT_ABOVE = 512  # cancelled timers; below that a rebuild is not worth it


class Timer:
    """A callback that is due once. Cancel it from the loop that owns it."""

    __slots__ = ("_queue", "callback")

    def __init__(self, queue: TimerQueue, callback: Callable[[], None]) -> None:
        self._queue: TimerQueue | None = queue
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Drop the callback; does nothing when it has run or was cancelled."""
        if self.callback is not None:
            self.callback = None
            if self._queue is not None:
                self._queue._cancelled_one()
            self._queue = None


class TimerQueue:
    """All timers of one loop, by monotonic time in seconds. Only the owning thread calls it.

    A cancelled timer stays in the heap without its callback until it is due or until the cancelled ones are half of
    the heap, which is then rebuilt: cancelling is O(1), and ten thousand login deadlines that were met cost nothing.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._cancelled = 0

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` once at monotonic time ``when``."""
        timer = Timer(self, callback)
        heapq.heappush(self._heap, (when, next(self._order), timer))
        return timer

    def next_due(self) -> float | None:
        """When the next timer is due, or None when there is none."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def due(self) -> Iterator[Callable[[], None]]:
        """Take the callbacks that are due now, one by one: running one may cancel another. Those it adds come later."""
        now = time.monotonic()
        for _ in range(len(self._heap)):
            when = self.next_due()
            if when is None or when > now:
                return
            timer = heapq.heappop(self._heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is not None:
                yield callback

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def _cancelled_one(self) -> None:
        self._cancelled += 1
        if self._cancelled > _COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
