"""Whose turn it is: shares by address and by account, and nobody who waits for ever."""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque

import pytest

from chatd import fair_queue
from chatd.fair_queue import ADDRESS_WEIGHT, SERVER, FairQueue, Payer, alone


def _served(queue: FairQueue[float], jobs: int, *, again: bool = True) -> list[Payer]:
    """Who is served by one thread, in order; with ``again``, each comes back with the same job at once."""
    order = []
    for _ in range(jobs):
        taken = queue.pop()
        if taken is None:
            break
        payer, seconds = taken
        order.append(payer)
        if again:
            queue.push(payer, seconds)
        queue.end(payer, seconds)
    return order


def test_one_payer_s_jobs_keep_their_order() -> None:
    queue: FairQueue[int] = FairQueue(4)
    for number in range(5):
        queue.push(Payer("ann", "1.1.1.1"), number)
    seen = []
    while (taken := queue.pop()) is not None:
        seen.append(taken[1])
        queue.end(taken[0], 1.0)
    assert seen == list(range(5))


def test_who_has_not_asked_yet_is_next_however_many_wait() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for number in range(3000):
        queue.push(Payer(f"u{number}", "1.1.1.1"), 0.1)
    _served(queue, 100, again=False)
    late = Payer("late", "2.2.2.2")
    queue.push(late, 0.1)
    assert late in _served(queue, 2)


def test_an_address_has_one_share_however_many_accounts_it_has() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for number in range(40):
        queue.push(Payer(f"u{number}", "1.1.1.1"), 0.1)
    queue.push(Payer("ann", "2.2.2.2"), 0.1)
    turns = Counter(payer.address for payer in _served(queue, 1000))
    assert abs(turns["1.1.1.1"] / turns["2.2.2.2"] - ADDRESS_WEIGHT) < 0.5


def test_an_account_has_one_share_from_however_many_addresses_it_comes() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for number in range(30):
        queue.push(Payer("eve", f"9.9.9.{number}"), 0.1)
    queue.push(Payer("ann", "2.2.2.2"), 0.1)
    turns = Counter(payer.account for payer in _served(queue, 1000))
    assert abs(turns["eve"] - turns["ann"]) <= 2


def test_the_accounts_behind_one_address_take_turns() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for _ in range(100):
        queue.push(Payer("eve", "1.1.1.1"), 0.1)
    for name in ("ann", "ben"):
        queue.push(Payer(name, "1.1.1.1"), 0.1)
    assert {payer.account for payer in _served(queue, 3)} == {"eve", "ann", "ben"}


def test_where_many_share_an_address_each_account_has_a_share() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for number in range(40):
        queue.push(alone(f"u{number}"), 0.1)
    queue.push(Payer("ann", "2.2.2.2"), 0.1)
    turns = Counter(payer.account for payer in _served(queue, 4100))
    assert max(turns.values()) - min(turns.values()) <= 2


def test_who_asks_for_much_at_a_time_waits_longer() -> None:
    queue: FairQueue[float] = FairQueue(4)
    heavy, light = Payer("eve", "1.1.1.1"), Payer("ann", "2.2.2.2")
    queue.push(heavy, 1.0)
    queue.push(light, 0.01)
    turns = Counter(_served(queue, 1010))
    assert 95 <= turns[light] / turns[heavy] <= 105


def test_nobody_saves_up_a_claim() -> None:
    queue: FairQueue[float] = FairQueue(4)
    eve, ann = Payer("eve", "1.1.1.1"), Payer("ann", "2.2.2.2")
    queue.push(eve, 0.1)
    _served(queue, 1000)
    queue.push(ann, 0.1)
    turns = Counter(_served(queue, 100))
    assert abs(turns[eve] - turns[ann]) <= 1, "that eve alone was here before is no debt"


def test_nobody_has_all_threads() -> None:
    queue: FairQueue[int] = FairQueue(4)
    for number in range(8):
        queue.push(Payer("eve", f"9.9.9.{number % 2}"), number)
        queue.push(Payer(f"u{number}", "9.9.9.0"), number)
    taken = [queue.pop() for _ in range(6)]
    payers = [one[0] for one in taken if one is not None]
    assert Counter(payer.account for payer in payers)["eve"] == 2
    assert Counter(payer.address for payer in payers)["9.9.9.0"] == 3
    assert queue.pop() is None
    queue.push(Payer("ann", "1.1.1.1"), 0)
    assert queue.pop() == (Payer("ann", "1.1.1.1"), 0)
    queue.end(next(payer for payer in payers if payer.account == "eve"), 1.0)
    assert queue.pop() is not None


def test_what_the_server_does_itself_is_free() -> None:
    queue: FairQueue[float] = FairQueue(4)
    for number in range(100):
        queue.push(Payer(f"u{number}", "1.1.1.1"), 0.1)
        queue.push(SERVER, 5.0)
    assert Counter(_served(queue, 20, again=False))[SERVER] >= 10


def test_nothing_is_lost_twice_served_or_out_of_order() -> None:
    for seed in range(200):
        _play(random.Random(seed))


def _play(rng: random.Random) -> None:
    """Random pushes, pops and ends; what the queue says is compared with a plain list of what waits."""
    threads = rng.randint(1, 5)
    queue: FairQueue[int] = FairQueue(threads)
    waiting: defaultdict[Payer, deque[int]] = defaultdict(deque)
    running: list[Payer] = []
    for number in range(rng.randint(1, 300)):
        if rng.random() < 0.5:
            payer = Payer(f"u{rng.randint(0, 5)}", f"a{rng.randint(0, 3)}")
            waiting[payer].append(number)
            queue.push(payer, number)
        elif len(running) < threads and (taken := queue.pop()) is not None:
            assert taken[1] == waiting[taken[0]].popleft()
            running.append(taken[0])
        elif running:
            assert len(running) == threads or not _may_run(waiting, running, threads)
            queue.end(running.pop(rng.randrange(len(running))), rng.random())
        assert queue.waiting == sum(map(len, waiting.values()))
        assert queue.addresses == len({payer.address for payer, jobs in waiting.items() if jobs})
        assert queue.running == len(running)
    while any(waiting.values()) or running:
        while len(running) < threads and (taken := queue.pop()) is not None:
            assert taken[1] == waiting[taken[0]].popleft()
            running.append(taken[0])
        assert len(running) == threads or not _may_run(waiting, running, threads)
        queue.end(running.pop(), rng.random())
    assert not queue._lines
    assert not queue._order


def _may_run(waiting: dict[Payer, deque[int]], running: list[Payer], threads: int) -> bool:
    accounts, addresses = Counter(p.account for p in running), Counter(p.address for p in running)
    most_of_account, most_of_address = max(1, threads // 2), max(1, threads - 1)
    return any(
        jobs and accounts[payer.account] < most_of_account and addresses[payer.address] < most_of_address
        for payer, jobs in waiting.items()
    )


def test_what_is_over_is_forgotten_though_the_queue_is_never_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "REMEMBERED", 100)
    queue: FairQueue[float] = FairQueue(4)
    queue.push(Payer("eve", "1.1.1.1"), 0.1)
    for number in range(1000):
        queue.push(Payer(f"u{number}", f"a{number}"), 0.1)
        queue.push(Payer("eve", "1.1.1.1"), 0.1)
        _served(queue, 2, again=False)
        assert queue.waiting
    assert len(queue._lines) < 300
