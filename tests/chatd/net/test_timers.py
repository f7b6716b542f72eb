"""The timer queue against a plain model."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.net import timers
from chatd.net.timers import TimerQueue

_OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 20)),
        st.tuples(st.just("cancel"), st.integers(0, 100)),
        st.tuples(st.just("pass"), st.integers(0, 10)),
    ),
    max_size=60,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=_OPERATIONS)
def test_what_is_due_runs_once_by_time_and_then_by_age(operations: list[tuple[str, int]]) -> None:
    queue, now = TimerQueue(), 0.0
    model: dict[int, float] = {}
    ran: list[int] = []
    made: list[timers.Timer] = []
    with (
        mock.patch.object(timers, "time", mock.Mock(monotonic=lambda: now)),
        mock.patch.object(timers, "_COMPACT_ABOVE", 3),
    ):
        for operation, value in operations:
            if operation == "add":
                number = len(made)
                model[number] = now + value
                made.append(queue.call_at(now + value, lambda number=number: ran.append(number)))  # type: ignore[misc]
            elif operation == "cancel" and made:
                made[value % len(made)].cancel()
                model.pop(value % len(made), None)
            elif operation == "pass":
                now += value
                expected = sorted(
                    (number for number, when in model.items() if when <= now), key=lambda n: (model[n], n)
                )
                for callback in queue.due():
                    callback()
                assert ran == expected
                ran.clear()
                for number in expected:
                    del model[number]
            assert len(queue) == len(model)
            assert queue.next_due() == min(model.values(), default=None)


def test_cancelled_timers_are_swept_out() -> None:
    queue = TimerQueue()
    far = time.monotonic() + 1000
    made = [queue.call_at(far + number, lambda: None) for number in range(5000)]
    for timer in made[:4000]:
        timer.cancel()
        timer.cancel()
    assert len(queue) == 1000
    assert len(queue._heap) <= 2000
    assert queue.next_due() == far + 4000
    assert list(queue.due()) == []


def test_a_timer_may_cancel_another_that_is_due_with_it() -> None:
    queue, ran = TimerQueue(), list[str]()

    def cancels(name: str, other: int) -> Callable[[], None]:
        def callback() -> None:
            ran.append(name)
            made[other].cancel()

        return callback

    made = [queue.call_at(0.0, callback) for callback in (cancels("a", 1), cancels("b", 2), cancels("c", 0))]
    for callback in queue.due():
        callback()
    assert ran == ["a", "c"]
    assert (len(queue), queue.next_due()) == (0, None)


def test_a_timer_that_has_run_can_be_cancelled_without_harm() -> None:
    queue = TimerQueue()
    timer = queue.call_at(0.0, lambda: None)
    kept = queue.call_at(time.monotonic() + 1000, lambda: None)
    assert len(list(queue.due())) == 1
    timer.cancel()
    assert len(queue) == 1
    kept.cancel()
    assert len(queue) == 0
    assert queue.next_due() is None
