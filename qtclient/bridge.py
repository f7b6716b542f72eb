"""From the threads to the windows: one queue, and one signal that says that something is in it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from PyQt5.QtCore import QObject, Qt, QTimer, pyqtSignal

from qtclient.net.happened import Happened

_BUDGET = 0.008  # seconds for one turn of the event loop; what is left waits until others have had theirs
_APART = 0.04  # seconds between two turns: in a flood, much is shown at once instead of each alone

log = logging.getLogger("qtclient.bridge")


class Bridge(QObject):
    """`post`: any thread. The rest: the windows' thread, in which it is made."""

    _filled = pyqtSignal()

    def __init__(self, take: Callable[[Happened], None], turn_over: Callable[[], None], parent: QObject) -> None:
        """``take`` gets each event, in order; ``turn_over`` is called when it has got some, before others' turn."""
        super().__init__(parent)
        self._take = take
        self._turn_over = turn_over
        self._lock = threading.Lock()  # guards the two below
        self._signalled = False
        self._closed = False
        self._events: deque[Happened] = deque()
        self._last = 0.0  # time.monotonic() of the last turn
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._drain)
        self._filled.connect(self._due, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # the stubs are wrong

    def post(self, event: Happened) -> None:
        """Have an event taken in the windows' thread. After `close` it is dropped."""
        with self._lock:
            if self._closed:
                return
            self._events.append(event)
            self._signal()

    def close(self) -> None:
        """Nothing is taken any more."""
        with self._lock:
            self._closed = True
            self._events.clear()
        self._timer.stop()

    def _signal(self) -> None:
        if not self._signalled:
            self._signalled = True
            self._filled.emit()

    def _due(self) -> None:
        wait = self._last + _APART - time.monotonic()
        if wait > 0:
            self._timer.start(int(wait * 1000) + 1)
        else:
            self._drain()

    def _drain(self) -> None:
        deadline = time.monotonic() + _BUDGET
        with self._lock:
            self._signalled = False
        while self._events and time.monotonic() < deadline:
            try:
                self._take(self._events.popleft())
            except Exception:
                log.exception("an event cannot be shown")
        try:
            self._turn_over()
        except Exception:
            log.exception("what has happened cannot be shown")
        with self._lock:
            self._last = 0.0 if self._events else time.monotonic()
            if self._events:
                self._signal()
