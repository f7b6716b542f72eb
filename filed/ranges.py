"""Which part of a file a request asks for (RFC 9110, section 14), and under which conditions (13)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r'(?:W/)?("[^"\x00-\x20\x7f]*")')
_SINGLE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.ASCII)


class NotSatisfiable(Exception):
    """The range begins behind the end of the file: 416."""


@dataclass(frozen=True)
class Part:
    """Bytes from ``start`` up to but not including ``end``; ``whole`` when nothing less was asked for."""

    start: int
    end: int
    whole: bool


def matches(condition: str | None, etag: str) -> bool:
    """Whether If-None-Match names a file; compared weakly (RFC 9110, section 13.1.2)."""
    if condition is None:
        return False
    return condition.strip() == "*" or etag in _TAG.findall(condition)


def requested(size: int, header: str | None, if_range: str | None, etag: str) -> Part:
    """The part that a request's headers ask for.

    What is no single range of bytes is ignored, as the RFC permits, and the whole file sent; so it is when the
    condition in If-Range does not hold. Only an equal strong entity tag makes it hold: there are no dates.

    Raises:
        NotSatisfiable: the file has nothing there.
    """
    whole = Part(0, size, True)
    if header is None or (if_range is not None and if_range.strip() != etag):
        return whole
    found = _SINGLE.fullmatch(header.strip())
    if not found or not (found[1] or found[2]):
        return whole
    if not found[1]:
        return _suffix(size, int(found[2]))
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return whole  # not valid, and so to be ignored
    if start >= size:
        raise NotSatisfiable
    return Part(start, min(last, size - 1) + 1, False)


def _suffix(size: int, length: int) -> Part:
    if not length or not size:
        raise NotSatisfiable
    return Part(max(0, size - length), size, False)
