"""The connection to the file daemon: which it is, and what it has been asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from chatd.net.loop import EventLoop, LoopStopped
from chatwire.codec import Object

log = logging.getLogger("chatd.files")

ANSWER_WAIT = 10.0  # seconds for an answer to `open_port`
AWAY = "the file daemon is away"

Answer = Callable[[int, str], None]
"""Gets the port that was opened, or 0 and why there is none. May run in any thread, and must not block."""


class DaemonPeer(Protocol):
    """The file daemon's connection. ``loop`` may be read by any thread, the rest is for that loop's."""

    loop: EventLoop

    def send_object(self, obj: Object) -> None:
        """Queue one object."""

    def say_goodbye(self, reason: str) -> None:
        """End the connection, saying why."""


class FileLink:
    """At most one file daemon is attached. Every method: any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all below
        self._peer: DaemonPeer | None = None
        self._port = 0
        self._last_ref = 0
        self._asked: dict[int, Answer] = {}

    @property
    def present(self) -> bool:
        """Whether a file daemon is attached."""
        with self._lock:
            return self._peer is not None

    @property
    def port(self) -> int:
        """Where the file daemon serves HTTP, or did when it was last here; 0 when that is not known."""
        with self._lock:
            return self._port

    def is_daemon(self, peer: DaemonPeer) -> bool:
        """Whether this connection is the file daemon's."""
        with self._lock:
            return self._peer is peer

    def attach(self, peer: DaemonPeer, port: int) -> None:
        """From now on this is the file daemon; another one is told that it is not any more."""
        with self._lock:
            former, self._peer, self._port = self._peer, peer, port
            asked = [] if former is peer else self._take_asked()
        log.info("the file daemon is here: port=%d", port)
        if former is not None and former is not peer:
            log.warning("another file daemon has taken the place of the first one")
            _post(former, partial(former.say_goodbye, "replaced"))
        _refuse(asked)

    def detach(self, peer: DaemonPeer) -> None:
        """The connection has ended; nothing happens if it is not the file daemon's any more."""
        with self._lock:
            if self._peer is not peer:
                return
            self._peer = None
            asked = self._take_asked()
        log.warning("the file daemon is away")
        _refuse(asked)

    def tell(self, obj: Object) -> None:
        """Send it something; when it is away, it will look at the index of files."""
        with self._lock:
            peer = self._peer
        if peer is not None:
            _post(peer, lambda: peer.send_object(obj))

    def ask_port(self, request: Object, answer: Answer) -> None:
        """Have a raw port opened; ``answer`` is called once."""
        with self._lock:
            peer = self._peer
            self._last_ref += 1
            ref = self._last_ref
            if peer is not None:
                self._asked[ref] = answer
        if peer is None:
            answer(0, AWAY)
            return
        asking = peer

        def ask() -> None:
            asking.send_object({"cmd": "open_port", "ref": ref, **request})
            asking.loop.call_later(ANSWER_WAIT, partial(self.answered, ref, 0, "no answer"))

        if not _post(peer, ask):
            self.answered(ref, 0, AWAY)

    def answered(self, ref: int, port: int, detail: str) -> None:
        """What became of a request; one that has been answered, or is of another connection, is ignored."""
        with self._lock:
            answer = self._asked.pop(ref, None)
        if answer is not None:
            answer(port, detail)

    def _take_asked(self) -> list[Answer]:
        asked, self._asked = list(self._asked.values()), {}
        return asked


def _refuse(asked: list[Answer]) -> None:
    for answer in asked:
        answer(0, AWAY)


def _post(peer: DaemonPeer, job: Callable[[], None]) -> bool:
    try:
        peer.loop.post(job)
    except LoopStopped:
        return False  # the server is stopping
    return True
