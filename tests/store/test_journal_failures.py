"""What the journal does when the database fails: nobody is told anything that is not true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql
import pytest

from chatbase import schema
from chatbase.engine import CommitUncertain, Database, DatabaseUnavailable
from chatd.store import merging, messages
from chatd.store.journal import Journal, JournalBusy
from chatd.store.records import MarkRecord
from chatwire.codec import encode_value
from tests.store.bench import ALICE, BOB, Bench
from tests.support.mariadb import MariaDB, connect
from tests.support.waiting import wait_until


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.close()


# -- failures ------------------------------------------------------------------


def test_nothing_is_delivered_when_the_database_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise OSError(5, "no database")

    marks: list[int | None] = []
    with monkeypatch.context() as patched:
        patched.setattr(bench.database, "_take", broken)
        lost = bench.say("lost")
        bench.journal.submit(MarkRecord(ALICE, None, 1, marks.append))
        bench.settled(1)
        wait_until(lambda: marks == [None], "the mark is refused")
    assert (bench.failed, bench.delivered) == ([lost], [])
    bench.say("found")
    bench.settled(2)
    assert bench.stored() == [(1, "found")]


def test_an_uncertain_commit_that_happened_is_delivered(bench: Bench) -> None:
    def stored_but_cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        connection.commit()
        raise CommitUncertain("the line was cut")

    bench.on_commit = stored_but_cut_off
    records = [bench.say("a", cid="x")]
    bench.settled(1)
    records.append(bench.say("b"))
    bench.settled(2)
    assert bench.delivered == records
    assert bench.stored() == [(1, "a"), (2, "b")]
    assert not records[0].duplicate


def test_an_uncertain_commit_that_did_not_happen_is_done_again(bench: Bench) -> None:
    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        raise CommitUncertain("the line was cut")

    bench.on_commit = cut_off
    bench.say("a", cid="x")
    bench.settled(1)
    assert [record.mid for record in bench.delivered] == [1]
    assert bench.stored() == [(1, "a")]
    assert bench.commits == 2


def test_a_database_that_never_commits_is_given_up(bench: Bench) -> None:
    def cut_off(connection: Any) -> None:
        raise CommitUncertain("the disk is full")

    bench.on_commit = cut_off
    bench.say("a")
    bench.settled(1)
    assert [record.text for record in bench.failed] == ["a"]
    bench.on_commit = lambda connection: connection.commit()
    bench.say("b")
    bench.settled(2)
    assert bench.stored() == [(1, "b")]


def test_while_the_fate_of_a_batch_is_unknown_nothing_is_accepted_and_nobody_waits_to_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "PATIENCE", 600.0)
    bench.say_and_wait("before", 1)
    real = bench.database._take

    def away(**_: object) -> None:
        raise OSError(5, "no database")

    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        connection.commit()
        bench.database._take = away  # type: ignore[method-assign]
        raise CommitUncertain("the line was cut")

    def refused() -> bool:
        try:
            bench.say("too early")
        except JournalBusy:
            return True
        return False

    bench.on_commit = cut_off
    uncertain = bench.say("uncertain")
    wait_until(refused, "the journal refuses")
    assert uncertain not in bench.delivered
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(bench.journal.make_readable)
        try:
            wait_until(reading.done, "who wants to read is told")
        finally:
            bench.database._take = real  # type: ignore[method-assign]
    with pytest.raises(DatabaseUnavailable):
        reading.result()
    wait_until(lambda: uncertain in bench.delivered, "the truth is known")
    assert all(record.text == "too early" for record in bench.failed)
    wait_until(lambda: not refused(), "the journal accepts again")
    assert (2, "uncertain") in bench.stored()


@pytest.mark.parametrize("happened", [True, False])
def test_marks_whose_commit_is_uncertain_are_written_again(bench: Bench, happened: bool) -> None:
    def cut_off(connection: Any) -> None:
        bench.on_commit = lambda later: later.commit()
        if happened:
            connection.commit()
        raise CommitUncertain("the line was cut")

    told: list[int | None] = []
    moved: list[int] = []
    bench.on_commit = cut_off
    bench.journal.submit(MarkRecord(ALICE, -4, 3, told.append, moved.append))
    wait_until(lambda: told == [3], "the mark is stored")
    assert moved == [3]  # also when it was the first attempt that had moved it
    assert bench.commits == 2


def test_another_server_s_message_is_not_taken_for_the_own_uncertain_one(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The claim on the database was lost, another server wrote, and has gone: nothing may be given out any more."""

    def cut_off(connection: Any) -> None:
        connection.rollback()
        bench.on_commit = lambda later: later.commit()
        row = (1, messages.private(ALICE, BOB), ALICE, BOB, None, 1, "another server's")
        connection.cursor().execute(bench.database.dialect(messages.INSERT), row)
        connection.commit()
        raise CommitUncertain("the line was cut")

    def refused() -> bool:
        try:
            bench.say("too late")
        except JournalBusy:
            return True
        return False

    bench.on_commit = cut_off
    bench.say("ours")
    wait_until(refused, "the journal has given up")
    wait_until(lambda: not bench.journal._thread.is_alive(), "its thread has ended")
    assert "ours" in [record.text for record in bench.failed]
    assert bench.delivered == []
    assert bench.stored() == [(1, "another server's")]
    assert "another server has written messages" in caplog.text


# -- a commit that comes late (MariaDB goes on when its client is gone) --------


_ROW = (1, encode_value([(1, messages.private(ALICE, BOB), ALICE, BOB, "x", 1, "late")]))


def _late(url: str, row: tuple[Any, ...] = _ROW) -> tuple[pymysql.connections.Connection[Any], Callable[[], bool]]:
    """A connection that has written message 1 and not committed it; and whether somebody waits for its lock."""
    late, watch = connect(url), connect(url, autocommit=True)
    with late.cursor() as cursor:
        cursor.execute("INSERT INTO staged (mid, body) VALUES (%s, %s)", row)

    def waited_for() -> bool:
        with watch.cursor() as cursor:
            # Not innodb_trx: MariaDB never makes that table anew for somebody who asks more often than every 0.1 s.
            cursor.execute("SHOW ENGINE INNODB STATUS")
            return "LOCK WAIT" in str(cursor.fetchall())

    return late, waited_for


def test_a_start_waits_for_the_commit_of_a_server_that_died(mariadb: MariaDB) -> None:
    url = mariadb.new_database()
    database = Database(url, 2)
    schema.prepare(database)
    late, waited_for = _late(url)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(Journal, database, lambda batch, more: None, lambda batch: None)
        wait_until(waited_for, "the new journal waits")
        assert not starting.done()
        late.commit()
        assert starting.result(15).last_mid == 1
    database.close()


def test_a_commit_that_comes_late_is_waited_for(mariadb: MariaDB) -> None:
    """The line is cut in the commit, and the database executes it when the journal already looks for it."""
    url = mariadb.new_database()
    bench = Bench(url)
    late: list[Any] = []

    def cut_off(connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT mid, body FROM staged")
            row = cursor.fetchone()
        connection.rollback()  # `late` writes the same row in its place, and commits when it is waited for
        bench.on_commit = lambda later: later.commit()
        late.extend(_late(url, row))
        raise CommitUncertain("the line was cut")

    bench.on_commit = cut_off
    record = bench.say("late", cid="x")
    wait_until(lambda: late and late[1](), "the journal waits")
    assert not bench.delivered
    late[0].commit()
    bench.settled(1)
    assert bench.delivered == [record]
    assert (record.mid, record.duplicate) == (1, False)
    assert bench.stored() == [(1, "late")]
    bench.close()
