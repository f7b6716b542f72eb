"""Events from many threads: all arrive, in order for each thread, and never hold the event loop for long."""

from __future__ import annotations

import threading

from PyQt5.QtCore import QObject

from qtclient.bridge import Bridge
from qtclient.net.happened import Gone, Happened
from tests.qtclient.support import qt_wait


def test_all_arrive_in_order(qapp: object) -> None:
    owner = QObject()
    taken: list[int] = []
    turns: list[int] = []

    def take(event: Happened) -> None:
        assert isinstance(event, Gone)
        assert threading.current_thread() is threading.main_thread()
        taken.append(event.id)

    bridge = Bridge(take, lambda: turns.append(len(taken)), owner)

    def post(start: int) -> None:
        for number in range(start, start + 5000):
            bridge.post(Gone(number))

    threads = [threading.Thread(target=post, args=(start,)) for start in (0, 100_000, 200_000)]
    for thread in threads:
        thread.start()
    qt_wait(lambda: len(taken) == 15_000, "all have arrived")
    for thread in threads:
        thread.join()
    for start in (0, 100_000, 200_000):
        assert [n for n in taken if start <= n < start + 100_000] == list(range(start, start + 5000))
    assert len(turns) < 1000, "many in one turn"


def test_one_that_fails_does_not_stop_the_others(qapp: object) -> None:
    owner = QObject()
    taken: list[int] = []

    def take(event: Happened) -> None:
        assert isinstance(event, Gone)
        if event.id == 1:
            raise RuntimeError("a mistake")
        taken.append(event.id)

    bridge = Bridge(take, lambda: None, owner)
    for number in range(3):
        bridge.post(Gone(number))
    qt_wait(lambda: taken == [0, 2], "the others have arrived")


def test_nothing_comes_after_the_end(qapp: object) -> None:
    owner = QObject()
    taken: list[Happened] = []
    bridge = Bridge(taken.append, lambda: None, owner)
    bridge.post(Gone(1))
    bridge.close()
    bridge.post(Gone(2))
    later: list[Happened] = []
    other = Bridge(later.append, lambda: None, owner)
    other.post(Gone(3))
    qt_wait(lambda: later, "a later one has arrived")
    assert not taken
