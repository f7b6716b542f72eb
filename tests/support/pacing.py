"""The gaps between what a legacy connection is sent: so short that nobody waits for them, or ended by the test."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from chatd.commands import legacy
from chatd.commands.legacy import Gaps
from chatd.net.loop import EventLoop
from chatd.net.timers import Timer
from tests.support.waiting import DEADLINE

QUICK = Gaps(between=0.001, opening=0.001, box=3600, away=3600)
"""For tests of something else: what is behind a box waits for the next request."""


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the gaps next to nothing."""
    monkeypatch.setattr(legacy, "GAPS", QUICK)


class Gap:
    """One gap: how long it was to be, and whether something else has ended it."""

    def __init__(self, loop: EventLoop, seconds: float, callback: Callable[[], None], timer: Timer) -> None:
        self.seconds = seconds
        self._loop, self._callback, self._timer = loop, callback, timer

    @property
    def over(self) -> bool:
        """Whether it was called off."""
        return self._timer.callback is None

    def end(self) -> None:
        """Now, unless it was called off."""
        self._loop.post(self.end_here)

    def end_here(self) -> None:
        """The same, for those who are in the loop's thread."""
        if not self.over:
            self._callback()


class HandTurned:
    """All gaps of a server, which end when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._gaps: queue.SimpleQueue[Gap] = queue.SimpleQueue()
        call_later = EventLoop.call_later

        def held(loop: EventLoop, delay: float, callback: Callable[[], None]) -> Timer:
            if callback.__qualname__ != "Pacer._next":
                return call_later(loop, delay, callback)
            timer = call_later(loop, 3600, lambda: None)
            self._gaps.put(Gap(loop, delay, callback, timer))
            return timer

        monkeypatch.setattr(EventLoop, "call_later", held)

    def next(self) -> Gap:
        """The next one to begin, which may have begun already."""
        return self._gaps.get(timeout=DEADLINE)

    def pass_one(self) -> None:
        """End the next one."""
        self.next().end()
