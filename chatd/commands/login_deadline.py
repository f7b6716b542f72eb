"""How long a connection may be without a session."""

from __future__ import annotations

import time

from chatd.commands.peer import Peer
from chatd.net.connection import Pause
from chatd.net.timers import Timer


class LoginDeadline:
    """One for each connection; every method: its loop.

    A client of the original system connects when it starts, says nothing until somebody has typed a password, and is
    lost without its connection. So who has said nothing yet, and who has spoken as it does, may stay: their number is
    bounded by that of an address's connections. So may who was told to wait for its turn. When there are nearly too
    many in all, the deadline is theirs, too.
    """

    __slots__ = ("_peer", "_timer", "_turn")

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._timer: Timer | None = None
        self._turn = 0.0  # until when it was told to wait, in the time of ``time.monotonic``
        self.begin()

    def begin(self) -> None:
        """There is no session (any more)."""
        if self._timer is None:
            self._timer = self._peer.loop.call_later(self._peer.services.settings.login_deadline, self._late)

    def wait_for(self, seconds: float) -> None:
        """The client has been told to wait for its turn, and need not connect again for that."""
        self._turn = time.monotonic() + seconds

    def cancel(self) -> None:
        """There is one, or no connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        peer = self._peer
        if peer.session is not None or peer.file_daemon:
            return
        if self._may_stay():
            self.begin()
        else:
            peer.say_goodbye("login_timeout")

    def _may_stay(self) -> bool:
        peer = self._peer
        if peer.connection.pausing & Pause.JOB:
            return True  # it has asked, and waits for us
        waiting = time.monotonic() < self._turn + peer.services.settings.login_deadline
        return (peer.legacy or peer.connection.silent or waiting) and not peer.services.crowded()
