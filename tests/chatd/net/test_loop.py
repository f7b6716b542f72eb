"""The event loop: posts from any thread, timers, and rounds that nobody can hog or break."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from chatd.net import loop as loop_module
from chatd.net.loop import READ, EventLoop, LoopStopped
from chatd.net.wakeup import Wakeup
from tests.support.loops import hand_turned, in_thread, turn, turn_until
from tests.support.waiting import DEADLINE, wait_until


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    with hand_turned() as loop:
        yield loop


@pytest.fixture
def wakes(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Gets an item for every wakeup."""
    seen: list[None] = []
    wake = Wakeup.wake

    def counted(self: Wakeup) -> None:
        seen.append(None)
        wake(self)

    monkeypatch.setattr(Wakeup, "wake", counted)
    return seen


class _Item:
    """Something to flush and to go on with, which fails every time."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def flush(self) -> None:
        self.calls.append("flush")
        raise RuntimeError("flush")

    def proceed(self) -> None:
        self.calls.append("proceed")
        raise RuntimeError("proceed")


def test_jobs_from_many_threads_all_run_once_and_in_order() -> None:
    done: list[tuple[int, int]] = []
    with in_thread() as loop:

        def post(number: int) -> None:
            for index in range(1000):
                loop.post(lambda index=index: done.append((number, index)))  # type: ignore[misc]

        threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(done) >= 8000, "all have run")
    for number in range(8):
        assert [index for who, index in done if who == number] == list(range(1000))


def test_many_posts_need_one_wakeup(loop: EventLoop, wakes: list[None]) -> None:
    done: list[int] = []
    for number in range(1000):
        loop.post(lambda number=number: done.append(number))  # type: ignore[misc]
    assert len(wakes) == 1
    loop._round()
    loop.post(lambda: None)
    assert len(wakes) == 2
    turn_until(loop, lambda: len(done) == 1000)
    assert done == list(range(1000))


def test_a_loop_that_has_stopped_says_so() -> None:
    done: list[str] = []
    with in_thread() as loop:
        loop.post(lambda: done.append("before"))
        loop.stop()
        wait_until(lambda: loop._stopped, "it has stopped")
    assert done == ["before"]
    with pytest.raises(LoopStopped, match="in thread"):
        loop.post(lambda: done.append("after"))
    with pytest.raises(LoopStopped):
        loop.stop()
    assert done == ["before"]


def test_a_flood_of_jobs_starves_neither_descriptors_nor_timers(
    loop: EventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "BUDGET", -1.0)  # one job in a round
    order: list[str] = []
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.send(b"x")

        def ready(mask: int) -> None:
            order.append("descriptor")
            loop.unregister(reader.fileno())

        loop.register(reader.fileno(), READ, ready)
        loop.call_later(0, lambda: order.append("timer"))
        for _ in range(1000):
            loop.post(lambda: order.append("job"))
        turn_until(loop, lambda: order.count("job") == 1000)
    assert order.index("descriptor") < 5
    assert order.index("timer") < 5


def test_a_job_may_post_and_what_posts_itself_for_ever_starves_nobody(loop: EventLoop) -> None:
    order: list[str] = []

    def again() -> None:
        order.append("again")
        loop.post(again)

    loop.post(again)
    loop.call_later(0, lambda: order.append("timer"))
    turn(loop, 3)
    assert order.count("again") == 3
    assert "timer" in order


def test_an_error_costs_only_the_callback_it_came_from(loop: EventLoop, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("a defect")

    def fail_on_event(mask: int) -> None:
        os.read(reader, 1)
        fail()

    reader, writer = os.pipe()
    os.write(writer, b"x")
    loop.register(reader, READ, fail_on_event)
    item, second = _Item(), _Item()
    for marked in (item, second):
        loop.mark_dirty(marked)
        loop.mark_ready(marked)
    loop.post(fail)
    loop.post(lambda: done.append("job"))
    loop.call_later(0, fail)
    loop.call_later(0, lambda: done.append("timer"))
    turn_until(loop, lambda: len(done) == 2 and len(caplog.records) == 7, "all had their turn, in one round or more")
    assert sorted(done) == ["job", "timer"]  # a round that is late has its timers before its jobs
    assert item.calls == second.calls == ["proceed", "flush"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 7
    loop.unregister(reader)
    os.close(reader)
    os.close(writer)


class _Output:
    """Something to flush that counts how often that was done."""

    def __init__(self) -> None:
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1

    def proceed(self) -> None:
        """Never asked for."""


def test_held_output_waits_for_more_and_goes_out_with_it(loop: EventLoop) -> None:
    output = _Output()
    loop.mark_dirty(output)
    loop.hold_output(3600.0)
    turn(loop, 3)
    assert output.flushed == 0
    loop.hold_output(3600.0)  # more has come, and even more is on its way
    turn(loop)
    assert output.flushed == 1


def test_held_output_goes_out_at_once_when_no_more_is_to_come(loop: EventLoop) -> None:
    output = _Output()
    loop.mark_dirty(output)
    loop.hold_output(3600.0)
    loop.hold_output(0.0)
    turn(loop)
    assert output.flushed == 1


def test_held_output_goes_out_when_its_time_is_over() -> None:
    output = _Output()
    with in_thread() as loop:

        def hold() -> None:
            loop.mark_dirty(output)
            loop.hold_output(0.02)

        loop.post(hold)
        wait_until(lambda: output.flushed == 1, "nothing else wakes the loop")


def test_timers_run_in_the_order_of_their_times_and_not_when_cancelled(loop: EventLoop) -> None:
    order: list[str] = []
    loop.call_later(0.02, lambda: order.append("late"))
    loop.call_later(0.01, lambda: order.append("early"))
    loop.call_later(0.015, lambda: order.append("cancelled")).cancel()

    def first() -> None:
        order.append("first")
        loop.call_later(0, lambda: order.append("nested"))

    loop.call_later(0, first)
    turn(loop)
    assert order == ["first"]  # what a timer adds waits for another round
    turn_until(loop, lambda: len(order) == 4)
    assert sorted(order[1:]) == ["early", "late", "nested"]
    assert order.index("early") < order.index("late")


def test_a_loop_waits_for_its_next_timer_and_does_not_spin() -> None:
    fired = threading.Event()
    with in_thread() as loop:

        def begin() -> None:
            loop.call_later(0.05, fired.set)

        loop.post(begin)
        assert fired.wait(DEADLINE)
        assert loop.rounds < 10


def test_a_signal_descriptor_wakes_the_loop() -> None:
    woken = threading.Event()
    with in_thread() as loop:
        loop.on_wakeup = woken.set
        os.write(loop.signal_fileno(), b"\x0f")
        assert woken.wait(DEADLINE)


def test_a_full_wakeup_buffer_is_as_good_as_a_byte() -> None:
    wakeup = Wakeup()
    for _ in range(100_000):
        wakeup.wake()
    wakeup.drain()
    wakeup.drain()
    wakeup.close()
    wakeup.wake()  # nobody is left to wake


def test_methods_of_the_owner_refuse_other_threads() -> None:
    with in_thread() as loop:
        wait_until(lambda: loop.owner != threading.get_ident(), "the thread owns it")
        assert not loop.in_loop()
        with pytest.raises(AssertionError, match="called outside of in thread"):
            loop.assert_in_loop()


def test_an_empty_mask_is_refused(loop: EventLoop) -> None:
    with socket.socket() as sock:
        loop.register(sock.fileno(), READ, lambda mask: None)
        with pytest.raises(AssertionError):
            loop.modify(sock.fileno(), 0, lambda mask: None)
        loop.unregister(sock.fileno())


def test_a_loop_that_ends_leaves_no_descriptor_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with hand_turned():
        assert len(os.listdir("/proc/self/fd")) > before
    assert len(os.listdir("/proc/self/fd")) == before
