"""SIGINT, SIGTERM and SIGHUP end the client as its menu does. GUI thread only.

Python runs a signal's handler between two of its own instructions, and there are none while Qt waits. So the signal
also writes a byte to a socket, which wakes Qt's loop.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

from PyQt5.QtCore import QObject, QSocketNotifier
from PyQt5.sip import voidptr

WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals(QObject):
    """Calls ``end`` at the first signal; a third one, from someone who will not wait, ends the process at once."""

    def __init__(self, end: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._end = end
        self._count = 0
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(voidptr(self._reader.fileno()), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._caught) for number in WATCHED}

    def close(self) -> None:
        """Give the signals back."""
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 2:
            os._exit(128 + number)

    def _woken(self) -> None:
        try:
            self._reader.recv(64)
        except OSError:
            return
        if self._count:
            self._end()
