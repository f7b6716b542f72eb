"""Make the tables, and bring old ones up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatbase.clock import now_ms
from chatbase.engine import Database, DatabaseUnavailable, Transaction

SCHEMA = Path(__file__).resolve().parents[1] / "schema.sql"
VERSION = 3
LOCK_WAIT = 30  # seconds for another program that is at it

KEYS = {
    "users": "id", "tokens": "hash", "friendships": "user_id", "chat_groups": "id", "members": "user_id",
    "messages": "mid", "staged": "mid", "read_marks": "user_id", "files": "id",
}  # fmt: skip
"""All tables but the one of the versions, each with a column that it has."""

_TABLE = "/*! ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */"

MIGRATIONS: dict[int, tuple[str, ...]] = {
    2: (
        f"""CREATE TABLE files (
            id VARCHAR(32) NOT NULL PRIMARY KEY, mid BIGINT NULL, conversation BIGINT NOT NULL, sender INTEGER NULL,
            recipient INTEGER NULL, name VARCHAR(255) NOT NULL, size BIGINT NOT NULL, announced VARCHAR(64) NULL,
            sha256 VARCHAR(64) NULL, state VARCHAR(16) NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL
        ) {_TABLE}""",
        "CREATE INDEX files_mid ON files (mid)",
        "CREATE INDEX files_sender ON files (sender, state)",
        "CREATE INDEX files_state ON files (state, expires)",
    ),
    3: (
        f"CREATE TABLE staged (mid INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL) {_TABLE}",
        "/*! ALTER TABLE staged MODIFY mid BIGINT NOT NULL, MODIFY body MEDIUMBLOB NOT NULL */",
    ),
}
"""From version N - 1 to N, by N. `schema.sql` always makes the newest version."""


class SchemaTooNew(Exception):
    """The database was made by a later version of the program."""


def prepare(database: Database) -> int:
    """Make the schema in an empty database, or migrate an older one; returns the version it found, 0 for none.

    Both daemons do so at their start: the second one waits for the first.

    Raises:
        SchemaTooNew: this program is older than the database.
        DatabaseUnavailable: the database cannot be reached or written.
    """
    with database.transaction() as tx:
        if (found := _recorded(database, tx)) == VERSION:
            return found
    with database.transaction(write=True) as tx, _alone(database, tx):
        found = _current(database, tx)
        if found == 0:
            for statement in statements(SCHEMA.read_text(encoding="utf-8")):
                tx.execute(statement)
            _record(tx, VERSION)
        for version in range(found + 1 if found else VERSION + 1, VERSION + 1):
            for statement in MIGRATIONS[version]:
                tx.execute(statement)
            _record(tx, version)
    return found


def statements(script: str) -> list[str]:
    """Split a script at semicolons that end a line; comment lines and empty statements are dropped."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    pieces = (piece.strip() for piece in ("\n".join(lines) + "\n").split(";\n"))
    return [piece for piece in pieces if piece]


@contextmanager
def _alone(database: Database, tx: Transaction) -> Iterator[None]:
    """MariaDB needs a lock for it: each statement that makes a table is a transaction of its own there."""
    if database.sqlite:
        yield
        return
    if tx.row("SELECT GET_LOCK(CONCAT('chatd-schema:', MD5(DATABASE())), ?)", LOCK_WAIT) != (1,):
        raise DatabaseUnavailable("another program has been changing the schema for too long")
    try:
        yield
        tx.execute("COMMIT")  # before another one may look
    finally:
        tx.row("SELECT RELEASE_LOCK(CONCAT('chatd-schema:', MD5(DATABASE())))")


def _current(database: Database, tx: Transaction) -> int:
    """The version of the schema; 0 when there is none. Raises SchemaTooNew, and DatabaseUnavailable for half a one."""
    found = _recorded(database, tx)
    if found is None:
        raise DatabaseUnavailable("the schema is half made; drop the tables and start again")
    if found > VERSION:
        raise SchemaTooNew(f"the database has schema version {found}, this program knows {VERSION}")
    return found


def _recorded(database: Database, tx: Transaction) -> int | None:
    """What the database says of itself; 0 when it is empty, None when it is half made, or is just being made."""
    if not _has_table(database, tx):
        return 0
    row = tx.row("SELECT MAX(version) FROM schema_version")
    return None if row is None or row[0] is None else int(row[0])


def _has_table(database: Database, tx: Transaction) -> bool:
    if database.sqlite:
        return tx.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'") is not None
    return tx.row("SHOW TABLES LIKE 'schema_version'") is not None


def _record(tx: Transaction, version: int) -> None:
    tx.execute("INSERT INTO schema_version (version, applied) VALUES (?, ?)", version, now_ms())
