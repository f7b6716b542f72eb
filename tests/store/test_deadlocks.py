"""Transactions on MariaDB that have to make way for another one are run again, and nobody notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from chatbase import files, schema
from chatbase.clock import Clock
from chatbase.engine import Database, Deadlock, Transaction
from chatbase.files import File
from chatd.store import friends, messages, users
from chatd.store.records import ChangeRecord, MarkRecord
from chatd.store.users import Account
from filed.index import Index
from tests.store.bench import ALICE, BOB, Bench
from tests.support.mariadb import MariaDB, connect
from tests.support.waiting import DEADLINE, wait_until

USER = "SELECT id FROM users WHERE id = %s FOR UPDATE"
PAIR = messages.private(ALICE, BOB)


class Other:
    """Another program that works with the database: a transaction in a connection of its own."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._cursor = self._connection.cursor()

    def run(self, sql: str, *args: Any) -> None:
        self._cursor.execute(sql, args)

    def grow(self) -> None:
        """Become so large a transaction that it is not the one which makes way."""
        self.run("INSERT INTO schema_version (version, applied) SELECT seq, 0 FROM seq_1000_to_3000")

    def commit(self) -> None:
        self._connection.commit()

    def roll_back(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB that behaves as newer versions do: what has changed since the snapshot cannot be locked."""
    server = MariaDB(tmp_path_factory.mktemp("strict"), "--innodb-snapshot-isolation=ON")
    yield server
    server.remove()


@pytest.fixture(params=["mariadb", "strict"])
def server(request: pytest.FixtureRequest) -> MariaDB:
    found: MariaDB = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(server: MariaDB) -> str:
    return server.new_database()


@pytest.fixture
def bench(url: str) -> Iterator[Bench]:
    made = Bench(url)
    yield made
    made.close()


@pytest.fixture
def other(url: str, bench: Bench) -> Iterator[Other]:
    made = Other(url)
    yield made
    made.close()


def _status(bench: Bench, name: str) -> int:
    with bench.database.transaction() as tx:
        row = tx.row(f"SHOW GLOBAL STATUS LIKE 'Innodb_{name}'")
    assert row is not None
    return int(row[1])


def _wait_for_a_lock(bench: Bench) -> None:
    """Until the journal's transaction waits for one. (`innodb_trx` does not change while it is read all the time.)"""
    wait_until(lambda: _status(bench, "row_lock_current_waits") == 1, "the journal waits for a lock")


def _meet(bench: Bench, other: Other, first: tuple[Any, ...], second: tuple[Any, ...], begin: Callable[[], Any]) -> Any:
    """``other`` has locked what is ``first``, ours waits for it, and then it wants what ours has locked."""
    before = _status(bench, "deadlocks")
    other.grow()
    other.run(*first)
    begun = begin()
    _wait_for_a_lock(bench)
    other.run(*second)
    assert _status(bench, "deadlocks") == before + 1
    other.roll_back()
    return begun


# -- deadlocks -----------------------------------------------------------------


def _mark_both(bench: Bench, conversation: int | None = None) -> list[int | None]:
    """Marks of both users, in one batch behind a message; with ``conversation``, the first one has read it."""
    marks: list[int | None] = []
    bench.hold()
    bench.journal.submit(MarkRecord(ALICE, conversation, 1, marks.append))
    bench.journal.submit(MarkRecord(BOB, None, 1, marks.append))
    bench.release()
    return marks


def test_marks_and_messages_survive_a_deadlock(bench: Bench, other: Other) -> None:
    marks = _meet(bench, other, (USER, BOB), (USER, ALICE), lambda: _mark_both(bench))
    wait_until(lambda: len(marks) == 2, "the marks are answered")
    assert marks == [1, 1]
    assert not bench.failed


def test_a_message_with_a_mark_is_stored_once_after_a_deadlock(bench: Bench, other: Other) -> None:
    marks: list[int | None] = []

    def begin() -> None:
        bench.hold()
        for _ in range(2):
            bench.say("twice", cid="c")
        bench.journal.submit(MarkRecord(ALICE, None, 1, marks.append))
        bench.journal.submit(MarkRecord(BOB, None, 1, marks.append))
        bench.release()

    _meet(bench, other, (USER, BOB), (USER, ALICE), begin)
    bench.settled(3)
    wait_until(lambda: marks == [1, 1], "the marks are answered")
    assert not bench.failed
    assert [text for _, text in bench.stored()] == ["held", "twice"]
    assert [(record.mid, record.duplicate) for record in bench.delivered[1:]] == [(2, False), (2, True)]


def test_a_merge_survives_a_deadlock(bench: Bench, other: Other) -> None:
    bench.say_and_wait("one", 1)
    with ThreadPoolExecutor(1) as pool:
        reader = _meet(
            bench,
            other,
            ("SELECT mid FROM staged WHERE mid = 1 FOR UPDATE",),
            ("SELECT mid FROM messages WHERE mid = 1 FOR UPDATE",),
            lambda: pool.submit(bench.journal.make_readable),
        )
        reader.result()
    assert not bench.staged()
    assert bench.stored() == [(1, "one")]


def test_a_change_survives_a_deadlock(bench: Bench, other: Other) -> None:
    outcomes: list[object] = []

    def befriend(tx: Transaction, last_mid: int) -> str:
        friends.add(tx, ALICE, BOB)
        return "friends"

    record = ChangeRecord(befriend, outcomes.append)
    _meet(bench, other, (USER, BOB), (USER, ALICE), lambda: bench.journal.submit(record))
    wait_until(lambda: outcomes, "the change is answered")
    assert outcomes == ["friends"]


def test_the_index_of_files_survives_a_deadlock(bench: Bench, other: Other) -> None:
    index = Index(bench.database, Clock(), 1, 1)
    index.add(File("f", None, PAIR, ALICE, BOB, "name", 1, None, None, files.WAITING, 0, 1))
    with ThreadPoolExecutor(1) as pool:
        beginning = _meet(
            bench,
            other,
            ("SELECT expires FROM files FORCE INDEX (files_state) WHERE state = 'waiting' LOCK IN SHARE MODE",),
            ("SELECT name FROM files WHERE id = 'f' FOR UPDATE",),
            lambda: pool.submit(index.begin, "f"),
        )
        assert beginning.result()
    found = index.find("f")
    assert found is not None
    assert found.state == files.UPLOADING


# -- what has changed since the snapshot ---------------------------------------


def _change_meanwhile(bench: Bench, other: Other, begin: Callable[[], Any]) -> Any:
    """The user that ours wants to lock is changed after it has begun to read."""
    other.run("UPDATE users SET password = 'other' WHERE id = %s", BOB)
    begun = begin()
    _wait_for_a_lock(bench)
    other.commit()
    return begun


def test_marks_survive_what_has_changed_since_their_snapshot(bench: Bench, other: Other) -> None:
    marks = _change_meanwhile(bench, other, lambda: _mark_both(bench, PAIR))
    wait_until(lambda: len(marks) == 2, "the marks are answered")
    assert marks == [1, 1]


def test_a_change_survives_what_has_changed_since_its_snapshot(bench: Bench, other: Other) -> None:
    outcomes: list[object] = []

    def rename(tx: Transaction, last_mid: int) -> int:
        bob = users.id_of(tx, "bob")
        return tx.execute("UPDATE users SET name = 'robert' WHERE id = ?", bob)

    record = ChangeRecord(rename, outcomes.append)
    _change_meanwhile(bench, other, lambda: bench.journal.submit(record))
    wait_until(lambda: outcomes, "the change is answered")
    assert outcomes == [1]


def test_what_has_changed_since_the_snapshot_is_a_deadlock(strict: MariaDB) -> None:
    database = Database(strict.new_database(), 2)
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        users.create(tx, "alice", "hash")

    def write_late() -> None:
        with database.transaction(write=True) as reader:
            assert users.by_name(reader, "alice")
            with database.transaction(write=True) as writer:
                users.set_password(writer, 1, "new")
            users.set_password(reader, 1, "late")

    with pytest.raises(Deadlock, match="changed"):
        write_late()
    database.close()


# -- first logins --------------------------------------------------------------

NEWCOMERS = 6


class _InStep:
    """A transaction of one of several threads that run their statements side by side, each after all former ones."""

    def __init__(self, tx: Transaction, meeting: threading.Barrier) -> None:
        self._tx = tx
        self._meeting = meeting

    def execute(self, sql: str, *args: Any) -> int:
        self._meeting.wait(DEADLINE)
        return self._tx.execute(sql, *args)

    def rows(self, sql: str, *args: Any) -> Any:
        self._meeting.wait(DEADLINE)
        return self._tx.rows(sql, *args)


@pytest.fixture
def crowd(url: str) -> Iterator[Database]:
    made = Database(url, NEWCOMERS)
    schema.prepare(made)
    with made.transaction(write=True) as tx:
        for number in range(1, NEWCOMERS + 1):
            assert users.create(tx, f"user{number}", "hash") == number
    yield made
    made.close()


def test_those_who_log_in_for_the_first_time_never_wait_for_each_other(crowd: Database) -> None:
    meeting = threading.Barrier(NEWCOMERS)

    def log_in(number: int) -> bool:
        account = Account(number, f"user{number}", "hash", 0)
        with crowd.transaction(write=True) as tx:
            step: Any = _InStep(tx, meeting)
            return users.add_token(step, users.hash_token(f"token{number}"), account, Clock(), 60)

    with ThreadPoolExecutor(NEWCOMERS) as pool:
        assert list(pool.map(log_in, range(1, NEWCOMERS + 1))) == [True] * NEWCOMERS


def test_a_login_takes_the_users_own_expired_tokens_away(crowd: Database) -> None:
    one = Account(1, "user1", "hash", 0)
    stored = [("old", 1, 1), ("older", 1, 0), ("good", 1, 2**50), ("theirs", 2, 1)]
    with crowd.transaction(write=True) as tx:
        rows = [(users.hash_token(token), user_id, expires) for token, user_id, expires in stored]
        tx.many("INSERT INTO tokens (hash, user_id, expires) VALUES (?, ?, ?)", rows)
    with crowd.transaction(write=True) as tx:
        assert users.add_token(tx, users.hash_token("new"), one, Clock(), 60)
        assert not users.add_token(tx, users.hash_token("wrong"), replace(one, password="former"), Clock(), 60)
    with crowd.transaction() as tx:
        left = {bytes(row[0]) for row in tx.rows("SELECT hash FROM tokens")}
    assert left == {users.hash_token(name) for name in ("good", "new", "theirs")}
