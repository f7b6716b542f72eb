"""The speed that is shown."""

from __future__ import annotations

import pytest

from qtclient.net import pace
from qtclient.net.pace import Pace


class _Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def test_what_was_there_before_counts_for_no_speed(clock: _Clock) -> None:
    shown = Pace(0)
    assert shown.speed() == 0
    clock.now += 0.5
    shown.start_at(2_000_000_000)
    assert shown.reached == 2_000_000_000
    assert shown.speed() == 0
    clock.now += 1
    shown.reached += 50
    assert shown.speed() == 50


def test_a_speed_is_that_of_the_last_seconds(clock: _Clock) -> None:
    shown = Pace(0)
    for step in range(1, 20):
        clock.now += 1
        shown.reached = 100 * step if step < 10 else 900 + 10 * (step - 9)
        speed = shown.speed()
    assert speed == 10
    assert not shown.rests
    clock.now += 3
    assert shown.rests
