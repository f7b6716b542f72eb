"""Python's collector of cycles, kept from holding the event loop. GUI thread only.

A full collection looks at every object there is: 50 ms with all modules and windows loaded, and it comes when it likes.
So what stays for good is put out of its sight, and what is left is looked through now and then, which takes a few.
"""

from __future__ import annotations

import gc

from PyQt5.QtCore import QObject, QTimer

INTERVAL = 20_000  # ms between two full collections
YOUNG = (1000, 15, 1_000_000)  # objects, young collections, and what never comes by itself: a full one


class Garbage(QObject):
    """From its making to `close`, full collections happen when the timer says so."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before = gc.get_threshold()
        gc.set_threshold(*YOUNG)
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(gc.collect)
        self._timer.start()

    def settle(self) -> None:
        """Much has been made that stays for long: modules, windows. What of the last time has gone is found here."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.set_threshold(*self._before)
