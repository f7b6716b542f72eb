"""The time zone may change while the client runs, and the day does: then all times are said and painted anew.

Python asks for the zone once: who travels, or keeps the client open over midnight, sees old times. GUI thread only.
"""

from __future__ import annotations

import time

from PyQt5.QtCore import QEvent, QObject, QTimer
from PyQt5.QtWidgets import QApplication

INTERVAL = 10_000  # ms between two looks


class TimeZone(QObject):
    """Looks from its making to `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._told = _now()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Have everything said anew if the zone or the day is another, as after a change of the language."""
        now = _now()
        if now != self._told:
            self._told = now
            for window in QApplication.topLevelWidgets():
                QApplication.sendEvent(window, QEvent(QEvent.Type.LanguageChange))
            for widget in QApplication.allWidgets():  # lists say the times while they are painted
                widget.update()

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()


def _now() -> tuple[tuple[str, str], int, int, int]:
    time.tzset()  # reads the zone of this moment
    here = time.localtime()
    return time.tzname, here.tm_gmtoff, here.tm_year, here.tm_yday
