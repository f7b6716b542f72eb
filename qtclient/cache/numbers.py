"""Numbers that the cache remembers by name. The writer's thread."""

from __future__ import annotations

import sqlite3


class Numbers:
    """What was read is kept at hand: only the writer changes it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, int] = {}

    def get(self, name: str) -> int:
        """A number; 0 where there is none."""
        if name not in self._known:
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
            self._known[name] = row[0] if row is not None and isinstance(row[0], int) else 0
        return self._known[name]

    def put(self, name: str, value: int) -> None:
        """Remember a number."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
        self._known[name] = value

    def forget(self) -> None:
        """What was put may have been undone."""
        self._known.clear()
