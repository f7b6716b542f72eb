"""How far files are: what is worth telling, when, and what comes too late."""

from __future__ import annotations

import pytest

from chatbase import files
from chatbase.files import File
from chatd.registry import transfers
from chatd.registry.transfers import GAP, News, Report, Transfers

STATES = [files.WAITING, files.UPLOADING, files.COMPLETE, files.DECLINED, files.CANCELLED, files.FAILED, files.EXPIRED]
LATE = 1000.0


def a_file(file_id: str = "f", state: str = files.WAITING, conversation: int = 7) -> File:
    return File(file_id, 1, conversation, 1, None if conversation < 0 else 2, "a", 100, None, None, state, 0, 0)


def known(*, state: str = files.WAITING) -> Transfers:
    made = Transfers()
    assert made.add(a_file(state=state), "alice")
    return made


def told(table: Transfers, now: float = LATE, *, timer: bool = False) -> tuple[str, int] | float | None:
    news = table.untold("f", now, timer=timer)
    return (news.push["state"], news.push["offset"]) if isinstance(news, News) else news


def test_what_is_told_is_told_once() -> None:
    table = known()
    assert told(table) is None
    table.report("f", Report(files.UPLOADING, 10))
    assert told(table) == ("uploading", 10)
    assert told(table) is None
    table.report("f", Report(files.UPLOADING, 10))
    assert told(table, LATE + GAP) is None


def test_progress_waits_for_one_timer_and_then_is_the_newest() -> None:
    table = known()
    for offset, expected in ((0, ("uploading", 0)), (10, GAP), (20, None), (30, None)):
        table.report("f", Report(files.UPLOADING, offset))
        assert told(table) == expected
    assert told(table, LATE + GAP / 2, timer=True) == GAP / 2
    assert told(table, LATE + GAP, timer=True) == ("uploading", 30)
    table.report("f", Report(files.UPLOADING, 40))
    assert told(table, LATE + GAP) == GAP
    table.report("f", Report(files.COMPLETE))
    assert told(table, LATE + GAP) == ("complete", 100)
    assert told(table, LATE + 2 * GAP, timer=True) is None


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", STATES)
def test_nothing_goes_back(first: str, second: str) -> None:
    table = known()
    table.report("f", Report(first))
    told(table)
    table.report("f", Report(second))
    forward = min(STATES.index(second), 3) > min(STATES.index(first), 3)
    assert (told(table) is not None) == forward
    file, from_user, began = table.report("f", Report(files.EXPIRED)) or pytest.fail("it is known")
    assert (file, from_user, began) == (a_file(), "alice", False)


def test_the_first_bytes_are_noticed_once() -> None:
    table = known()
    found = [table.report("f", Report(files.UPLOADING, offset)) for offset in (0, 0, 1)]
    assert [began for _, _, began in filter(None, found)] == [True, False, False]
    found = [known().report("f", Report(files.COMPLETE)), known().report("f", Report(files.FAILED))]
    assert [began for _, _, began in filter(None, found)] == [True, False]


def test_a_hash_that_comes_later_is_told() -> None:
    table = known()
    table.report("f", Report(files.COMPLETE))
    assert told(table) == ("complete", 100)
    table.report("f", Report(files.COMPLETE, sha256="ab"))
    news = table.untold("f", LATE)
    assert isinstance(news, News)
    assert news.push["sha256"] == "ab"
    assert not news.progress


def test_what_was_looked_up_is_told_even_if_it_is_no_news_to_the_database() -> None:
    table = Transfers()
    table.add(a_file(state=files.COMPLETE), "alice", untold=True)
    table.report("f", Report(files.UPLOADING, 3))
    assert told(table) == ("complete", 100)


def test_offsets() -> None:
    table = known()
    assert table.offset(a_file()) == table.offset(a_file("other")) == 0
    table.report("f", Report(files.UPLOADING, 10))
    table.report("f", Report(files.UPLOADING, 5))
    assert table.offset(a_file()) == 5, "the file daemon knows"
    assert table.offset(a_file("other", files.COMPLETE)) == 100


def test_the_one_that_was_silent_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "REMEMBERED", 2)
    table = Transfers()
    assert table.add(a_file("f"), "alice")
    assert table.add(a_file("g"), "alice")
    assert not table.add(a_file("f"), "alice")
    table.report("f", Report(files.UPLOADING, 1))
    table.add(a_file("h"), "alice")
    assert table.report("g", Report(files.COMPLETE)) is None
    assert table.untold("g", LATE) is None
    assert told(table) == ("uploading", 1)


def test_a_group_is_named_by_its_id() -> None:
    table = Transfers()
    table.add(a_file(conversation=-5), "alice")
    table.report("f", Report(files.UPLOADING, 1))
    news = table.untold("f", LATE)
    assert isinstance(news, News)
    assert (news.sender, news.recipient, news.group) == (1, None, 5)
