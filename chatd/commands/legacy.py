"""Output for peers that parse whatever their socket holds as ONE object (wire, section 1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chatd.net.connection import TOO_SLOW, Connection, Pause
from chatwire.commands import LEGACY_GAP


class Pacer:
    """Write one line per TCP segment, at least 20 ms apart. Only the connection's loop calls it.

    A line that the kernel has not taken yet would share a segment with the next one, so the next one waits for it. The
    connection's marks hold here too, for what waits to be written: above ``soft`` it is not read, and it is closed when
    more comes while what waits is above ``hard``. ``written`` is the highest mid of which every line has been written.
    """

    __slots__ = ("_closing", "_connection", "_drained", "_hard", "_lines", "_running", "_size", "_soft", "written")

    def __init__(self, connection: Connection, soft: int, hard: int, drained: Callable[[], None]) -> None:
        self._connection = connection
        self._soft, self._hard = soft, hard
        self._drained = drained
        self._lines: deque[tuple[bytes, int]] = deque()
        self._size = 0  # bytes that wait
        self._running = False
        self._closing = ""  # why the connection closes once every line is written
        self.written = 0

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
        if not self._running:
            self._running = True
            self._next()

    def forget(self) -> int:
        """Return `written` and begin anew: what is written from now on is no matter of the user who has left."""
        written, self.written = self.written, 0
        self._lines = deque((line, 0) for line, _ in self._lines)
        return written

    def close_after_flush(self, reason: str, grace: float = 2.0) -> None:
        """Write what waits, for at most ``grace`` seconds, then close the connection; nothing more is read."""
        self._closing = self._closing or reason
        self._connection.pause(Pause.CLOSING)
        self._connection.loop.call_later(grace, lambda: self._connection.close(reason))
        if not self._running:
            self._next()

    def _next(self) -> None:
        connection = self._connection
        if connection.closed:
            self._lines.clear()
            return
        if not connection.pending_output:
            if not self._lines:
                self._running = False
                if self._closing:
                    connection.close_after_flush(self._closing)
                return
            self._write_one()
        connection.loop.call_later(LEGACY_GAP, self._next)

    def _write_one(self) -> None:
        line, mid = self._lines.popleft()
        above = self._size > self._soft // 2
        self._size -= len(line)
        self.written = max(self.written, mid)
        self._connection.write(line)
        if above and self._size <= self._soft // 2:
            self._connection.resume(Pause.OUTPUT)
            self._drained()
