"""Transactions, errors and connections, on both engines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql
import pytest

from chatbase import drivers, schema
from chatbase.engine import Conflict, Database, DatabaseUnavailable, Deadlock
from chatd.store import messages, users
from tests.support.mariadb import MariaDB
from tests.support.waiting import DEADLINE, wait_until


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, 8)
    schema.prepare(made)
    yield made
    made.close()


def test_a_transaction_is_committed_when_its_block_ends(database: Database) -> None:
    with database.transaction(write=True) as tx:
        number = users.create(tx, "alice", "hash")
    with database.transaction() as tx:
        assert users.id_of(tx, "alice") == number


def test_a_transaction_is_rolled_back_when_its_block_raises(database: Database) -> None:
    def fail() -> None:
        with database.transaction(write=True) as tx:
            users.create(tx, "alice", "hash")
            raise KeyError("ours")

    for _ in range(10):  # more often than there are connections: each is given back clean
        with pytest.raises(KeyError):
            fail()
    with database.transaction() as tx:
        assert users.id_of(tx, "alice") is None


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.transaction() as reader:
        assert reader.row("SELECT COUNT(*) FROM users") == (0,)
        with database.transaction(write=True) as writer:
            users.create(writer, "alice", "hash")
        assert reader.row("SELECT COUNT(*) FROM users") == (0,)
    with database.transaction() as reader:
        assert reader.row("SELECT COUNT(*) FROM users") == (1,)


def test_a_taken_key_is_a_conflict(database: Database) -> None:
    with database.transaction(write=True) as tx:
        users.create(tx, "alice", "hash")

    def create_two() -> None:
        with database.transaction(write=True) as tx:
            users.create(tx, "bob", "hash")
            users.create(tx, "alice", "hash")

    with pytest.raises(Conflict):
        create_two()
    with database.transaction() as tx:
        assert users.id_of(tx, "bob") is None


def test_a_foreign_key_is_enforced(database: Database) -> None:
    with pytest.raises(Conflict), database.transaction(write=True) as tx:
        tx.execute("INSERT INTO friendships (user_id, friend_id) VALUES (1, 2)")


def test_a_bad_statement_is_the_database_s_error(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable), database.transaction() as tx:
        tx.rows("SELECT nothing FROM nowhere")
    with database.transaction() as tx:
        assert tx.row("SELECT 1") == (1,)


def test_values_keep_their_percent_signs_and_question_marks(database: Database) -> None:
    with database.transaction(write=True) as tx:
        users.create(tx, "100%s ?", "%d?")
        account = users.by_name(tx, "100%s ?")
        assert account is not None
        assert account.password == "%d?"
        assert tx.row("SELECT name FROM users WHERE name LIKE '100%' AND id = ?", account.id) == ("100%s ?",)


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 300])
def test_many_rows_are_stored_as_they_are(database: Database, count: int) -> None:
    odd = ["", "'", "\\", "%s?", "x'); --", "你好 😀", "\0", "a" * 16384]
    rows: list[tuple[object, ...]] = [(mid, -mid, mid, None, None, 2**52, odd[mid % 8]) for mid in range(1, count + 1)]
    rows += [(1000 + mid, 2**61, 1, 2, bytes([mid, 0, 39, 255]), 0, odd[mid]) for mid in range(8)]
    with database.transaction(write=True) as tx:
        tx.many(messages.INSERT, rows)
        tx.many("INSERT INTO users (id, name, password, created) VALUES (?, ?, 'x', 0)", [(1, "ann"), (2, "50%")])
    with database.transaction() as tx:
        assert [tuple(row) for row in tx.rows("SELECT name, created FROM users ORDER BY id")] == [
            ("ann", 0),
            ("50%", 0),
        ]
        stored = tx.rows("SELECT mid, conversation, sender, recipient, cid, ts, body FROM messages ORDER BY mid")
        assert [tuple(row) for row in stored] == rows


def test_a_row_that_is_refused_undoes_all(database: Database) -> None:
    rows = [(mid, -1, 1, None, b"same" if mid in (70, 90) else None, 0, "x") for mid in range(1, 100)]

    def write() -> None:
        with database.transaction(write=True) as tx:
            users.create(tx, "alice", "hash")
            tx.many(messages.INSERT, rows)

    with pytest.raises(Conflict):
        write()
    with database.transaction(write=True) as tx:
        assert users.by_name(tx, "alice") is None
        assert messages.last_mid(tx) == 0
        tx.many(messages.INSERT, rows[:80])
        assert messages.last_mid(tx) == 80


def test_writers_in_many_threads_never_meet_a_locked_database(database: Database) -> None:
    with database.transaction(write=True) as tx:
        users.create(tx, "counter", "hash")

    def write(_: int) -> None:
        with database.transaction(write=True) as tx:
            tx.execute("UPDATE users SET acked = acked + 1 WHERE name = 'counter'")
        with database.transaction() as tx:
            users.by_name(tx, "counter")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(400)))
    with database.transaction() as tx:
        assert tx.row("SELECT acked FROM users WHERE name = 'counter'") == (400,)


def test_sqlite_waits_for_another_process_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "SQLITE_BUSY_MS", 20)
    ours, other = Database(f"sqlite:///{tmp_path}/a.db", 1), Database(f"sqlite:///{tmp_path}/a.db", 1)
    schema.prepare(ours)
    writing = other.transaction(write=True), pytest.raises(DatabaseUnavailable, match="locked")
    with writing[0], writing[1], ours.transaction(write=True):
        pytest.fail("there are two writers")
    with ours.transaction(write=True) as tx:
        users.create(tx, "alice", "hash")
    ours.close()
    other.close()


# -- MariaDB alone -------------------------------------------------------------


@pytest.fixture
def two_rows(mariadb: MariaDB) -> Iterator[Database]:
    made = Database(mariadb.new_database(), 4)
    schema.prepare(made)
    with made.transaction(write=True) as tx:
        users.create(tx, "one", "hash")
        users.create(tx, "two", "hash")
    yield made
    made.close()


def test_a_deadlock_has_a_name_and_passes(two_rows: Database) -> None:
    meeting = threading.Barrier(2)

    def update(first: int, second: int) -> bool:
        try:
            with two_rows.transaction(write=True) as tx:
                tx.execute("UPDATE users SET acked = acked + 1 WHERE id = ?", first)
                meeting.wait(DEADLINE)
                tx.execute("UPDATE users SET acked = acked + 1 WHERE id = ?", second)
        except Deadlock:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        outcomes = [future.result() for future in (pool.submit(update, 1, 2), pool.submit(update, 2, 1))]
    assert sorted(outcomes) == [False, True]
    with two_rows.transaction() as tx:
        assert tx.rows("SELECT acked FROM users ORDER BY id") == ((1,), (1,))


def test_the_pool_recovers_from_a_killed_server(two_rows: Database, mariadb: MariaDB) -> None:
    mariadb.kill()
    try:
        for _ in range(5):
            with pytest.raises(DatabaseUnavailable), two_rows.transaction() as tx:
                tx.row("SELECT 1")
    finally:
        mariadb.start()
    for _ in range(5):  # every connection of the pool, and at the first try
        with two_rows.transaction() as tx:
            assert tx.row("SELECT COUNT(*) FROM users") == (2,)


def test_a_server_that_dies_within_a_transaction_stores_nothing(two_rows: Database, mariadb: MariaDB) -> None:
    def write() -> None:
        with two_rows.transaction(write=True) as tx:
            users.create(tx, "three", "hash")
            mariadb.kill()
            tx.row("SELECT 1")

    try:
        with pytest.raises(DatabaseUnavailable):
            write()
    finally:
        mariadb.start()
    with two_rows.transaction() as tx:
        assert users.id_of(tx, "three") is None


def test_connections_that_the_server_closes_are_replaced(two_rows: Database, mariadb: MariaDB) -> None:
    killer = pymysql.connect(unix_socket=str(mariadb.socket), user="root", autocommit=True)
    with two_rows.transaction() as tx:
        (name,) = tx.row("SELECT DATABASE()") or ("",)
    with killer.cursor() as cursor:
        sql = "SELECT id FROM information_schema.processlist WHERE db = %s"
        cursor.execute(sql, (name,))
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")
        wait_until(lambda: not cursor.execute(sql, (name,)), "the connections are gone")
    killer.close()
    for _ in range(5):
        with two_rows.transaction() as tx:
            assert tx.row("SELECT COUNT(*) FROM users") == (2,)


def test_a_password_with_special_characters_is_percent_encoded(mariadb: MariaDB) -> None:
    root = pymysql.connect(unix_socket=str(mariadb.socket), user="root", autocommit=True)
    url = mariadb.new_database()
    with root.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER 'a@b'@'localhost' IDENTIFIED BY 'p@s/s:w#o?r%%d [1]'", ())
        cursor.execute("GRANT ALL ON *.* TO 'a@b'@'localhost'")
    root.close()
    database = Database(url.replace("root@", "a%40b:p%40s%2Fs%3Aw%23o%3Fr%25d%20%5B1%5D@"), 1)
    with database.transaction() as tx:
        assert tx.row("SELECT 1") == (1,)
    database.close()
    with pytest.raises(DatabaseUnavailable, match="Access denied"):
        Database(url.replace("root@", "a%40b:wrong@"), 1)


# -- URLs ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "", "chat.db", "sqlite:", "sqlite://chat.db", "sqlite:///", "sqlite://host/chat.db", "postgres://u@h/d",
        "mysql://user:secret@host", "mysql://user:secret@host/", "mysql://user:sec/ret@host/name",
        "mysql://user:sec#ret@host/name", "mysql://user:sec?ret@host/name", "mysql://user:[secret@host/name",
        "mysql://user:secret@host:port/name", "mysql://user:secret@host:70000/name",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(ValueError, match="a database URL is") as caught:
        Database(url, 1)
    assert "sec" not in str(caught.value)


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        Database(f"mysql://root@localhost/name?unix_socket={tmp_path}/none", 1)
    with pytest.raises(DatabaseUnavailable):
        Database(f"sqlite:///{tmp_path}/no/such/folder/chat.db", 1)


# -- servers that are set up otherwise -----------------------------------------


@pytest.fixture
def mode(request: pytest.FixtureRequest, mariadb: MariaDB) -> Iterator[None]:
    root = mariadb._connect()
    with root.cursor() as cursor:
        cursor.execute("SET GLOBAL sql_mode = %s", (request.param,))
        yield
        cursor.execute("SET GLOBAL sql_mode = DEFAULT")
    root.close()


@pytest.mark.parametrize("mode", ["ORACLE", "ANSI,EMPTY_STRING_IS_NULL", "", "NO_BACKSLASH_ESCAPES"], indirect=True)
def test_the_servers_sql_mode_changes_nothing(mariadb: MariaDB, mode: None) -> None:
    database = Database(mariadb.new_database(), 1)
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        users.create(tx, "a\\'\"|", "")
        tx.many(
            "INSERT INTO messages (mid, conversation, sender, ts, body) VALUES (?, 1, 1, 1, ?)", [(1, ""), (2, "\\'")]
        )
    with database.transaction() as tx:
        assert tx.rows("SELECT name, password FROM users") == (("a\\'\"|", ""),)
        assert tx.rows("SELECT body FROM messages ORDER BY mid") == (("",), ("\\'",))
    with pytest.raises(DatabaseUnavailable, match="Data too long"), database.transaction(write=True) as tx:
        users.create(tx, "x" * 100, "")
    database.close()


def test_too_few_connections_are_named(mariadb: MariaDB) -> None:
    url = mariadb.new_database()
    root = mariadb._connect()
    with root.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER few@localhost IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 3")
        cursor.execute("GRANT ALL ON *.* TO few@localhost")
    root.close()
    few = url.replace("root@", "few:x@")
    database = Database(few, 3)
    for needed, said in ((0, 1), (10, 10)):
        with pytest.raises(DatabaseUnavailable, match=rf"too few connections; .* needs {said} .*max_user_connections"):
            Database(few, 1, needed)
    database.close()
    with pytest.raises(DatabaseUnavailable, match=r"too few connections; .* needs 4 .*max_user_connections"):
        Database(few, 4)
