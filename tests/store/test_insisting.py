"""How often, and how long, a transaction is run that has to make way for others."""

from __future__ import annotations

import pytest

from chatbase import insisting as module
from chatbase.engine import Conflict, DatabaseUnavailable, Deadlock
from chatbase.insisting import TURNS, insisting


class _Run:
    """Raises these, one in each turn, and then returns the number of the turn."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.turns = 0

    def __call__(self) -> int:
        self.turns += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.turns


def _deadlocks(count: int) -> list[Exception]:
    return [Deadlock(f"turn {number}") for number in range(1, count + 1)]


def test_what_has_to_make_way_is_run_until_it_need_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("chatbase.insisting.time.sleep", pauses.append)
    assert insisting(_Run()) == 1
    assert not pauses
    assert insisting(_Run(*_deadlocks(TURNS - 1))) == TURNS
    assert len(pauses) == TURNS - 1
    assert sum(pauses) < 1


def test_the_last_turn_has_the_last_word() -> None:
    with pytest.raises(Deadlock, match=f"turn {TURNS}"):
        insisting(_Run(*_deadlocks(TURNS)))


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), Conflict("taken")])
def test_nothing_else_is_insisted_on(error: Exception) -> None:
    run = _Run(*_deadlocks(1), error)
    with pytest.raises(type(error)):
        insisting(run)
    assert run.turns == 2


def test_a_lock_that_nobody_lets_go_of_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    run = _Run(*_deadlocks(1))
    with pytest.raises(Deadlock):
        insisting(run)
    assert run.turns == 1
