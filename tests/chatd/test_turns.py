"""Times that are promised to those who cannot join the queue of logins yet."""

from __future__ import annotations

import pytest

from chatd.executor import Load
from chatd.security import turns as module
from chatd.security.turns import EARLY, FORGOTTEN, HASTE, PATIENCE, Turns

SHORT = Load(10, 10, 1, 0.05)
LONG = Load(200, 200, 1, 0.05)


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def turns(time: Time) -> Turns:
    return Turns(time)


def test_who_can_be_served_soon_may_come_in(turns: Turns) -> None:
    assert SHORT.wait() <= PATIENCE < LONG.wait()
    assert turns.wait_ms("ann", "a", SHORT) == 0
    assert turns.wait_ms("ann", "a", LONG) > 0


def test_each_is_told_a_later_time_than_the_one_before(turns: Turns) -> None:
    told = [turns.wait_ms(f"u{number}", "a", LONG) for number in range(100)]
    assert told == sorted(set(told))
    assert told[0] == pytest.approx(1000 * HASTE * LONG.wait(), abs=60)
    assert told[-1] == pytest.approx(1000 * HASTE * (LONG.wait() + 99 * LONG.interval), abs=60)


def test_a_promise_is_kept_when_its_time_has_come_and_not_before(turns: Turns, time: Time) -> None:
    wait = turns.wait_ms("ann", "a", LONG) / 1000
    time.now += wait / 2
    assert turns.wait_ms("ann", "a", LONG) / 1000 == pytest.approx(wait / 2, abs=0.01)
    time.now += wait / 2 - EARLY / 2
    crowded = Load(100, 100, 1, 0.05)
    assert PATIENCE < crowded.wait() < 2 * PATIENCE
    assert turns.wait_ms("ben", "a", crowded) > 0
    assert turns.wait_ms("ann", "a", crowded) == 0
    assert not turns._due.keys() & {"ann"}


def test_who_comes_in_time_to_a_queue_that_is_still_long_waits_little_longer(turns: Turns, time: Time) -> None:
    time.now += turns.wait_ms("ann", "a", LONG) / 1000
    assert turns.wait_ms("ann", "a", LONG) / 1000 == pytest.approx(LONG.wait() - PATIENCE, abs=0.01)


def test_when_the_queue_is_short_nobody_is_kept_out_by_those_who_do_not_come(turns: Turns) -> None:
    for number in range(1000):
        turns.wait_ms(f"u{number}", "a", LONG)
    assert turns.wait_ms("late", "b", SHORT) == 0
    assert turns.wait_ms("u999", "a", SHORT) == 0


def test_promises_of_one_address_cost_another_its_turns_and_no_more(turns: Turns) -> None:
    for number in range(1000):
        turns.wait_ms(f"u{number}", "a", LONG)
    elsewhere = Load(200, 30, 3, 0.05)
    assert turns.wait_ms("ann", "b", elsewhere) / 1000 == pytest.approx(HASTE * elsewhere.wait(1000), abs=0.01)
    assert elsewhere.wait(1000) < 5


def test_promises_are_forgotten_and_bounded(turns: Turns, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    for number in range(20):
        assert turns.wait_ms(f"u{number}", "a", LONG) > 0
    assert len(turns._due) == 10
    time.now += LONG.wait(20) + FORGOTTEN + 1
    assert turns.wait_ms("new", "a", LONG) > 0
    assert list(turns._due) == ["new"]
    assert turns._here == {"a": 1}
    assert len(turns._order) == 1
