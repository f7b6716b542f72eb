"""Time that a virtual machine's processors were given to somebody else: no program in it can be any quicker."""

from __future__ import annotations

from pathlib import Path

_STAT = Path("/proc/stat")
_STEAL = 7  # which number of the first line


class Stolen:
    """`share` since the last time it was asked."""

    def __init__(self) -> None:
        self._before = _read()

    def share(self) -> float:
        """How much of all processors' time it was, 0 to 1; 0 where nothing is known."""
        before, self._before = self._before, _read()
        whole = sum(self._before) - sum(before)
        return (self._before[_STEAL] - before[_STEAL]) / whole if whole > 0 else 0.0


def _read() -> list[int]:
    try:
        return [int(word) for word in _STAT.read_text().split("\n", 1)[0].split()[1 : _STEAL + 2]]
    except OSError:
        return [0] * (_STEAL + 1)
