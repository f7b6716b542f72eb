"""Views that have something new to show take turns, so that many of them never hold the event loop together.

GUI thread only.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import Protocol

from PyQt5 import sip
from PyQt5.QtCore import QCoreApplication, QObject, QTimer

_TICK = 7  # ms between two turns


class TakesTurns(Protocol):
    """A QObject that shows what is new when its turn comes."""

    def take_turn(self) -> None: ...


class Turns(QObject):
    """One for the program: a timer that runs only while somebody waits."""

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self._waiting: deque[weakref.ref[TakesTurns]] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._next)

    def ask(self, view: TakesTurns) -> None:
        """``view.take_turn`` is called once, when all who have asked before have had their turn."""
        self._waiting.append(weakref.ref(view))
        if not self._timer.isActive():
            self._timer.start()

    def _next(self) -> None:
        while self._waiting:
            view = self._waiting.popleft()()
            if isinstance(view, QObject) and not sip.isdeleted(view):
                view.take_turn()
                return
        self._timer.stop()


_turns: Turns | None = None


def turns() -> Turns:
    """That one; it goes with the application."""
    global _turns
    if _turns is None or sip.isdeleted(_turns):
        _turns = Turns(QCoreApplication.instance())
    return _turns
