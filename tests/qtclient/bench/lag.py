"""How long the event loop was held: a timer that looks at the clock each time it gets its turn."""

from __future__ import annotations

import time

from PyQt5.QtCore import QObject, Qt, QTimer

from tests.qtclient.bench.stolen import Stolen

INTERVAL = 2  # ms
SECOND = 1000  # ms between two looks at what was stolen
CALM = 0.05  # of the processors' time: where less of it was stolen, a hold is our own


class Lag(QObject):
    """``longest`` in seconds between two turns, less the timer's own interval; ``holds`` above 20 ms, in order.

    ``work`` is the most processor time that this thread has used between two turns: a hold that is longer has waited
    for a processor, or for the interpreter. ``calm`` is the longest in all ``quiet`` seconds, in which nobody else had
    the processors of this virtual machine; ``stolen`` is how much of their time somebody had in the worst second.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest = self.work = self.calm = self.stolen = self._recent = 0.0
        self.quiet = 0
        self.holds: list[float] = []
        self._last = self._used = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._turn)
        self._thieves = Stolen()
        self._second = QTimer(self)
        self._second.setInterval(SECOND)
        self._second.timeout.connect(self._look)

    def start(self) -> None:
        """Forget what was, and look from now on."""
        self.longest = self.work = self.calm = self.stolen = self._recent = 0.0
        self.quiet = 0
        self.holds.clear()
        self._thieves.share()
        self._second.start()
        self._last, self._used = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> float:
        """Look no more; the longest hold."""
        self._timer.stop()
        self._second.stop()
        return self.longest

    def _turn(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        held = now - self._last - INTERVAL / 1000
        self.longest, self.work = max(self.longest, held), max(self.work, used - self._used)
        self._recent = max(self._recent, held)
        self._last, self._used = now, used
        if held > 0.020:
            self.holds.append(held)

    def _look(self) -> None:
        recent, self._recent = self._recent, 0.0
        share = self._thieves.share()
        self.stolen = max(self.stolen, share)
        if share < CALM:
            self.quiet += 1
            self.calm = max(self.calm, recent)
