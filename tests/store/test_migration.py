"""A database of the first release is brought up to date, once, whoever comes first, and is then like a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbase import files, schema
from chatbase.engine import Database, Row
from chatbase.files import File
from chatd.store import messages, users
from tests.support.mariadb import MariaDB

VERSION_1 = Path(__file__).with_name("version1.sql")
FILE = File("id", 7, -1, 1, None, "a.txt", 10, None, None, files.WAITING, 1, 2)

Make = Callable[[], str]


@pytest.fixture
def new_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """URLs of empty databases."""
    if engine == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/{len(list(tmp_path.iterdir()))}.db"
    mariadb: MariaDB = request.getfixturevalue("mariadb")
    return mariadb.new_database


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Opens databases and closes them."""
    made: list[Database] = []

    def make(url: str) -> Database:
        made.append(Database(url, 1))
        return made[-1]

    yield make
    for database in made:
        database.close()


Open = Callable[[str], Database]


def version_1(database: Database) -> None:
    """Make it as the first release did."""
    with database.transaction(write=True) as tx:
        for statement in schema.statements(VERSION_1.read_text(encoding="utf-8")):
            tx.execute(statement)
        tx.execute("INSERT INTO schema_version (version, applied) VALUES (1, 5)")


def shape(database: Database, table: str) -> list[Row]:
    """Columns and indexes of a table."""
    with database.transaction() as tx:
        if not database.sqlite:
            return list(tx.rows(f"SHOW COLUMNS FROM {table}")) + [
                (row[2], row[3], row[4]) for row in tx.rows(f"SHOW INDEX FROM {table}")
            ]
        indexes = sorted(row[1] for row in tx.rows(f"PRAGMA index_list({table})"))
        columns = list(tx.rows(f"PRAGMA table_info({table})"))
        return columns + [(name, *row) for name in indexes for row in tx.rows(f"PRAGMA index_info({name})")]


def test_a_migrated_database_has_the_same_tables_as_a_new_one(new_url: Make, opened: Open) -> None:
    old, new = opened(new_url()), opened(new_url())
    version_1(old)
    assert schema.prepare(old) == 1
    assert schema.prepare(new) == 0
    for table, least in (("files", 13), ("staged", 2)):
        assert shape(old, table) == shape(new, table)
        assert len(shape(new, table)) >= least
    assert schema.prepare(old) == schema.prepare(new) == schema.VERSION


def test_what_was_there_is_still_there(new_url: Make, opened: Open) -> None:
    database = opened(new_url())
    version_1(database)
    with database.transaction(write=True) as tx:
        assert users.create(tx, "alice", "hash") == 1
        tx.many(messages.INSERT, [(1, messages.private(1, 1), 1, 1, b"c", 5, "")])
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        assert messages.by_mids(tx, [1])[1]["text"] == "", "an empty text is no offer"
        tx.execute(files.INSERT, *FILE.row())
    with database.transaction() as tx:
        assert files.find(tx, "id") == FILE
        versions = [version for (version,) in tx.rows("SELECT version FROM schema_version ORDER BY version")]
    assert versions == list(range(1, schema.VERSION + 1))


@pytest.mark.parametrize("old", [False, True])
def test_two_programs_at_once_make_it_once(new_url: Make, opened: Open, old: bool) -> None:
    url = new_url()
    databases = [opened(url) for _ in range(4)]
    if old:
        version_1(databases[0])
    found: list[int] = []
    together = threading.Barrier(len(databases))

    def prepare(database: Database) -> None:
        together.wait()
        found.append(schema.prepare(database))

    threads = [threading.Thread(target=prepare, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = 1 if old else 0
    assert len(found) == len(databases)
    assert sorted(found)[0] == first
    assert found.count(first) == 1
    with databases[0].transaction() as tx:
        versions = [version for (version,) in tx.rows("SELECT version FROM schema_version ORDER BY version")]
    assert versions == (list(range(1, schema.VERSION + 1)) if old else [schema.VERSION])


def test_one_that_starts_while_another_makes_the_tables_waits_for_it(database_url: str) -> None:
    first, second = Database(database_url, 1), Database(database_url, 1)
    maker = threading.Thread(target=lambda: schema.prepare(first), name="maker")
    maker.start()
    while maker.is_alive():  # at every moment of it
        schema.prepare(second)
    maker.join()
    assert schema.prepare(second) == schema.VERSION
    for database in (first, second):
        database.close()
