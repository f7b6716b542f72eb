"""Where bubbles are: only what is in sight is measured, and it stays where it is, whatever comes and goes."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QModelIndex, QSize
from PyQt5.QtWidgets import QApplication, QStyleOptionViewItem

from qtclient.widgets.bubbles import Bubbles
from qtclient.widgets.message_view import MessageView
from tests.qtclient.support import qt_wait
from tests.qtclient.widgets.conftest import Show
from tests.qtclient.widgets.messages import message, varied


def _top(view: MessageView, number: int) -> int:
    return view.visualRect(view.model().index(number, 0)).top()


def test_it_opens_at_the_end(show: Show) -> None:
    view, _ = show(varied(300))
    assert view.at_end
    last = view.visualRect(view.model().index(299, 0))
    assert 0 < last.bottom() <= view.viewport().height()


def test_a_hundred_thousand_messages_are_not_all_measured(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    measure = Bubbles.sizeHint

    def counted(self: Bubbles, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        asked.append(index.row())
        return measure(self, option, index)

    monkeypatch.setattr(Bubbles, "sizeHint", counted)
    view, rows = show([message(n) for n in range(1, 100_001)])
    assert 0 < len(asked) < 200
    rows.insert(0, [message(0)])
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    QApplication.processEvents()
    assert len(asked) < 400


def test_few_messages_stand_at_the_lower_end(show: Show) -> None:
    view, _ = show([message(1), message(2)])
    assert _top(view, 0) > 300
    assert view.visualRect(view.model().index(1, 0)).bottom() > 540


@pytest.mark.parametrize("count", [12, 300])
def test_who_is_led_to_a_row_near_the_end_is_at_the_end(show: Show, count: int) -> None:
    """All that is new is in sight then: it counts as read, and nothing leads to what is there already."""
    view, rows = show([message(n) for n in range(1, count + 1)])
    view.go_to(count - 5, part=0.2)
    QApplication.processEvents()
    assert view.at_end
    rows.insert(count, [message(count + 1)])
    qt_wait(lambda: view.visualRect(view.model().index(count, 0)).bottom() <= view.viewport().height(), "it follows")
    if count > 100:
        view.go_to(100, part=0.2)
        assert not view.at_end
        assert _top(view, 100) > 0


def test_a_view_that_grows_until_the_newest_is_in_sight_is_at_the_end(show: Show) -> None:
    view, _ = show([message(n) for n in range(1, 41)])
    view.resize(480, 60)
    view.go_to(30)
    QApplication.processEvents()
    assert not view.at_end
    moved: list[bool] = []
    view.moved.connect(lambda: moved.append(view.at_end))
    view.resize(480, 900)
    QApplication.processEvents()
    assert view.at_end
    assert moved[-1]


def test_who_turns_the_wheel_at_the_end_stays_there(show: Show) -> None:
    view, rows = show([message(n) for n in range(1, 101)])
    bar = view.verticalScrollBar()
    bar.triggerAction(bar.SliderSingleStepAdd)
    assert view.at_end
    rows.insert(100, [message(101)])
    qt_wait(lambda: view.visualRect(view.model().index(100, 0)).bottom() <= view.viewport().height(), "it follows")
    bar.triggerAction(bar.SliderSingleStepSub)
    assert not view.at_end


def test_what_is_in_sight_stays_when_older_ones_come(show: Show) -> None:
    view, rows = show(varied(200))
    view.go_to(100)
    QApplication.processEvents()
    before = _top(view, 100)
    rows.insert(0, [message(-n, "older " * n) for n in range(60, 0, -1)])
    QApplication.processEvents()
    assert _top(view, 160) == before


def test_what_is_in_sight_stays_when_new_ones_come_and_old_ones_go(show: Show) -> None:
    view, rows = show(varied(200))
    view.go_to(100)
    QApplication.processEvents()
    before = _top(view, 100)
    rows.insert(200, [message(201)])
    rows.remove(0, 50)
    QApplication.processEvents()
    assert _top(view, 50) == before
    assert not view.at_end


def test_the_end_stays_in_sight_when_new_ones_come(show: Show) -> None:
    view, rows = show(varied(50))
    for number in range(51, 80):
        rows.insert(rows.rowCount(), [message(number, "new " * number)])
    assert view.at_end
    last = view.model().index(78, 0)
    qt_wait(lambda: view.visualRect(last).bottom() <= view.viewport().height(), "the last one is in sight")


def test_scrolling_up_bit_by_bit_never_jumps(show: Show) -> None:
    view, _ = show(varied(400))
    bar = view.verticalScrollBar()
    for _ in range(150):
        number = view.rows_in_sight()[-1]
        before = _top(view, number)
        bar.setValue(bar.value() - 40)
        QApplication.processEvents()
        assert abs(_top(view, number) - before - 40) <= 1


def test_a_row_that_grows_pushes_nothing_above_it_away(show: Show) -> None:
    view, rows = show(varied(100))
    view.go_to(50)
    QApplication.processEvents()
    before = _top(view, 50)
    rows.change(53, message(54, "long " * 400))
    QApplication.processEvents()
    assert _top(view, 50) == before


def test_what_is_in_sight_is_not_painted_again_when_old_ones_go(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    view, rows = show(varied(200))
    before = _top(view, 199)
    rows.remove(0, 90)
    assert (_top(view, 109), view.at_end) == (before, True)
    painted: list[int] = []
    monkeypatch.setattr(Bubbles, "paint", lambda self, painter, option, index: painted.append(index.row()))
    QApplication.processEvents()
    assert (109 in painted, _top(view, 109)) == (False, before)
    rows.insert(110, [message(201, "new")])
    rows.remove(0, 50)
    assert _top(view, 59) == before
    qt_wait(lambda: view.visualRect(view.model().index(60, 0)).bottom() <= view.viewport().height(), "it is in sight")
    qt_wait(lambda: 60 in painted, "it is painted")
    rows.remove(0, 60)
    QApplication.processEvents()
    assert view.visualRect(view.model().index(0, 0)).bottom() > 540, "a single one stands at the lower end"
