"""The time as the database and the wire have it, and how far it is believed.

A clock can be wrong for a while: a machine without a battery starts in 1970, and NTP, a typing error or a virtual
machine sets it forty days ahead. What is only shown follows it. What is destroyed or refused because its time is over
is not given back when the clock is, so a jump has to hold for an hour, by the clock that nobody can set, before it
counts. And as long as two times are possible, what is granted lasts by the later one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from chatbase.engine import Database

log = logging.getLogger("chatbase.clock")

STEP = 60_000  # ms; what is less than that between two looks is no jump
CONFIRMED = 3_600_000  # ms for which the clock has to stay where it has jumped to


def now_ms() -> int:
    """Milliseconds since 1970 UTC, as the machine has it."""
    return int(time.time() * 1000)


def elapsed_ms() -> int:
    """Milliseconds since some moment: never set, and running while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Clock:
    """Every method: any thread.

    A start is a jump, too: from ``newest``, the newest time that anything stored has, to what the machine says now.
    """

    def __init__(
        self, newest: int = 0, wall: Callable[[], int] = now_ms, elapsed: Callable[[], int] = elapsed_ms
    ) -> None:
        """``newest`` in ms; 0 when nothing is stored."""
        self._wall, self._elapsed = wall, elapsed
        self._lock = threading.Lock()  # guards all below; all of them are wall time less elapsed time
        began = elapsed()
        self._least = newest - began if newest else None  # it is never earlier than what has been stored
        self._believed = newest - began if newest else wall() - began
        self._claimed = wall() - began
        self._since = began  # when it was first claimed

    def earliest(self) -> int:
        """To destroy or refuse by: what has ended by now, has ended by any time that is possible."""
        wall, believed = self._look()
        return min(wall, believed)

    def latest(self) -> int:
        """To grant by: what begins now lasts as long as it should, whichever time is right."""
        wall, believed = self._look()
        return max(wall, believed, self._elapsed() + self._least if self._least is not None else 0)

    def _look(self) -> tuple[int, int]:
        """The time that the machine claims, and the one that is believed."""
        wall, elapsed = self._wall(), self._elapsed()
        claimed = wall - elapsed
        with self._lock:
            if abs(claimed - self._claimed) > STEP:
                log.warning("the clock has jumped: seconds=%d", (claimed - self._claimed) // 1000)
                self._since = elapsed
            elif elapsed - self._since >= CONFIRMED:
                self._believed = claimed
            if abs(claimed - self._believed) <= STEP:
                self._believed = claimed
            self._claimed = claimed
            return wall, elapsed + self._believed


def clock_of(database: Database) -> Clock:
    """A clock that knows the newest time in a database. Raises DatabaseUnavailable."""
    with database.transaction() as tx:
        found = [tx.row(f"SELECT {column} FROM {table} ORDER BY {key} DESC LIMIT 1") for table, key, column in _STAMPED]
    return Clock(max((int(row[0]) for row in found if row), default=0))


_STAMPED = (("messages", "mid", "ts"), ("users", "id", "created"), ("files", "mid", "created"))
