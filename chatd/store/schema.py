"""Make the tables, and bring old ones up to date."""

from __future__ import annotations

import time
from pathlib import Path

from chatd.store.engine import Database, DatabaseUnavailable, Transaction

SCHEMA = Path(__file__).resolve().parents[2] / "schema.sql"
VERSION = 1

MIGRATIONS: dict[int, tuple[str, ...]] = {}
"""From version N - 1 to N, by N. `schema.sql` always makes the newest version."""


class SchemaTooNew(Exception):
    """The database was made by a later version of the program."""


def prepare(database: Database) -> int:
    """Make the schema in an empty database, or migrate an older one; returns the version it found, 0 for none.

    Raises:
        SchemaTooNew: this program is older than the database.
        DatabaseUnavailable: the database cannot be reached or written.
    """
    found = _current(database)
    if found > VERSION:
        raise SchemaTooNew(f"the database has schema version {found}, this program knows {VERSION}")
    with database.transaction(write=True) as tx:
        if found == 0:
            for statement in statements(SCHEMA.read_text(encoding="utf-8")):
                tx.execute(statement)
            _record(tx, VERSION)
        for version in range(max(found, VERSION if found == 0 else found) + 1, VERSION + 1):
            for statement in MIGRATIONS[version]:
                tx.execute(statement)
            _record(tx, version)
    return found


def statements(script: str) -> list[str]:
    """Split a script at semicolons that end a line; comment lines and empty statements are dropped."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    pieces = (piece.strip() for piece in ("\n".join(lines) + "\n").split(";\n"))
    return [piece for piece in pieces if piece]


def _current(database: Database) -> int:
    with database.transaction() as tx:
        if not _has_table(database, tx):
            return 0
        row = tx.row("SELECT MAX(version) FROM schema_version")
    if row is None or row[0] is None:
        raise DatabaseUnavailable("the schema is half made; drop the tables and start again")
    return int(row[0])


def _has_table(database: Database, tx: Transaction) -> bool:
    if database.sqlite:
        return tx.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'") is not None
    return tx.row("SHOW TABLES LIKE 'schema_version'") is not None


def _record(tx: Transaction, version: int) -> None:
    tx.execute("INSERT INTO schema_version (version, applied) VALUES (?, ?)", version, int(time.time() * 1000))
