"""The schema is made once, kept, migrated, and refused when it is from the future."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatbase import schema
from chatbase.engine import Database, DatabaseUnavailable
from chatd.store import users

TABLES = {
    "schema_version", "users", "tokens", "friendships", "chat_groups", "members", "messages", "read_marks", "files",
    "staged",
}  # fmt: skip


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, 2)
    yield made
    made.close()


def test_an_empty_database_gets_all_tables(database: Database) -> None:
    assert schema.prepare(database) == 0
    with database.transaction() as tx:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'" if database.sqlite else "SHOW TABLES"
        assert {name for (name,) in tx.rows(sql)} - {"sqlite_stat1"} == TABLES
        assert list(tx.rows("SELECT version FROM schema_version")) == [(schema.VERSION,)]


def test_a_second_start_changes_nothing(database: Database) -> None:
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        users.create(tx, "alice", "hash")
    with database.transaction() as tx:
        before = tx.rows("SELECT version, applied FROM schema_version")
    assert schema.prepare(database) == schema.VERSION
    with database.transaction() as tx:
        assert tx.rows("SELECT version, applied FROM schema_version") == before
        assert users.id_of(tx, "alice") == 1


def test_a_later_schema_is_refused(database: Database) -> None:
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        tx.execute("INSERT INTO schema_version (version, applied) VALUES (?, 0)", schema.VERSION + 1)
    with pytest.raises(schema.SchemaTooNew, match=f"version {schema.VERSION + 1}.*knows {schema.VERSION}"):
        schema.prepare(database)


def test_an_older_schema_is_migrated_step_by_step(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.prepare(database)
    first, second = schema.VERSION + 1, schema.VERSION + 2
    steps = {
        first: ("CREATE TABLE extra (one INTEGER NOT NULL)", "INSERT INTO extra (one) VALUES (7)"),
        second: ("ALTER TABLE extra ADD COLUMN two INTEGER NOT NULL DEFAULT 8",),
    }
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", second)
    assert schema.prepare(database) == first - 1
    with database.transaction() as tx:
        assert tx.row("SELECT one, two FROM extra") == (7, 8)
        assert tx.row("SELECT MAX(version), COUNT(*) FROM schema_version") == (second, 3)
    assert schema.prepare(database) == second


def test_a_half_made_schema_is_named(database: Database) -> None:
    """MariaDB commits every CREATE TABLE by itself, so a crash may leave the first ones without the rest."""
    with database.transaction(write=True) as tx:
        tx.execute("CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied BIGINT NOT NULL)")
    with pytest.raises(DatabaseUnavailable, match="half made"):
        schema.prepare(database)


def test_a_script_is_split_at_semicolons_that_end_a_line() -> None:
    script = "-- a comment; with a semicolon;\nCREATE TABLE a (\n    b TEXT -- not; here\n);\n\n"
    script += "SELECT ';' ;\n;\nSELECT 2;"
    assert schema.statements(script) == ["CREATE TABLE a (\n    b TEXT -- not; here\n)", "SELECT ';'", "SELECT 2"]


def test_nothing_is_split_into_nothing() -> None:
    assert schema.statements("") == []
    assert schema.statements("-- only a comment;\n\n;\n") == []


def test_the_real_script_has_one_statement_per_piece() -> None:
    pieces = schema.statements(schema.SCHEMA.read_text(encoding="utf-8"))
    words = ("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "/*! ALTER TABLE")
    assert all(piece.startswith(words) for piece in pieces)
    assert sum(piece.startswith("CREATE TABLE") for piece in pieces) == len(TABLES)


def test_names_differ_by_case_and_accents(database: Database) -> None:
    schema.prepare(database)
    names = ("emil", "Emil", "émil", "𝔢mil")
    with database.transaction(write=True) as tx:
        ids = [users.create(tx, name, "hash") for name in names]
    with database.transaction() as tx:
        assert [users.id_of(tx, name) for name in names] == ids
