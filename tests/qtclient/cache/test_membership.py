"""What the cache takes for complete when memberships of a group end and begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qtclient.cache.ranges import NOW, Ranges
from qtclient.cache.reader import Reader
from tests.qtclient.cache.helpers import CREW, Book, grouped, login, private
from tests.qtclient.cache.simulated import Simulated


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with closing(Book(tmp_path / "cache.db")) as made:
        yield made


@pytest.fixture
def reader(book: Book) -> Iterator[Reader]:
    with closing(Reader(book.path)) as made:
        yield made


def shown(reader: Reader) -> list[int]:
    return [message.mid for message in reader.newest(CREW, 100).messages]


def set_group(book: Book, present: bool, since: int | None = None) -> bool:
    """Returns whether those who show the group are told to look again."""
    with book.do() as changes:
        book.ledger.set_group("crew", present, since)
    return changes.joined == [CREW]


def history(book: Book, *mids: int, before: int = NOW, more: bool = True) -> None:
    with book.do():
        book.ledger.history(CREW, [grouped(mid) for mid in mids], before, more=more)


def test_left_and_joined_again_with_nothing_heard_in_between(book: Book, reader: Reader) -> None:
    """The highest mid that was pushed to us does not tell where the new membership begins."""
    book.welcome(login(0, groups=("crew",), since=0))
    book.arrive(grouped(1), grouped(2))
    assert not set_group(book, False)
    assert set_group(book, True, since=9)
    book.arrive(grouped(10))
    assert shown(reader) == [10]
    history(book, 2, 5, 7, before=10)
    assert shown(reader) == [1, 2, 5, 7, 10]
    assert reader.newest(CREW, 100).end


def test_left_and_joined_again_without_us(book: Book, reader: Reader) -> None:
    book.welcome(login(0, groups=("crew",), since=0))
    with book.do():
        book.ledger.caught_up()
    book.arrive(grouped(1), grouped(2))
    book.welcome(login(20, groups=("crew",), since=9))
    book.arrive(grouped(10), live=False)
    assert shown(reader) == [10]
    book.welcome(login(20, groups=("crew",), since=9))
    history(book, 2, 5, before=10)
    book.welcome(login(20, groups=("crew",), since=9))
    assert shown(reader) == [1, 2, 5, 10], "the same membership is no news"


def test_a_membership_that_lasts_keeps_what_was_fetched(book: Book, reader: Reader) -> None:
    """Also what is older than it."""
    book.welcome(login(10, groups=("crew",), since=8))
    with book.do():
        book.ledger.page([], 0, more=False)
    history(book, 3, 9, more=False)
    book.arrive(grouped(11))
    with book.do() as changes:
        assert book.ledger.welcome(login(30, groups=("crew",), since=8))
    assert not changes.joined
    assert (shown(reader), reader.newest(CREW, 100).end) == ([3, 9, 11], True)


def test_notices_that_come_behind_what_was_missed(book: Book, reader: Reader) -> None:
    """While a long catch-up was pushed, the user has left at 5 and joined again at 9."""
    book.welcome(login(4, groups=("crew",), since=0))
    book.arrive(grouped(5), grouped(10), private(12))
    set_group(book, False)
    set_group(book, True, since=9)
    assert shown(reader) == [10]


def test_notices_that_were_lost_with_the_connection(book: Book, reader: Reader) -> None:
    """The same, and the connection broke before they came: the next login tells."""
    book.welcome(login(4, groups=("crew",), since=0))
    book.arrive(grouped(5), grouped(10), private(12))
    book.welcome(login(12, groups=("crew",), since=9))
    assert shown(reader) == [10]


def test_several_memberships_of_which_no_notice_has_come(book: Book, reader: Reader) -> None:
    """Left at 5, joined at 6, left at 8, joined at 10: what came before the last one stands behind a hole, too."""
    book.welcome(login(4, groups=("crew",), since=0))
    book.arrive(grouped(5), grouped(8), grouped(11))
    book.welcome(login(11, groups=("crew",), since=10))
    history(book, 9, before=11)
    assert shown(reader) == [9, 11]
    history(book, 5, 6, 8, before=9)
    assert shown(reader) == [5, 6, 8, 9, 11]


def test_an_old_server_does_not_say_where_a_membership_begins(book: Book, reader: Reader) -> None:
    """Then nothing is taken for complete until a login tells what comes."""
    book.welcome(login(0, groups=("crew",)))
    book.arrive(grouped(1))
    set_group(book, False)
    assert set_group(book, True)
    book.arrive(grouped(10))
    assert shown(reader) == []
    history(book, 5, 10)
    book.arrive(grouped(13))
    assert reader.before(CREW, 11, 9).messages[-1].mid == 10
    assert shown(reader) == [], "what was said after that page may have been missed"
    book.welcome(login(14, groups=("crew",)))
    book.arrive(grouped(15))
    assert shown(reader) == [15]


def test_who_is_not_in_a_group_follows_nothing(book: Book, reader: Reader) -> None:
    """What was missed, or is restored, can be of a membership that has ended since."""
    book.welcome(login(0))
    book.arrive(grouped(3), live=False)
    assert shown(reader) == []
    with book.do():
        book.ledger.page([grouped(2)], 0, more=False)
    assert shown(reader) == []
    set_group(book, True, since=9)
    book.arrive(grouped(10))
    assert shown(reader) == [10]


def test_ranges_can_be_forgotten_in_part(book: Book) -> None:
    ranges = Ranges(book.db)

    def left(low: int, high: int) -> list[tuple[int, int]]:
        book.db.execute("DELETE FROM ranges")
        for one in ((0, 10), (20, 30), (40, NOW)):
            ranges.add(1, *one)
        ranges.forget(1, low, high)
        return book.db.execute("SELECT low, high FROM ranges ORDER BY low").fetchall()

    assert left(10, 20) == [(0, 10), (20, 30), (40, NOW)]
    assert left(5, 5) == [(0, 10), (20, 30), (40, NOW)]
    assert left(3, 5) == [(0, 3), (5, 10), (20, 30), (40, NOW)]
    assert left(5, 25) == [(0, 5), (25, 30), (40, NOW)]
    assert left(0, 50) == [(50, NOW)]
    assert left(25, NOW) == [(0, 10), (20, 25)]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_nothing_is_complete_that_is_not(tmp_path: Path, seed: int) -> None:
    """Comings and goings of the connection and of the membership, in any order, with pages of history in between."""
    simulated = Simulated(tmp_path / "cache.db", seed)
    with closing(simulated.book):
        for number in range(80):
            simulated.step()
            assert not simulated.told or not simulated.missing(), f"after {number + 1} steps"
