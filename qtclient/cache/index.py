"""The index that search asks: what stands in it, and how it is made anew while everything else goes on."""

from __future__ import annotations

import sqlite3

from qtclient.cache import grams
from qtclient.cache.numbers import Numbers

_AT_ONCE = 200  # messages; a few hundredths of a second
_RULES, _TO_DO = "folding", "unindexed"


class SearchIndex:
    """The writer's thread. Up to the row ``unindexed`` nothing is in it yet: what comes there waits for its turn."""

    def __init__(self, db: sqlite3.Connection, numbers: Numbers) -> None:
        self._db = db
        self._numbers = numbers

    def add(self, row: int, conversation: int, text: str) -> None:
        """A message's text, or the name of its file."""
        if row > self._numbers.get(_TO_DO):
            values = row, grams.place(conversation), grams.pairs(text)
            self._db.execute("INSERT INTO search (rowid, place, pairs) VALUES (?, ?, ?)", values)

    def remove(self, row: int, conversation: int, text: str) -> None:
        """The same as was added: the index does not keep texts, and has to be told what it forgets."""
        if row > self._numbers.get(_TO_DO):
            values = row, grams.place(conversation), grams.pairs(text)
            self._db.execute("INSERT INTO search (search, rowid, place, pairs) VALUES ('delete', ?, ?, ?)", values)

    def go_on(self) -> bool:
        """Begin anew where texts were folded by other rules, and do the next part of that. Whether there is more."""
        if self._numbers.get(_RULES) != grams.FOLDING:
            self._db.execute("INSERT INTO search (search) VALUES ('delete-all')")
            (last,) = self._db.execute("SELECT max(row) FROM messages").fetchone()
            self._numbers.put(_TO_DO, last or 0)
            self._numbers.put(_RULES, grams.FOLDING)
        upto = self._numbers.get(_TO_DO)
        found = self._db.execute(
            "SELECT m.row, m.conversation, coalesce(f.name, m.text)"
            " FROM messages m LEFT JOIN files f ON f.file = m.file WHERE m.row <= ? ORDER BY m.row DESC LIMIT ?",
            (upto, _AT_ONCE),
        ).fetchall()
        self._numbers.put(_TO_DO, found[-1][0] - 1 if len(found) == _AT_ONCE else 0)
        for row, conversation, text in found:
            self.add(row, conversation, text)
        return len(found) == _AT_ONCE
