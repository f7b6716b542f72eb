"""The writer's thread, and caches that are broken, locked, full or from the future."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtclient.cache.changes import Changes
from qtclient.cache.ledger import Ledger
from qtclient.cache.place import AlreadyOpen, Lock, open_place
from qtclient.cache.reader import Reader
from qtclient.cache.schema import TooNew
from qtclient.cache.transfers import Kept
from qtclient.cache.writer import Writer
from qtclient.records import Phase, Sent
from tests.qtclient.cache.helpers import ANN, CREW, ME, Book, login, private
from tests.support.waiting import DEADLINE, wait_until


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.changes: list[Changes] = []
        self.problems: list[str] = []
        self.rebuilds = 0

    def changed(self, changes: Changes) -> None:
        self.changes.append(changes)

    def rebuilt(self) -> None:
        self.rebuilds += 1

    def stuck(self, problem: str) -> None:
        self.problems.append(problem)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def writer(path: Path, ear: Ear) -> Iterator[Writer]:
    made = Writer(path, ME, ear)
    made.start()
    yield made
    made.stop()


def _count(path: Path) -> int:
    """How many messages another connection sees."""
    with contextlib.closing(Reader(path)) as reader:
        return len(reader.newest(ANN, 100).messages)


def _discard(value: object) -> None:
    """What a job returns is of no interest."""


def arrive(writer: Writer, mid: int, text: str = "x") -> None:
    writer.do(lambda ledger: ledger.arrived(private(mid, text), live=True))


def test_what_waits_is_committed_before_it_is_told(writer: Writer, ear: Ear, path: Path) -> None:
    told: list[int] = []

    def job(ledger: Ledger) -> None:
        ledger.welcome(login())
        for mid in range(1, 50):
            ledger.arrived(private(mid), live=True)
        ledger.after_commit(lambda: told.append(_count(path)))

    writer.do(job)
    wait_until(lambda: told, "it is done")
    assert told == [49]
    assert len(ear.changes[0].added) == 49


def test_a_job_that_fails_costs_itself_only(writer: Writer, ear: Ear, path: Path) -> None:
    done = threading.Event()

    def bad(ledger: Ledger) -> None:
        ledger.write(CREW, "c1", "undone", 1, Sent.WAITING)
        raise RuntimeError("a mistake")

    def wrong(ledger: Ledger) -> None:
        ledger._db.execute("INSERT INTO meta VALUES ('a', 1)")
        ledger._db.execute("INSERT INTO meta VALUES ('a', 1)")

    gate = threading.Event()
    writer.do(lambda ledger: _discard(gate.wait()))  # so that all of them are one transaction
    arrive(writer, 1)
    writer.do(bad)
    writer.do(wrong)
    arrive(writer, 2)
    writer.do(lambda ledger: ledger.after_commit(done.set))
    gate.set()
    assert done.wait(DEADLINE)
    reader = Reader(path)
    assert [m.mid for m in reader.any_before(ANN, 1 << 54, 10)] == [1, 2]
    assert not reader.any_before(CREW, 1 << 54, 10)
    assert reader.meta("a") == 0
    assert [c.key for changes in ear.changes for c in changes.conversations] == [ANN]
    reader.close()


def test_a_full_disk_is_waited_for(writer: Writer, ear: Ear, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtclient.cache.writer._REST", 0.02)
    arrive(writer, 1)
    wait_until(lambda: ear.changes, "it works")
    limit = sqlite3.Connection.execute(writer._db, "PRAGMA page_count").fetchone()[0]
    writer._db.execute(f"PRAGMA max_page_count = {limit}")
    arrive(writer, 2, "x" * 50_000)
    arrive(writer, 3)
    wait_until(lambda: ear.problems, "it is said")
    assert "full" in ear.problems[0]
    writer._db.execute("PRAGMA max_page_count = 1000000")
    wait_until(lambda: ear.problems[-1] == "", "it goes on")
    wait_until(lambda: sum(len(c.added) for c in ear.changes) == 3, "nothing is lost")
    assert len(ear.problems) == 2, "it is said once"


def broken(path: Path) -> None:
    """A cache with messages, in the middle of which the disk has failed."""
    book = Book(path)
    book.welcome(login())
    book.arrive(*(private(mid, f"message {mid} " + "x" * 500) for mid in range(1, 300)))
    with book.do():
        book.ledger.write(ANN, "c1", "never sent", 5, Sent.WAITING)
        book.ledger.conversations.set_draft(CREW, "a draft", 6)
        book.ledger.conversations.set_chosen(ANN, ["/a"], 6)
        book.ledger.transfers.put(Kept(1, True, ANN, "c", "f", "t", "p", 1, 1, "", Phase.PAUSED, ""))
    book.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    book.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 3 // 4096 * 4096
    data[middle : middle + 8 * 4096] = b"\xff" * (8 * 4096)
    path.write_bytes(data)


def test_a_broken_cache_is_set_aside(path: Path, ear: Ear) -> None:
    broken(path)
    writer = Writer(path, ME, ear)
    writer.start()
    wait_until(lambda: ear.rebuilds, "it is noticed")
    found: list[str] = []
    writer.do(lambda ledger: found.extend(m.text for m in ledger.messages.pending()))
    kept: list[Kept] = []
    writer.do(lambda ledger: kept.extend(ledger.transfers.all()))
    wait_until(lambda: kept, "it works again")
    writer.stop()
    assert found == ["never sent"], "what only this cache knew is saved"
    assert kept[0].phase is Phase.PAUSED
    assert len(list(path.parent.glob("cache-broken-*.db"))) == 1
    reader = Reader(path)
    assert reader.conversation(CREW).draft == "a draft"
    assert reader.chosen(ANN) == ["/a"]
    assert not reader.meta("begun"), "it is filled from the server again"
    reader.close()


def number(writer: Writer, ear: Ear, value: int) -> None:
    """Have a number kept in a cache, and give that up."""
    done = threading.Event()

    def job(ledger: Ledger) -> None:
        ledger.put("number", value)
        ledger.after_commit(done.set)

    writer.do(job)
    assert done.wait(DEADLINE)
    writer.give_up(writer.generation)
    wait_until(lambda: ear.rebuilds == value, "there is a new one")


def test_one_that_breaks_twice_within_a_second_is_kept_twice(writer: Writer, ear: Ear, path: Path) -> None:
    number(writer, ear, 1)
    number(writer, ear, 2)
    found = sorted(path.parent.glob("cache-broken-*.db"))
    assert len(found) == 2
    numbers = []
    for one in found:
        reader = Reader(one)
        numbers.append(reader.meta("number"))
        reader.close()
    assert sorted(numbers) == [1, 2]


def test_who_complains_about_the_one_before_changes_nothing(writer: Writer, ear: Ear, path: Path) -> None:
    before = writer.generation
    for _ in range(3):
        writer.give_up(before)
    arrive(writer, 1)
    wait_until(lambda: ear.changes, "it is used")
    assert ear.rebuilds == 1
    writer.give_up(before)
    arrive(writer, 2)
    wait_until(lambda: len(ear.changes) == 2, "it is still used")
    assert ear.rebuilds == 1
    assert len(list(path.parent.glob("cache-broken-*.db"))) == 1


@pytest.mark.parametrize("name", ["a#b", "a?b=c", "a%41b", "a\tb", "a b", "a&mode=memory", "caf\udce9", "中文"])
def test_what_only_it_knew_is_saved_in_any_folder(tmp_path: Path, ear: Ear, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    broken(folder / "cache.db")
    writer = Writer(folder / "cache.db", ME, ear)
    writer.start()
    wait_until(lambda: ear.rebuilds, "it is noticed")
    found: list[str] = []
    writer.do(lambda ledger: found.extend(m.text for m in ledger.messages.pending()))
    writer.stop()
    assert found == ["never sent"]
    assert [one.name for one in tmp_path.iterdir()] == [name], "and nothing lies outside"


def test_a_cache_that_is_no_database(path: Path, ear: Ear) -> None:
    path.write_bytes(b"this is no database" * 1000)
    writer = Writer(path, ME, ear)
    assert writer.was_broken
    writer.start()
    arrive(writer, 1)
    wait_until(lambda: ear.changes, "it works")
    writer.stop()


def test_a_cache_that_breaks_while_it_is_used(writer: Writer, ear: Ear, path: Path) -> None:
    arrive(writer, 1)
    wait_until(lambda: ear.changes, "it works")
    writer.give_up(writer.generation)
    arrive(writer, 2)
    wait_until(lambda: ear.rebuilds == 1 and len(ear.changes) == 2, "there is a new one, and it is used")


def test_one_that_was_closed_well_is_not_looked_through(path: Path, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []

    def look(db: object) -> bool:
        looked.append(db)
        return True

    monkeypatch.setattr("qtclient.cache.writer.sound", look)
    for _ in range(2):
        writer = Writer(path, ME, ear)
        writer.start()
        writer.stop()
    assert len(looked) == 1, "only the new one"


def test_only_one_may_write(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "account")
    with pytest.raises(AlreadyOpen):
        Lock(tmp_path / "account")
    lock.release()
    Lock(tmp_path / "account").release()


def test_nobody_else_can_read_it(path: Path) -> None:
    db, _ = open_place(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    db.close()


def test_one_of_the_first_version_gets_what_it_lacks(path: Path) -> None:
    db, _ = open_place(path)
    db.execute("INSERT INTO friends VALUES ('ann')")
    db.execute("DROP TABLE chosen")
    db.execute("PRAGMA user_version = 1")
    db.close()
    book = Book(path)
    with book.do():
        book.ledger.conversations.set_chosen(ANN, ["/a"], 6)
    book.close()
    reader = Reader(path)
    assert reader.chosen(ANN) == ["/a"]
    assert reader.friends() == ["ann"], "what was there stays"
    reader.close()


def test_one_from_the_future_is_left_alone(path: Path, ear: Ear) -> None:
    db, _ = open_place(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(TooNew):
        Writer(path, ME, ear)
