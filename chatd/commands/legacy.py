"""Output for peers that parse whatever their socket holds as ONE object (wire, section 1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chatd.net.connection import TOO_SLOW, Connection, Pause
from chatd.net.timers import Timer
from chatwire.commands import LEGACY_GAP

CHECK_GAP = 1.0  # seconds, at most, between two looks at whether what was written last has arrived


class Pacer:
    """Write one line per TCP segment, at least 20 ms apart. Only the connection's loop calls it.

    A line that the kernel has not taken yet would share a segment with the next one, so the next one waits for it. The
    connection's marks hold here too, for what waits to be written: above ``soft`` it is not read, and it is closed when
    more comes while what waits is above ``hard``.

    ``written`` is the highest mid of which every line has been written, ``confirmed`` the highest of which the peer's
    TCP is known to have acknowledged every line: what the kernel only holds is lost when the connection is reset.
    """

    __slots__ = (
        "_check_gap", "_closing", "_connection", "_drained", "_hard", "_lines", "_mark", "_running", "_size", "_soft",
        "_timer", "confirmed", "written",
    )  # fmt: skip

    def __init__(self, connection: Connection, soft: int, hard: int, drained: Callable[[], None]) -> None:
        self._connection = connection
        self._soft, self._hard = soft, hard
        self._drained = drained
        self._lines: deque[tuple[bytes, int]] = deque()
        self._size = 0  # bytes that wait
        self._running = False  # a line waits, or the gap after the last one has not passed
        self._closing = ""  # why the connection closes once every line is written
        self._timer: Timer | None = None  # the only one: of the gap or, when not running, of the next check
        self._check_gap = LEGACY_GAP
        self._mark = (0, 0)  # once the peer has so many bytes of the connection's, it has all up to this mid
        self.written = 0
        self.confirmed = 0

    def write(self, data: bytes, mid: int) -> None:
        """Queue one or more lines; ``mid`` counts as written with the last of them."""
        if self._closing:
            return
        if self._size > self._hard:
            self._closing = TOO_SLOW
            self._connection.loop.post(lambda: self._connection.close(TOO_SLOW))
            return
        lines = data.splitlines(keepends=True)
        self._lines.extend((line, 0) for line in lines[:-1])
        self._lines.append((lines[-1], mid))
        self._size += len(data)
        if self._size > self._soft:
            self._connection.pause(Pause.OUTPUT)
        self._run()

    def forget(self) -> int:
        """Return `confirmed` and begin anew: what is written from now on is no matter of the user who has left.

        What is still on its way counts as not had: to send it again is better than to lose it.
        """
        self._confirm()
        if self._timer is not None and (self._connection.closed or not self._running):
            self._timer.cancel()
        confirmed = self.confirmed
        self.written = self.confirmed = 0
        self._mark = (0, 0)
        self._lines = deque((line, 0) for line, _ in self._lines)
        return confirmed

    def close_after_flush(self, reason: str, grace: float = 2.0) -> None:
        """Write what waits, for at most ``grace`` seconds, then close the connection; nothing more is read."""
        self._closing = self._closing or reason
        self._connection.pause(Pause.CLOSING)
        self._connection.loop.call_later(grace, lambda: self._connection.close(reason))
        self._run()

    def _run(self) -> None:
        if self._running:
            return
        self._running = True
        if self._timer is not None:
            self._timer.cancel()  # from now on, every gap ends with a check
        self._next()

    def _next(self) -> None:
        connection = self._connection
        if connection.closed:
            self._lines.clear()
            return
        self._confirm()
        if not connection.pending_output:
            if not self._lines:
                self._rest()
                return
            self._write_one()
        self._timer = connection.loop.call_later(LEGACY_GAP, self._next)

    def _rest(self) -> None:
        """Nothing is left to be written."""
        self._running = False
        self._check_gap = LEGACY_GAP
        if self._closing:
            self._connection.close_after_flush(self._closing)
        elif self.confirmed < self.written:
            self._timer = self._connection.loop.call_later(self._check_gap, self._check)

    def _write_one(self) -> None:
        line, mid = self._lines.popleft()
        above = self._size > self._soft // 2
        self._size -= len(line)
        self.written = max(self.written, mid)
        self._connection.write(line)
        if above and self._size <= self._soft // 2:
            self._connection.resume(Pause.OUTPUT)
            self._drained()

    def _check(self) -> None:
        """Look until all that was written has arrived, less and less often."""
        if self._connection.closed:
            return
        self._confirm()
        if self.confirmed < self.written:
            self._check_gap = min(2 * self._check_gap, CHECK_GAP)
            self._timer = self._connection.loop.call_later(self._check_gap, self._check)

    def _confirm(self) -> None:
        """Move `confirmed` on. With lines at every moment somewhere on their way, it follows from mark to mark."""
        if self.confirmed == self.written:
            return
        connection = self._connection
        arrived = connection.sent - connection.unacknowledged()
        if arrived < self._mark[0]:
            return
        self.confirmed = self._mark[1]
        if not connection.pending_output:
            self._mark = (connection.sent, self.written)
            if arrived == connection.sent:
                self.confirmed = self.written
