"""Threads for what may block: shared, bounded, ended, and gathered."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chatd.executor import ExecutorFull, FairExecutor, Gatherer, Load
from chatd.fair_queue import Payer
from tests.support.waiting import DEADLINE, wait_until

ANN, BEN, EVE = Payer("ann", "1.1.1.1"), Payer("ben", "2.2.2.2"), Payer("eve", "3.3.3.3")


class Held:
    """A pool whose threads are all busy until `free` is set. ``ran``: who was served since."""

    def __init__(self, threads: int = 1, waiting: int = 100, weights: tuple[float, ...] = (1.0,)) -> None:
        self.executor = FairExecutor("test", threads, waiting, weights)
        self.free = threading.Event()
        self.ran: list[object] = []
        begun = threading.Semaphore(0)

        def hold() -> None:
            begun.release()
            assert self.free.wait(DEADLINE)

        for number in range(threads):
            self.executor.submit(Payer(f"holder {number}", f"holder {number}"), hold)
            assert begun.acquire(timeout=DEADLINE)

    def submit(self, payer: Payer, kind: int = 0, what: object = None) -> None:
        """Have it noted when it is served."""
        self.executor.submit(payer, lambda: self.ran.append(what or payer.account), kind)

    def finish(self, count: int) -> list[object]:
        """Let them all run; what was noted, in order."""
        self.free.set()
        wait_until(lambda: len(self.ran) == count, "all have run")
        assert self.executor.stop(DEADLINE)
        return self.ran


def test_all_threads_are_there_before_the_first_job() -> None:
    before = threading.active_count()
    executor = FairExecutor("test", 3, 1)
    assert threading.active_count() == before + 3
    assert executor.stop(DEADLINE)
    assert threading.active_count() == before


def test_what_does_not_fit_is_refused_to_the_greedy_only() -> None:
    held = Held(waiting=4)
    for number in range(1, 5):
        held.submit(EVE, what=number)
    with pytest.raises(ExecutorFull):
        held.submit(EVE)
    held.submit(ANN)
    assert held.finish(5)[:2] in ([1, "ann"], ["ann", 1])
    with pytest.raises(ExecutorFull):
        held.submit(ANN)


def test_a_neighbour_does_not_wait_behind_a_backlog() -> None:
    held = Held(threads=2)
    for _ in range(50):
        held.submit(EVE)
    held.submit(ANN)
    held.submit(BEN)
    assert set(held.finish(52)[:5]) == {"eve", "ann", "ben"}


def test_one_payer_leaves_threads_to_others() -> None:
    executor, free, running = FairExecutor("test", 4, 100), threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        running.release()
        assert free.wait(DEADLINE)

    for _ in range(8):
        executor.submit(EVE, hold)
    for _ in range(2):
        assert running.acquire(timeout=DEADLINE)
    done = threading.Event()
    executor.submit(ANN, done.set)
    assert done.wait(DEADLINE), "two of four threads are left"
    free.set()
    for _ in range(6):
        assert running.acquire(timeout=DEADLINE)
    assert executor.stop(DEADLINE)


def test_a_kind_of_little_weight_gets_little_and_all_that_nobody_else_wants() -> None:
    held = Held(weights=(8.0, 1.0))
    for number in range(90):
        held.submit(Payer("", f"9.9.9.{number}"), 1, "register")
    for number in range(40):
        held.submit(Payer(f"u{number}", f"1.1.1.{number}"), 0, "login")
    ran = held.finish(130)
    assert ran[:45].count("login") >= 38
    assert ran[:45].count("register") >= 2


def test_who_waits_is_known() -> None:
    held = Held()
    assert held.executor.load(ANN).wait() == 0.0
    for _ in range(10):
        held.submit(EVE)
    mine, hers = held.executor.load(ANN), held.executor.load(EVE)
    assert (mine[:3], hers[:3]) == ((10, 0, 2), (10, 10, 1))
    assert 0 < mine.wait() < hers.wait()
    held.finish(10)


@pytest.mark.parametrize(
    ("load", "turns"),
    [(Load(0, 0, 1, 1.0), 0), (Load(50, 0, 2, 1.0), 2), (Load(50, 9, 2, 1.0), 20), (Load(5, 4, 3, 1.0), 5)],
)
def test_others_have_as_many_turns_as_oneself(load: Load, turns: int) -> None:
    assert load.wait() == turns
    assert load._replace(interval=0.5).wait() == turns / 2
    assert load.wait(1000) == min(load.waiting + 1000, (load.here + 1) * load.addresses)


class Batches:
    """A gatherer whose first batch is held until `free` is set."""

    def __init__(self, at_once: int = 1, most: int = 3) -> None:
        self.executor = FairExecutor("test", 2 * at_once, 100)
        self.gatherer: Gatherer[str, int] = Gatherer(self.executor, self._work, at_once, most)
        self.free = threading.Event()
        self.done: list[tuple[str, list[int]]] = []

    def _work(self, kind: str, items: list[int]) -> None:
        self.done.append((kind, items))
        assert self.free.wait(DEADLINE)
        if kind == "broken":
            raise RuntimeError(kind)

    def wait(self, condition: Callable[[], object]) -> None:
        wait_until(condition)
        assert self.executor.stop(DEADLINE)


def test_what_comes_during_a_batch_is_the_next_one() -> None:
    batches = Batches()
    batches.gatherer.submit(ANN, "a", 1)
    wait_until(lambda: batches.done)
    for kind, item in (("a", 2), ("a", 3), ("b", 6), ("a", 4), ("a", 5), ("a", 7)):
        batches.gatherer.submit(ANN, kind, item)
    assert batches.gatherer.waiting == 6
    batches.free.set()
    expected = [("a", [1]), ("b", [6]), ("a", [2, 3, 4]), ("a", [5, 7])]
    wait_until(lambda: sorted(batches.done) == sorted(expected))
    wait_until(lambda: not batches.gatherer._running)
    batches.gatherer.submit(BEN, "a", 8)
    batches.wait(lambda: batches.done[4:] == [("a", [8])])


def test_the_next_batch_has_something_of_everybody() -> None:
    batches = Batches(most=4)
    batches.gatherer.submit(Payer("first", "4.4.4.4"), "a", 0)
    wait_until(lambda: batches.done)
    for item in range(1, 10):
        batches.gatherer.submit(EVE, "a", item)
    for item, payer in ((11, ANN), (12, BEN)):
        batches.gatherer.submit(payer, "a", item)
    batches.free.set()
    batches.wait(lambda: sum(len(items) for _, items in batches.done) == 12)
    assert {11, 12} < set(batches.done[1][1])


def test_no_more_threads_than_allowed_work_at_once() -> None:
    batches = Batches(at_once=2, most=1)
    for item in range(4):
        batches.gatherer.submit(ANN, "a", item)
    wait_until(lambda: len(batches.done) == 2)
    assert batches.gatherer._running == 2
    batches.free.set()
    batches.wait(lambda: sorted(item for _, [item] in batches.done) == [0, 1, 2, 3])


def test_work_that_raises_costs_only_its_batch(caplog: pytest.LogCaptureFixture) -> None:
    batches = Batches()
    batches.free.set()
    batches.gatherer.submit(ANN, "broken", 1)
    batches.gatherer.submit(ANN, "a", 2)
    batches.wait(lambda: ("a", [2]) in batches.done)
    assert "unexpected error in a job" in caplog.text


def test_a_job_that_raises_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    executor, ran = FairExecutor("test", 1, 10), threading.Event()

    def fail() -> None:
        raise RuntimeError

    executor.submit(ANN, fail)
    executor.submit(ANN, ran.set)
    assert ran.wait(DEADLINE)
    assert executor.stop(DEADLINE)
    assert "unexpected error in a job" in caplog.text


def test_what_waits_is_dropped_at_the_end() -> None:
    held = Held()
    held.submit(ANN)
    stopped: list[bool] = []
    stopper = threading.Thread(target=lambda: stopped.append(held.executor.stop(DEADLINE)))
    stopper.start()
    wait_until(lambda: held.executor._stopping)
    held.free.set()
    stopper.join(DEADLINE)
    assert (stopped, held.ran) == ([True], [])
