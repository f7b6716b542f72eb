"""Output for peers that parse whatever their socket holds as ONE object (docs/PROTOCOL.md, legacy connections)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from chatd.commands.legacy_receipts import Had, Mark, Receipts
from chatd.commands.legacy_words import told
from chatd.net.connection import TOO_SLOW, Connection, Pause
from chatd.net.timers import Timer
from chatwire.codec import decode, encode
from chatwire.commands import LEGACY_AWAY, LEGACY_BOX, LEGACY_GAP, LEGACY_OPENING_GAP

MOST_WINDOWS = 1000  # of one session that are remembered; then every one may be new again


@dataclass(frozen=True)
class Gaps:
    """Seconds between the writing of an object and that of the next one.

    ``opening``: the first of a conversation makes a window there, and so does a login. ``box``: one that opens a modal
    box, in which nothing is read, unless the person shows earlier that it is closed. ``away``: so much time after a box
    without a request, and perhaps nobody is there.
    """

    between: float
    opening: float
    box: float
    away: float


GAPS = Gaps(LEGACY_GAP, LEGACY_OPENING_GAP, LEGACY_BOX, LEGACY_AWAY)


PASSED_OVER = encode({"cmd": "group_chat_reply", "result": "success"})
"""An object of the original server to which no window of its client has ever reacted."""


class _Line(NamedTuple):
    data: bytes
    mid: int
    window: str
    box: bool


class Pacer:
    """Write one object at a time, far enough apart. Only the connection's loop calls it.

    A line that the kernel has not taken yet would share a segment with the next one, so the next one waits for it. The
    connection's marks hold here too, for what waits to be written: above ``soft`` it is not read, and it is closed when
    more comes while what waits is above ``hard``. Replies go before messages: somebody waits for them.

    When the time for a box has passed without a request, what is written may lie behind it, and destroy the next
    object. So once a request shows that the box is gone, an object comes first that the peer passes over. When the
    person has been away for long, as it seems, what is written behind a box is doubtful: no request confirms it.
    """

    __slots__ = (
        "_behind", "_box", "_box_began", "_closing", "_connection", "_drained", "_hard", "_running", "_size", "_soft",
        "_timer", "_urgent", "_user", "_waiting", "_windows", "receipts",
    )  # fmt: skip

    def __init__(self, connection: Connection, soft: int, hard: int, drained: Callable[[], None]) -> None:
        self._connection = connection
        self._soft, self._hard = soft, hard
        self._drained = drained
        self._urgent: deque[_Line] = deque()
        self._waiting: deque[_Line] = deque()
        self._size = 0  # bytes that wait
        self._running = False  # a line waits, or the gap after the last one has not passed
        self._timer: Timer | None = None  # of the gap
        self._closing = ""  # why the connection closes once every line is written
        self._user = ""
        self._windows: set[str] = set()  # the conversations that have one, as far as we know
        self._box: Mark | None = None  # the object that opened a box which may still be open
        self._box_began = 0.0  # when it was written, in monotonic seconds
        self._behind = False  # something has been written since
        self.receipts = Receipts(connection)

    def begin_session(self, user: str) -> None:
        """What is written from now on is this user's."""
        self._user = user
        self._windows.clear()
        self._box = None

    def write(self, data: bytes) -> None:
        """Queue what of one or more lines such a peer is told."""
        if self._closing:
            return
        if self._size > self._hard:
            self._closing = TOO_SLOW
            self._connection.loop.post(lambda: self._connection.close(TOO_SLOW))
            return
        for line in data.splitlines(keepends=True):
            self._add(line)
        if self._size > self._soft:
            self._connection.pause(Pause.OUTPUT)
        self._run()

    def request(self) -> None:
        """The peer has asked something: it reads, and no box is open, if it knew of what was written."""
        self.receipts.request()
        if self._box is None or not self.receipts.shown(self._box):
            return
        self._box = None
        if self._behind:
            self._behind = False
            self._urgent.appendleft(_Line(PASSED_OVER, 0, "", box=False))
            self._size += len(PASSED_OVER)
        if self._running:
            self._await_gap(GAPS.opening)  # perhaps the person has opened one meanwhile
        else:
            self._run()

    def end_session(self) -> Had:
        """Return what the user has had, and drop what is meant for that user: there is no window for it any more.

        What is still on its way counts as not had: to send it again is better than to lose it.
        """
        self._user = ""
        self._size -= sum(len(line.data) for line in self._waiting)
        self._waiting.clear()
        if self._connection.closed and self._timer is not None:
            self._timer.cancel()
        elif self._size <= self._soft // 2:
            self._connection.resume(Pause.OUTPUT)
        return self.receipts.forget()

    def close_after_flush(self, reason: str, grace: float = 2.0) -> None:
        """Write what waits, for at most ``grace`` seconds, then close the connection; nothing more is read."""
        self._closing = self._closing or reason
        self._connection.pause(Pause.CLOSING)
        self._connection.loop.call_later(grace, lambda: self._connection.close(reason))
        self._run()

    def _add(self, line: bytes) -> None:
        said = told(decode(line), self._user)
        if said is None:
            return
        data = encode(said.obj) if said.changed else line
        self._size += len(data)
        queue = self._urgent if said.urgent else self._waiting
        queue.append(_Line(data, said.mid, said.window, said.box))

    def _run(self) -> None:
        if not self._running:
            self._running = True
            self._next()

    def _next(self) -> None:
        if self._connection.closed:
            self._urgent.clear()
            self._waiting.clear()
            return
        gap = GAPS.between
        if not self._connection.pending_output:
            queue = self._urgent or self._waiting
            if not queue:
                self._rest()
                return
            gap = self._write(queue.popleft())
        self._await_gap(gap)

    def _await_gap(self, gap: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._connection.loop.call_later(gap, self._next)

    def _rest(self) -> None:
        """Nothing is left to be written."""
        self._running = False
        if self._closing:
            self._connection.close_after_flush(self._closing)

    def _write(self, line: _Line) -> float:
        """Write it, and return how long the next one has to wait."""
        above = self._size > self._soft // 2
        self._size -= len(line.data)
        mark = self.receipts.mark()
        if self._box is not None:
            self._behind = True
        if line.mid:
            self.receipts.wrote(line.mid, mark, doubtful=self._nobody_there())
        self._connection.write(line.data)
        if above and self._size <= self._soft // 2:
            self._connection.resume(Pause.OUTPUT)
            self._drained()
        if line.box:
            if self._box is None:
                self._box_began = time.monotonic()
            self._box = mark
            return GAPS.box
        return GAPS.opening if self._opens_window(line.window) else GAPS.between

    def _nobody_there(self) -> bool:
        return self._box is not None and time.monotonic() >= self._box_began + GAPS.away

    def _opens_window(self, window: str) -> bool:
        if not window or window in self._windows:
            return False
        if len(self._windows) >= MOST_WINDOWS:
            self._windows.clear()
        self._windows.add(window)
        return True
