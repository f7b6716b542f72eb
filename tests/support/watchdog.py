"""Report every round of an event loop that takes longer than it should, with the stack that it was in."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Sequence

from chatd.net.loop import EventLoop

LIMIT = 0.050  # seconds
_INTERVAL = 0.010

REPORTS: list[str] = []
"""What all watchdogs of this run have seen; printed at the end of the suite."""


class Watchdog:
    """Looks at loops of this process from a thread of its own."""

    def __init__(self, loops: Sequence[EventLoop], name: str) -> None:
        self._loops = loops
        self._name = name
        self._stop = threading.Event()
        self._seen: set[tuple[str, float]] = set()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            for loop in self._loops:
                self._look_at(loop)

    def _look_at(self, loop: EventLoop) -> None:
        began = loop.round_began
        age = time.monotonic() - began
        if not began or age < LIMIT or (loop.name, began) in self._seen:
            return
        frame = sys._current_frames().get(loop.owner)
        if frame is not None and loop.round_began == began:
            self._seen.add((loop.name, began))
            stack = "".join(traceback.format_stack(frame)[-6:])
            REPORTS.append(f"{self._name}: a round of {loop.name} took over {age * 1000:.0f} ms, in\n{stack}")
