"""Threads for what may block: bounded, ended, and gathered."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from chatd.executor import BoundedExecutor, ExecutorFull, Gatherer
from tests.support.waiting import DEADLINE, wait_until


def test_all_threads_are_there_before_the_first_job() -> None:
    before = threading.active_count()
    executor = BoundedExecutor("test", 3, 1)
    assert threading.active_count() == before + 3
    assert executor.stop(DEADLINE)
    assert threading.active_count() == before


def test_what_does_not_fit_is_refused_and_fits_again_later() -> None:
    executor, free = BoundedExecutor("test", 1, 2), threading.Event()
    ran: list[int] = []
    executor.submit(lambda: ran.append(int(free.wait(DEADLINE))))
    for number in (2, 3):
        executor.submit(lambda number=number: ran.append(number))  # type: ignore[misc]
    with pytest.raises(ExecutorFull):
        executor.submit(lambda: ran.append(4))
    free.set()
    wait_until(lambda: ran == [1, 2, 3])
    wait_until(lambda: executor._free == 3)
    executor.submit(lambda: ran.append(5))
    wait_until(lambda: ran == [1, 2, 3, 5])
    assert executor.stop(DEADLINE)
    with pytest.raises(ExecutorFull):
        executor.submit(lambda: ran.append(6))


class Batches:
    """A gatherer whose first batch is held until `free` is set."""

    def __init__(self, at_once: int = 1, most: int = 3, waiting: int = 100) -> None:
        self.executor = BoundedExecutor("test", 2, waiting)
        self.gatherer: Gatherer[str, int] = Gatherer(self.executor, self._work, at_once, most)
        self.free = threading.Event()
        self.done: list[tuple[str, list[int]]] = []

    def _work(self, kind: str, items: list[int]) -> None:
        self.done.append((kind, items))
        assert self.free.wait(DEADLINE)
        if kind == "broken":
            raise RuntimeError(kind)


def test_what_comes_during_a_batch_is_the_next_one() -> None:
    batches = Batches()
    batches.gatherer.submit("a", 1)
    wait_until(lambda: batches.done)
    for kind, item in (("a", 2), ("a", 3), ("a", 4), ("a", 5), ("b", 6), ("a", 7)):
        batches.gatherer.submit(kind, item)
    batches.free.set()
    expected = [("a", [1]), ("a", [2, 3, 4]), ("a", [5]), ("b", [6]), ("a", [7])]
    wait_until(lambda: batches.done == expected)
    wait_until(lambda: not batches.gatherer._running)
    batches.gatherer.submit("a", 8)
    wait_until(lambda: batches.done == [*expected, ("a", [8])])
    assert batches.executor.stop(DEADLINE)


def test_no_more_threads_than_allowed_work_at_once() -> None:
    batches = Batches(at_once=2, most=1)
    for item in range(4):
        batches.gatherer.submit("a", item)
    wait_until(lambda: len(batches.done) == 2)
    assert batches.gatherer._running == 2
    batches.free.set()
    wait_until(lambda: sorted(item for _, [item] in batches.done) == [0, 1, 2, 3])
    assert batches.executor.stop(DEADLINE)


def test_work_that_raises_costs_only_its_batch(caplog: pytest.LogCaptureFixture) -> None:
    batches = Batches()
    batches.free.set()
    batches.gatherer.submit("broken", 1)
    batches.gatherer.submit("a", 2)
    wait_until(lambda: ("a", [2]) in batches.done)
    assert "unexpected error in a job" in caplog.text
    assert batches.executor.stop(DEADLINE)


def _hold(blocker: threading.Event) -> None:
    assert blocker.wait(DEADLINE)


def test_a_full_executor_refuses_and_forgets_the_item() -> None:
    batches = Batches(waiting=0)
    blockers = [threading.Event(), threading.Event()]
    for blocker in blockers:
        batches.executor.submit(partial(_hold, blocker))
    with pytest.raises(ExecutorFull):
        batches.gatherer.submit("a", 1)
    for blocker in blockers:
        blocker.set()
    batches.free.set()
    wait_until(lambda: batches.executor._free == 2)
    batches.gatherer.submit("a", 2)
    wait_until(lambda: batches.done == [("a", [2])])
    assert batches.executor.stop(DEADLINE)
