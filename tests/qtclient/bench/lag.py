"""How long the event loop was held: a timer that looks at the clock each time it gets its turn."""

from __future__ import annotations

import time

from PyQt5.QtCore import QObject, Qt, QTimer

INTERVAL = 2  # ms


class Lag(QObject):
    """``longest`` in seconds between two turns, less the timer's own interval; ``holds`` above 20 ms, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self.holds: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Forget what was, and look from now on."""
        self.longest = 0.0
        self.holds.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> float:
        """Look no more; the longest hold."""
        self._timer.stop()
        return self.longest

    def _turn(self) -> None:
        now = time.perf_counter()
        held = now - self._last - INTERVAL / 1000
        self._last = now
        self.longest = max(self.longest, held)
        if held > 0.020:
            self.holds.append(held)
