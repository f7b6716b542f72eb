"""Which mids of a conversation are completely in the cache, so that it is known where something may be missing."""

from __future__ import annotations

import sqlite3

NOW = (1 << 53) - 1  # the high end of a range that grows with what is pushed


class Ranges:
    """Disjoint ranges ``low < mid <= high``, of one database connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, conversation: int, low: int, high: int) -> None:
        """Everything above ``low`` up to ``high`` is there; ranges that touch become one."""
        touching = self._db.execute(
            "SELECT low, high FROM ranges WHERE conversation = ? AND low <= ? AND high >= ?", (conversation, high, low)
        ).fetchall()
        self._db.executemany(
            "DELETE FROM ranges WHERE conversation = ? AND low = ?", [(conversation, old) for old, _ in touching]
        )
        low = min([low, *(old for old, _ in touching)])
        high = max([high, *(old for _, old in touching)])
        self._db.execute("INSERT INTO ranges VALUES (?, ?, ?)", (conversation, low, high))

    def low(self, conversation: int, mid: int) -> int:
        """The low end of the range that a mid is in, or the mid less one when it is in none."""
        row = self._db.execute(
            "SELECT low, high FROM ranges WHERE conversation = ? AND low < ? ORDER BY low DESC LIMIT 1",
            (conversation, mid),
        ).fetchone()
        return int(row[0]) if row is not None and row[1] >= mid else mid - 1

    def asks_before(self, conversation: int, mid: int) -> int:
        """Before which mid something may be missing, where it is gone on backwards from below ``mid``."""
        low = self.low(conversation, mid - 1)
        row = self._db.execute(
            "SELECT 1 FROM ranges WHERE conversation = ? AND low = ? AND high >= ?", (conversation, low, mid - 1)
        ).fetchone()
        return low + 1 if row is not None else mid

    def high(self, conversation: int, mid: int) -> int:
        """The high end of the range that a mid is in, or the mid itself when it is in none."""
        row = self._db.execute(
            "SELECT high FROM ranges WHERE conversation = ? AND low < ? ORDER BY low DESC LIMIT 1", (conversation, mid)
        ).fetchone()
        return max(int(row[0]), mid) if row is not None else mid

    def forget(self, conversation: int, low: int, high: int) -> None:
        """Something may be missing above ``low`` up to ``high``."""
        if low >= high:
            return
        touched = self._db.execute(
            "SELECT low, high FROM ranges WHERE conversation = ? AND low < ? AND high > ?", (conversation, high, low)
        ).fetchall()
        for old_low, old_high in touched:
            self._db.execute("DELETE FROM ranges WHERE conversation = ? AND low = ?", (conversation, old_low))
            for left in ((old_low, min(old_high, low)), (max(old_low, high), old_high)):
                if left[0] < left[1]:
                    self._db.execute("INSERT INTO ranges VALUES (?, ?, ?)", (conversation, *left))

    def follows(self, conversation: int) -> bool:
        """Whether what is pushed belongs to a range already."""
        return (
            self._db.execute("SELECT 1 FROM ranges WHERE conversation = ? AND high = ?", (conversation, NOW)).fetchone()
            is not None
        )
