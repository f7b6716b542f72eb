"""Search in every script, with the four i of Turkish as one, and in an index that an older program has made."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtclient.cache import grams, index
from qtclient.cache.changes import Changes
from qtclient.cache.reader import Reader
from qtclient.cache.writer import Writer
from qtclient.records import Sent
from tests.qtclient.cache.helpers import ANN, Book, login, offered, private
from tests.support.unicode_corpus import file_names, texts
from tests.support.waiting import wait_until

TURKISH = ["D\u0130YARBAKIR", "diyarbak\u0131r", "Diyarbakir", "ISPARTA \u0131l\u0131k", "\u0130PEK.pdf"]


class Nobody:
    """Hears what the writer tells."""

    def changed(self, changes: Changes) -> None:
        return

    def rebuilt(self) -> None:
        raise AssertionError("the cache was set aside")

    def stuck(self, problem: str) -> None:
        raise AssertionError(problem)


def found(path: Path, *wanted: str) -> list[list[int]]:
    """The rows in which each is found."""
    reader = Reader(path)
    try:
        return [[hit.row for hit in reader.search(text, None, 1000)] for text in wanted]
    finally:
        reader.close()


def test_the_corpus_is_kept_and_found(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    said, names = texts(), file_names()
    book = Book(path)
    book.welcome(login())
    book.arrive(*(private(mid, text) for mid, text in enumerate(said, 1)))
    book.arrive(*(offered(1000 + number, f"f{number}", filename=name) for number, name in enumerate(names)))
    book.close()
    reader = Reader(path)
    kept = reader.before(ANN, 1 << 52, 1000).messages
    assert [message.text for message in kept if message.file is None] == said
    for mid, text in enumerate(said, 1):
        words = grams.fold(text[:90])[:40].split()
        if words:
            assert mid in [hit.row for hit in reader.search(words[0], None, 1000)], ascii(text)
    for message in kept:
        if message.file is not None:
            assert message.row in [hit.row for hit in reader.search(message.file.name[:40].split()[0], None, 1000)]
    reader.close()


@pytest.mark.parametrize(
    "wanted", ["diyarbakir", "D\u0130YARBAKIR", "d\u0131yarbak\u0131r", "DIYARBAKIR", "i\u0307yarbak\u0131r"]
)
def test_dots_do_not_matter(tmp_path: Path, wanted: str) -> None:
    book = Book(tmp_path / "cache.db")
    book.welcome(login())
    book.arrive(*(private(mid, text) for mid, text in enumerate(TURKISH, 1)))
    book.close()
    rows, spa, ipek, nothing = found(tmp_path / "cache.db", wanted, "\u0131sparta ILIK", "ipek", "j\u0307")
    assert (rows, spa, ipek, nothing) == ([3, 2, 1], [4], [5], [])


def test_an_index_of_other_rules_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is there would not be found, and could not be taken out of the index when its row changes."""
    path = tmp_path / "cache.db"
    with monkeypatch.context() as before:
        before.setattr(grams, "fold", lambda text: str(text).casefold())
        book = Book(path)
        book.welcome(login())
        book.arrive(*(private(mid, text) for mid, text in enumerate(TURKISH, 1)))
        book.arrive(offered(50, filename="\u0130zmir.jpg"))
        book.close()
    assert found(path, "diyarbakir", "izmir") == [[3], []]
    monkeypatch.setattr(index, "_AT_ONCE", 2)
    for _ in range(2):
        writer = Writer(path, "me", Nobody())
        writer.start()
        # In this order: the old index had nothing left to do either, and did not find it.
        wait_until(lambda: found(path, "izmir") == [[50]] and unindexed(path) == 0, "all is in the index")
        writer.stop()
        assert found(path, "diyarbakir", "izmir", "isparta") == [[3, 2, 1], [50], [4]]


def unindexed(path: Path) -> int:
    """Up to which row the index is still to be made."""
    reader = Reader(path)
    try:
        return reader.meta("unindexed")
    finally:
        reader.close()


def test_what_happens_while_an_index_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages come, go and get their numbers below and above what is done; each is in the index once at the end."""
    path = tmp_path / "cache.db"
    monkeypatch.setattr(index, "_AT_ONCE", 2)
    book = Book(path)
    book.welcome(login())
    book.arrive(*(private(mid, f"number {mid}") for mid in range(10, 20)))
    with book.do():
        book.ledger.messages.write(ANN, "c1", "waiting one", 1, Sent.WAITING, 0, row=0)
    for step, obj in enumerate(
        (private(30, "above"), private(5, "below"), private(31, "waiting one", mine=True, cid="c1"))
    ):
        with book.do():
            assert book.ledger.messages.index.go_on() is True, step
        book.arrive(obj)
    for _ in range(10):
        with book.do():
            book.ledger.messages.index.go_on()
    book.db.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    book.close()
    assert found(path, "number", "above", "below", "waiting") == [[*range(19, 9, -1)], [30], [5], [31]]
