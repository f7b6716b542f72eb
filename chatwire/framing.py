"""Cut a byte stream into JSON objects (wire, section 1), without parsing them.

Two forms are understood, and may be mixed in one stream:

* one line: everything up to a newline;
* spread over lines: a line that is a lone ``{`` up to a line that begins with ``}``. The newline after that
  brace may be missing, and the next object may follow at once. JSON strings cannot hold a raw newline, and
  an indenting writer puts only the outermost brace in column 0, so the first newline followed by ``}`` is
  the end.

The buffer remembers how far it has searched, so a stream that trickles in byte by byte is searched once, not
again and again; and white space between objects is skipped by one C call however much of it there is.
"""

from __future__ import annotations

import re

from chatwire.errors import FrameTooLong, ObjectSkipped

MOST_SKIPPED = 64 * 1024 * 1024  # bytes of one object
_BEGINNING = 256  # bytes of it that are looked at
_SPACE = re.compile(rb"[ \t\r\n]*")
_SPACE_IN_LINE = b" \t\r"
_END_OF_SPREAD = b"\n}"
_RETURN, _BEGIN_BRACE, _END_BRACE = b"\r{}"


class Framer:
    """Sans-I/O splitter. One owner at a time; it has no lock.

    ``limit`` is the largest object in bytes: all of its line but the line's end, so white space behind an
    object counts. ``spread`` tells whether the frame returned last was spread over lines.
    """

    __slots__ = ("_buffer", "_inside", "_limit", "_pos", "_searched", "spread")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer: bytes | bytearray = b""
        self._pos = 0  # where the current object begins
        self._searched = 0  # no end of it lies before this position
        self._inside = False  # within an object that is spread over lines
        self.spread = False

    def feed(self, data: bytes) -> None:
        """Add what arrived. Nothing is copied when the last object ended with the last piece."""
        if self._pos >= len(self._buffer):
            self._buffer = data
            self._pos = self._searched = 0
            return
        self._compact()
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next whole object's bytes, or None when more input is needed.

        Raises:
            FrameTooLong: as soon as the object that has begun is longer than the limit.
        """
        buffer, pos = self._buffer, self._pos
        if not self._inside and pos < len(buffer) and buffer[pos] == _BEGIN_BRACE:
            end = buffer.find(b"\n", self._searched)
            if end < 0:
                self._incomplete()
                return None
            if pos + 1 < end <= pos + self._limit and buffer[end - 1] == _END_BRACE:
                self._pos = self._searched = end + 1  # nearly always: a line that needs nothing else
                self.spread = False
                frame = buffer[pos:end]
                return frame if type(frame) is bytes else bytes(frame)
        return self._next_oddly()

    def _next_oddly(self) -> bytes | None:
        """The next object where it is not just a line."""
        if not self._inside and not self._begin():
            return None
        end = self._buffer.find(_END_OF_SPREAD if self._inside else b"\n", self._searched)
        if end < 0:
            self._incomplete()
            return None
        if not self._inside:
            line = self._take(end, end + 1)
            if line != b"{":
                self.spread = False
                return line
            return self._enter_spread(end)
        frame = self._take(end + 2, end + 2)
        self._inside = False
        self.spread = True
        return frame

    def pending(self) -> bool:
        """Whether bytes are buffered that `next` has not returned yet."""
        return self._pos < len(self._buffer)

    def rest(self) -> bytes:
        """Those bytes."""
        return bytes(self._buffer[self._pos :])

    def _begin(self) -> bool:
        """Skip white space before an object; False when nothing is left."""
        buffer, pos = self._buffer, self._pos
        if pos < len(buffer) and buffer[pos] <= 0x20:
            found = _SPACE.match(buffer, pos)
            self._pos = found.end() if found else pos
            self._searched = max(self._searched, self._pos)
        if self._pos < len(buffer):
            return True
        self._buffer = b""  # an idle connection keeps no buffer
        self._pos = self._searched = 0
        return False

    def _take(self, end: int, after: int) -> bytes:
        self._check(end)
        frame = bytes(self._buffer[self._pos : end]).rstrip(_SPACE_IN_LINE)
        self._pos = self._searched = after
        return frame

    def _enter_spread(self, newline: int) -> bytes | None:
        """A line was a lone brace: step back to it and look for the closing line from its newline on."""
        self._pos = self._buffer.rfind(b"{", 0, newline)
        self._searched = newline
        self._inside = True
        return self.next()

    def _incomplete(self) -> None:
        """Remember how far the search came, and keep no more than the object that has begun."""
        self._check(len(self._buffer))
        # The last byte may be the newline that belongs to a closing brace still to come.
        self._searched = max(self._pos, len(self._buffer) - (1 if self._inside else 0))
        if self._pos:  # a single byte left behind must not hold a whole piece in memory
            self._compact()

    def _check(self, end: int) -> None:
        """Raise when the object is too long with what lies before ``end``.

        A carriage return right behind a line of the largest size passes: it may belong to the line's end. The
        rule sees only bytes before ``end``, so it gives the same answer however the stream was cut.
        """
        excess = end - self._pos - self._limit
        if excess > 1 or (excess == 1 and self._buffer[end - 1] != _RETURN):
            raise FrameTooLong(f"an object may have at most {self._limit} bytes")

    def _compact(self) -> None:
        """Let go of what was returned, and make the rest growable."""
        if isinstance(self._buffer, bytearray):
            del self._buffer[: self._pos]
        else:
            self._buffer = bytearray(self._buffer[self._pos :])
        self._searched -= self._pos
        self._pos = 0


class SkippingFramer(Framer):
    """The same for a peer that must not be sent away: it skips what is too long, if that is spread over lines.

    Nothing of the skipped object is kept, and one that has no end within `MOST_SKIPPED` bytes is an error as before.
    """

    __slots__ = ("_skipped",)

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._skipped = 0  # bytes of the object that is being skipped; 0: none is

    def next(self) -> bytes | None:
        """Return the next whole object's bytes, or None when more input is needed.

        Raises:
            ObjectSkipped: an object is too long; the call after this one goes on behind it.
            FrameTooLong: it cannot be skipped.
        """
        if self._skipped and not self._skip():
            return None
        try:
            return super().next()
        except FrameTooLong:
            if not self._inside:
                raise
            self._skipped = 1
            raise ObjectSkipped(bytes(self._buffer[self._pos : self._pos + _BEGINNING])) from None

    def _skip(self) -> bool:
        """Drop what has come of the object; true when its end has."""
        end = self._buffer.find(_END_OF_SPREAD, self._pos)
        if end >= 0:
            self._pos = self._searched = end + len(_END_OF_SPREAD)
            self._inside = False
            self._skipped = 0
            return True
        last = max(self._pos, len(self._buffer) - 1)  # it may be the newline that belongs to the closing brace
        self._skipped += last - self._pos
        if self._skipped > MOST_SKIPPED:
            raise FrameTooLong("an object has no end")
        self._pos = last
        self._compact()
        self._searched = 0
        return False
