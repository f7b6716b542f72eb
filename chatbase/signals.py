"""What signals mean to both daemons: SIGTERM and SIGINT end them, SIGHUP has them look at their files again."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Protocol

SIGNALS = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


class Server(Protocol):
    """The main thread's."""

    def stop(self) -> None:
        """Ask for an orderly end."""

    def reload(self) -> None:
        """Look at the files again."""


def obey(server: Server, wake_fd: int) -> Callable[[], None]:
    """Have signals write into a descriptor that wakes the main thread, which then has to call what is returned.

    The handler may interrupt the main thread anywhere, so it takes no lock: it notes the number. The descriptor wakes
    the main thread also when a signal comes to another one, or just before the main one begins to wait: without it the
    handler would not run before something else happens.
    """
    received: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        received.append(number)

    def look() -> None:
        numbers = [received.pop(0) for _ in range(len(received))]  # more may come in between
        if set(numbers) - {signal.SIGHUP}:
            signal.set_wakeup_fd(-1)  # the descriptor is going to be closed; a second signal changes nothing
            server.stop()
        elif numbers:
            server.reload()

    signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, handler)
    return look


def ignore() -> None:
    """From now on none ends the process: Python's own end would give them back their default."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
