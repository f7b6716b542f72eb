"""Qt's own event loop, as the program runs it, until something has come about."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEventLoop, QTimer

LOOK = 50  # ms between two looks at the condition


def run_until(condition: Callable[[], object], seconds: float) -> bool:
    """Whether it came about in time."""
    loop = QEventLoop()
    timer, limit = QTimer(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    timer.start(LOOK)
    limit.start(int(seconds * 1000))
    loop.exec_()
    return bool(condition())
