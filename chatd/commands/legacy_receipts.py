"""What a legacy client has had: it cannot say so, and what its TCP has acknowledged it may never read.

A request that it makes after an object has reached its machine shows that it lives and reads. One that was on its way
already, or waited in the kernel, shows nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from chatd.net.connection import Connection

MOST_DOUBTFUL = 200  # messages; what comes after them counts as not had
REMEMBERED = 2000  # users
MOST_WAITING = 64  # places in the stream of input; between them, the later one stands for both


class Mark:
    """An object that was written: ``end`` is where it ends in the stream, once that is known; only what comes in a
    later piece of input than number ``seen`` was sent after it.
    """

    __slots__ = ("end", "seen")

    def __init__(self, seen: int) -> None:
        self.end: int | None = None
        self.seen = seen


class Had(NamedTuple):
    """A user has had all messages up to ``mid`` but the ``doubtful`` ones, which a box may have hidden."""

    mid: int
    doubtful: frozenset[int]

    @property
    def acknowledged(self) -> int:
        """The mid up to which nothing is doubtful."""
        return min(self.doubtful) - 1 if self.doubtful else self.mid

    def contains(self, mid: int) -> bool:
        """Whether a message need not be sent again."""
        return mid <= self.mid and mid not in self.doubtful


NOTHING = Had(0, frozenset())


class HadBefore:
    """What users have had beyond what is stored as acknowledged, so that one doubtful message does not bring back all
    that came after it. Lost with the process: then they come again. Every method: any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table
        self._users: dict[int, Had] = {}

    def of(self, user_id: int) -> Had:
        """What is known of a user."""
        with self._lock:
            return self._users.get(user_id, NOTHING)

    def add(self, user_id: int, had: Had) -> Had:
        """Another session has ended, which began with what was doubtful before. Returns what holds now."""
        with self._lock:
            before = self._users.pop(user_id, NOTHING)
            doubtful = had.doubtful | frozenset(mid for mid in before.doubtful if mid > had.mid)
            now = Had(max(before.mid, had.mid), doubtful)
            if doubtful:
                self._users[user_id] = now
                if len(self._users) > REMEMBERED:
                    del self._users[next(iter(self._users))]
            return now


class Receipts:
    """One for each legacy connection; every method: its loop."""

    __slots__ = ("_connection", "_doubtful", "_had", "_open", "_pieces", "_waiting", "written")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pieces = 0  # of input that have come
        self._open: list[Mark] = []  # those whose ends are not known yet
        self._waiting: deque[tuple[int, Mark]] = deque()  # mids that no request has confirmed
        self._doubtful: list[int] = []
        self._had = 0
        self.written = 0

    def came(self) -> None:
        """A piece of input has come."""
        self._pieces += 1

    def mark(self) -> Mark:
        """Mark the object that is about to be written, everything before which the kernel has taken."""
        self._settle_ends()
        mark = Mark(self._pieces + (self._connection.unread_input() > 0))
        self._open.append(mark)
        return mark

    def wrote(self, mid: int, mark: Mark, *, doubtful: bool) -> None:
        """A message was written; ``doubtful``: perhaps while a box was open. Mids only grow."""
        self.written = mid
        if doubtful and len(self._doubtful) <= MOST_DOUBTFUL:
            self._doubtful.append(mid)
        if self._waiting and (self._waiting[-1][1].seen == mark.seen or len(self._waiting) == MOST_WAITING):
            self._waiting.pop()  # what confirms the later one confirms both
        self._waiting.append((mid, mark))

    def shown(self, mark: Mark) -> bool:
        """Whether the request that has just been read was made after that object had reached the client's machine."""
        self._settle_ends()
        connection = self._connection
        arrived = connection.sent - connection.unacknowledged()
        return mark.end is not None and mark.end <= arrived and self._pieces > mark.seen

    def request(self) -> None:
        """A request has been read."""
        while self._waiting and self.shown(self._waiting[0][1]):
            self._had, _ = self._waiting.popleft()

    def forget(self) -> Had:
        """Return what the user has had, and begin anew: what is written from now on is another one's."""
        mid, doubtful = self._had, self._doubtful
        if len(doubtful) > MOST_DOUBTFUL:
            mid = min(mid, doubtful[-1])
        self._had = self.written = 0
        self._doubtful = []
        self._waiting.clear()
        return Had(mid, frozenset(one for one in doubtful if one <= mid))

    def _settle_ends(self) -> None:
        """What the kernel has taken ends where its count stands: the next object is not written before that."""
        if self._open and not self._connection.pending_output:
            for mark in self._open:
                mark.end = self._connection.sent
            self._open.clear()
