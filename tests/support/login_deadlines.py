"""Login deadlines that pass when a test says so: who is in before them does not depend on the machine."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from chatd.commands.login_deadline import LoginDeadline

FAR = 3600.0  # seconds
SOON = 0.05  # again and again for those who may stay, as what they have sent may not have been read yet


class LoginDeadlines:
    """Those of all connections of servers in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._lock = threading.Lock()  # guards the next two; held by loops and by the test
        self._waiting: list[LoginDeadline] = []
        self._over = False
        monkeypatch.setattr(LoginDeadline, "begin", lambda deadline: self._begin(deadline))

    def pass_(self) -> None:
        """From now on everybody is late who has no session, as if the time had passed."""
        with self._lock:
            self._over = True
            waiting, self._waiting = self._waiting, []
        for deadline in waiting:
            deadline._peer.loop.post(partial(self._hurry, deadline))

    def _begin(self, deadline: LoginDeadline) -> None:
        if deadline._timer is not None:
            return
        with self._lock:
            deadline._timer = deadline._peer.loop.call_later(SOON if self._over else FAR, deadline._late)
            self._waiting.append(deadline)

    def _hurry(self, deadline: LoginDeadline) -> None:
        if deadline._timer is not None:
            deadline.cancel()
            deadline.begin()
