"""How long something is waited for that ought to happen."""

from __future__ import annotations

import time

from tests.load.stage import Stage


class Patience:
    """Asked now and then; it ends when nothing at all has happened in this process for `Stage.patience` seconds."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seen = (-1, 0.0)

    def over(self) -> bool:
        """Whether waiting is of no use any more."""
        progress, now = self._stage.progress, time.monotonic()
        if progress != self._seen[0]:
            self._seen = progress, now
        return now - self._seen[1] > self._stage.patience
