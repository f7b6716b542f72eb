"""One server for one database, whatever happens to the connection that says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatbase import schema
from chatbase.engine import Database, DatabaseUnavailable
from chatd.store import claim as module
from chatd.store import users
from chatd.store.claim import Claim, Claimed, LockClaim, claim, lock_name
from tests.support.mariadb import MariaDB, connect
from tests.support.waiting import DEADLINE, wait_until

Maker = Callable[[], Claim]
MARIADB = pytest.mark.parametrize("engine", ["mariadb"])


@pytest.fixture
def make(database_url: str) -> Iterator[Maker]:
    database = Database(database_url, 2)
    schema.prepare(database)
    made: list[Claim] = []

    def make_one() -> Claim:
        made.append(claim(database, database_url))
        return made[-1]

    yield make_one
    for one in made:
        try:
            one.close()
        except OSError:
            continue  # the test has closed it
    database.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT", 0)


def _write(claimed: Claim, name: str) -> None:
    with claimed.transaction(write=True) as tx:
        users.create(tx, name, "hash")


def _writes(claimed: Claim, name: str) -> bool:
    try:
        _write(claimed, name)
    except Claimed:
        return False
    return True


def _connection(claimed: Claim) -> Any:
    """The claim's own, as it lies in the pool."""
    assert isinstance(claimed, LockClaim)
    pooled = claimed._database._pool.connection()
    connection = pooled.dbapi_connection
    pooled.close()
    return connection


def _ask(database_url: str, sql: str) -> Any:
    """An operator's connection."""
    connection = connect(database_url, autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchall()
    connection.close()
    return found


def _kill(database_url: str, number: int) -> None:
    _ask(database_url, f"KILL {number}")
    gone = f"SELECT 1 FROM information_schema.processlist WHERE id = {number}"
    wait_until(lambda: not _ask(database_url, gone), "the connection is gone")


def test_a_database_is_claimed_by_one_until_it_lets_go(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make()
    with monkeypatch.context() as patch:
        patch.setattr(module, "WAIT", 0)
        with pytest.raises(Claimed, match=r"^another server is using this database$"):
            make()
    monkeypatch.setattr(module, "WAIT", DEADLINE)  # MariaDB notices that the first one is gone when it gets to it
    _write(first, "alice")
    first.close()
    _write(make(), "bob")


@pytest.mark.usefixtures("impatient")
def test_databases_of_one_mariadb_are_claimed_apart(mariadb: MariaDB) -> None:
    for one in [LockClaim(mariadb.new_database()) for _ in range(2)]:
        one.close()


def test_a_long_name_makes_a_lock_that_mariadb_takes() -> None:
    assert lock_name("chat") == "chatd:chat"
    names = {lock_name("x" * length) for length in range(50, 65)}
    assert len(names) == 15
    assert all(len(name) <= 64 for name in names)


def test_an_sqlite_file_is_the_same_by_whatever_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data" / "chat.db")
    monkeypatch.chdir(tmp_path)
    urls = [f"sqlite:///{tmp_path}/data/chat.db", "sqlite:///data/chat.db", "sqlite:///data/../data/chat.db"]
    urls.append(f"sqlite:///{tmp_path}/link")
    databases = [Database(url, 1) for url in urls]
    first = claim(databases[0], urls[0])
    for database, url in zip(databases[1:], urls[1:], strict=True):
        with pytest.raises(Claimed):
            claim(database, url)
    first.close()
    for database in databases:
        database.close()
    assert (tmp_path / "data" / "chat.db.lock").stat().st_mode & 0o077 == 0


@MARIADB
def test_a_start_waits_for_a_server_that_has_just_died(make: Maker, database_url: str) -> None:
    first = make()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(make)
        wait_until(lambda: "User lock" in str(_ask(database_url, "SHOW PROCESSLIST")), "the second one waits")
        assert not starting.done()
        first.close()
        _write(starting.result(15), "alice")


@MARIADB
@pytest.mark.usefixtures("impatient")
def test_a_claim_that_was_lost_is_taken_again_before_anything_is_written(make: Maker, database_url: str) -> None:
    first = make()
    _kill(database_url, _connection(first).thread_id())
    _write(first, "alice")
    with pytest.raises(Claimed):
        make()


@MARIADB
@pytest.mark.usefixtures("impatient")
def test_who_lost_the_claim_to_another_writes_nothing(make: Maker, database_url: str) -> None:
    first = make()
    _kill(database_url, _connection(first).thread_id())
    second = make()
    for _ in range(3):
        with pytest.raises(Claimed):
            _write(first, "alice")
    _write(second, "bob")
    second.close()
    wait_until(lambda: _writes(first, "carol"), "MariaDB has noticed that the second one is gone")
    with first.transaction() as tx:
        assert [name for (name,) in tx.rows("SELECT name FROM users ORDER BY id")] == ["bob", "carol"]


@MARIADB
def test_a_claim_that_is_lost_within_a_transaction_takes_the_transaction_along(make: Maker, database_url: str) -> None:
    first = make()

    def cut_off() -> None:
        with first.transaction(write=True) as tx:
            users.create(tx, "alice", "hash")
            _kill(database_url, tx.rows("SELECT CONNECTION_ID()")[0][0])
            _write(make(), "bob")

    with pytest.raises(DatabaseUnavailable):
        cut_off()
    name = database_url.partition("?")[0].rpartition("/")[2]
    assert _ask(database_url, f"SELECT name FROM {name}.users") == (("bob",),)


@MARIADB
def test_what_a_cut_in_the_network_leaves_of_the_own_connection_is_ended(make: Maker) -> None:
    """MariaDB does not learn of the end of that connection, so it keeps the lock for it."""
    first = make()
    connection = _connection(first)
    kept = os.dup(connection._sock.fileno())
    connection._force_close()
    _write(first, "alice")
    os.close(kept)


@MARIADB
def test_an_idle_connection_keeps_the_claim(make: Maker) -> None:
    with make().transaction() as tx:
        row = tx.row("SELECT @@SESSION.wait_timeout")
    assert row is not None
    assert row[0] > 300 * 24 * 3600
