"""Those who cannot join the queue of logins yet: what they are told, and that it is so."""

from __future__ import annotations

import pytest

from chatd.executor import Load
from chatd.fair_queue import alone
from chatd.security import turns as module
from chatd.security.turns import FORGOTTEN, PATIENCE, Turns

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
    assert told[0] == pytest.approx(1000 * (LONG.wait() - PATIENCE / 2), abs=60)
    assert told[-1] == pytest.approx(1000 * (LONG.wait() - PATIENCE / 2 + 99 * LONG.interval), abs=60)


def test_who_asks_again_keeps_the_place(turns: Turns) -> None:
    told = {name: turns.wait_ms(name, "a", LONG) for name in "abc"}
    assert {name: turns.wait_ms(name, "a", LONG) for name in "abc"} == pytest.approx(told, abs=60)
    assert turns.wait_ms("d", "a", LONG) > told["c"]


def test_a_newcomer_does_not_pass_those_in_line_while_the_queue_is_well_filled(turns: Turns) -> None:
    for number in range(100):
        turns.wait_ms(f"u{number}", "a", LONG)
    filled = Load(50, 50, 1, 0.05)
    assert PATIENCE / 2 < filled.wait() < PATIENCE
    assert turns.wait_ms("late", "a", filled) > 0
    assert turns.wait_ms("u0", "a", filled) == 0
    assert turns.wait_ms("u90", "a", filled) > 0


def test_when_the_queue_runs_dry_nobody_is_kept_out_by_those_who_do_not_come(turns: Turns) -> None:
    for number in range(1000):
        turns.wait_ms(f"u{number}", "a", LONG)
    assert turns.wait_ms("late", "b", SHORT) == 0
    assert turns.wait_ms("u999", "a", SHORT) == 0


def test_the_line_of_one_address_costs_another_its_turns_and_no_more(turns: Turns) -> None:
    for number in range(1000):
        turns.wait_ms(f"u{number}", "a", LONG)
    elsewhere = Load(200, 30, 3, 0.05)
    assert turns.wait_ms("ann", "b", elsewhere) < 5000


def test_where_each_account_stands_for_itself_all_before_it_count(turns: Turns) -> None:
    queue = Load(200, 0, 200, 0.05)
    told = []
    for number in range(1000):
        payer = alone(f"u{number}")
        told.append(turns.wait_ms(payer.account, payer.address, queue))
    assert told[-1] == pytest.approx(1000 * (1199 * queue.interval - PATIENCE / 2), abs=100)


def test_what_is_told_is_so(time: Time) -> None:
    """Three thousand come at once, one is served every 50 ms; each asks again when told, or after ten seconds."""
    turns, waiting, asks = Turns(time), 0, 0
    told: dict[str, float] = {}
    came: dict[str, float] = {}
    due = {f"u{number}": 0.0 for number in range(1000)}
    start = time.now
    while due:
        time.now += 0.05
        waiting = max(0, waiting - 1)
        for name in [name for name, at in due.items() if at <= time.now]:
            payer = alone(name)
            wait = turns.wait_ms(payer.account, payer.address, Load(waiting, 0, waiting + 1, 0.05)) / 1000
            asks += 1
            told.setdefault(name, wait)
            due[name] = time.now + min(wait, 10.0)
            if not wait:
                came[name] = time.now - start
                waiting += 1
                del due[name]
    assert time.now - start <= 1000 * 0.05 + 1, "the queue has never run dry"
    assert max(abs(came[name] - told[name]) for name in came) < PATIENCE
    assert asks < 6 * len(came)


def test_who_left_is_forgotten_and_the_line_is_bounded(
    turns: Turns, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    for number in range(20):
        assert turns.wait_ms(f"u{number}", "a", LONG) > 0
    assert len(turns._line) == 10
    time.now += LONG.wait()
    assert turns.wait_ms("u5", "a", LONG) > 0
    time.now += FORGOTTEN
    assert turns.wait_ms("new", "a", LONG) > 0
    assert list(turns._line) == ["u5", "new"]
    assert turns._here == {"a": 2}
    assert len(turns._ends) == 2
    monkeypatch.setattr(module, "MOST_HERE", 3)
    for number in range(20):
        assert turns.wait_ms(f"v{number}", "a", LONG) > 0
        assert turns.wait_ms("b", "b", LONG) > 0
    assert turns._here == {"a": 3, "b": 1}
