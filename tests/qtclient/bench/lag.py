"""How long the event loop was held: a timer that looks at the clock each time it gets its turn."""

from __future__ import annotations

import time

from PyQt5.QtCore import QObject, Qt, QTimer

INTERVAL = 2  # ms


class Lag(QObject):
    """``longest`` in seconds between two turns, less the timer's own interval; ``holds`` above 20 ms, in order.

    ``work`` is the most processor time that this thread has used between two turns: a hold that is longer has waited
    for a processor, or for the interpreter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest = self.work = 0.0
        self.holds: list[float] = []
        self._last = self._used = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Forget what was, and look from now on."""
        self.longest = self.work = 0.0
        self.holds.clear()
        self._last, self._used = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> float:
        """Look no more; the longest hold."""
        self._timer.stop()
        return self.longest

    def _turn(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        held = now - self._last - INTERVAL / 1000
        self.longest, self.work = max(self.longest, held), max(self.work, used - self._used)
        self._last, self._used = now, used
        if held > 0.020:
            self.holds.append(held)
