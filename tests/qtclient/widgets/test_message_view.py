"""The list of bubbles: it measures only what it shows, keeps its place, and takes whatever comes from outside."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from PyQt5.QtCore import QEvent, QModelIndex, QPoint, QSize, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QStyleOptionViewItem

from qtclient.look import emoji_font
from qtclient.records import FileInfo, FileState, Message, Sent
from qtclient.widgets.bubbles import Bubbles
from qtclient.widgets.file_words import Deed
from qtclient.widgets.message_view import MessageView
from qtclient.widgets.rows import Row
from tests.qtclient.support import qt_wait
from tests.qtclient.widgets.messages import GROUP, ROLE, NoFiles, Rows, message

Show = Callable[[list[Message]], tuple[MessageView, Rows]]


@pytest.fixture
def show(qapp: QApplication) -> Iterator[Show]:
    views: list[MessageView] = []

    def make(messages: list[Message]) -> tuple[MessageView, Rows]:
        view, rows = MessageView(ROLE, NoFiles()), Rows(messages)
        rows.setParent(view)
        view.setModel(rows)
        view.resize(480, 600)
        view.show()
        qapp.processEvents()
        views.append(view)
        return view, rows

    yield make
    for view in views:
        view.close()
        view.deleteLater()


def _row(view: MessageView, number: int) -> Row:
    delegate = view.itemDelegate()
    assert isinstance(delegate, Bubbles)
    row = delegate.row(view.model().index(number, 0), view.viewport().width())
    assert row is not None
    return row


def _top(view: MessageView, number: int) -> int:
    return view.visualRect(view.model().index(number, 0)).top()


def _varied(count: int) -> list[Message]:
    dice = random.Random(7)
    return [message(n, "word " * dice.randint(1, 60), sender=dice.choice(["me", "ben"])) for n in range(1, count + 1)]


def test_it_opens_at_the_end(show: Show) -> None:
    view, _ = show(_varied(300))
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


def test_what_is_in_sight_stays_when_older_ones_come(show: Show) -> None:
    view, rows = show(_varied(200))
    view.go_to(100)
    QApplication.processEvents()
    before = _top(view, 100)
    rows.insert(0, [message(-n, "older " * n) for n in range(60, 0, -1)])
    QApplication.processEvents()
    assert _top(view, 160) == before


def test_what_is_in_sight_stays_when_new_ones_come_and_old_ones_go(show: Show) -> None:
    view, rows = show(_varied(200))
    view.go_to(100)
    QApplication.processEvents()
    before = _top(view, 100)
    rows.insert(200, [message(201)])
    rows.remove(0, 50)
    QApplication.processEvents()
    assert _top(view, 50) == before
    assert not view.at_end


def test_the_end_stays_in_sight_when_new_ones_come(show: Show) -> None:
    view, rows = show(_varied(50))
    for number in range(51, 80):
        rows.insert(rows.rowCount(), [message(number, "new " * number)])
    assert view.at_end
    last = view.model().index(78, 0)
    qt_wait(lambda: view.visualRect(last).bottom() <= view.viewport().height(), "the last one is in sight")


def test_scrolling_up_bit_by_bit_never_jumps(show: Show) -> None:
    view, _ = show(_varied(400))
    bar = view.verticalScrollBar()
    for _ in range(150):
        number = view.rows_in_sight()[-1]
        before = _top(view, number)
        bar.setValue(bar.value() - 40)
        QApplication.processEvents()
        assert abs(_top(view, number) - before - 40) <= 1


def test_a_row_that_grows_pushes_nothing_above_it_away(show: Show) -> None:
    view, rows = show(_varied(100))
    view.go_to(50)
    QApplication.processEvents()
    before = _top(view, 50)
    rows.change(53, message(54, "long " * 400))
    QApplication.processEvents()
    assert _top(view, 50) == before


@pytest.mark.parametrize("text", ["x" * 16384, "\n" * 16384, "界" * 5461, "a\u0301" * 4000, "\u202e" + "b" * 999])
def test_a_long_message_is_folded_and_can_be_unfolded(show: Show, text: str) -> None:
    view, _ = show([message(1, text)])
    row = _row(view, 0)
    assert row.bubble.right() <= view.viewport().width()
    if len(text) <= 1000:
        return
    assert row.height < 2000
    (more,) = [zone for zone in row.zones if zone.deed is Deed.MORE]
    assert more
    view.unfold(row.message, True)
    assert _row(view, 0).height > row.height
    view.unfold(row.message, False)
    assert _row(view, 0).height == row.height


def test_names_and_texts_cannot_control_the_screen(show: Show) -> None:
    evil = "a\u202eb\u0007c\x1b[31m\u200f\u2066d"
    file = FileInfo("f", f"{evil}.exe", 10, FileState.COMPLETE)
    view, _ = show([message(1, evil, sender=evil, key=GROUP), message(2, "", sender="x", key=GROUP, file=file)])
    first, second = _row(view, 0), _row(view, 1)
    assert first.name == "abcd"
    assert first.text is not None
    assert first.text.shown == "abcd"
    assert second.card is not None
    assert second.card.name == "abcd.exe"


def test_runs_of_one_sender_are_joined(show: Show) -> None:
    view, _ = show([message(n, sender=who, key=GROUP) for n, who in enumerate(["a", "a", "b", "me", "me"], 1)])
    places = [(row.place.first, row.place.last) for row in (_row(view, n) for n in range(5))]
    assert places == [(True, False), (False, True), (True, True), (True, False), (False, True)]
    assert [_row(view, n).avatar is not None for n in range(5)] == [False, True, True, False, False]


def test_day_lines_and_the_line_of_new_messages(show: Show) -> None:
    day = 24 * 3600_000
    view, _ = show([message(1), message(2, ts=message(1).ts + day), message(3, ts=message(1).ts + day + 1)])
    view.set_fresh(3)
    assert [_row(view, n).place.day for n in range(3)] == [True, True, False]
    assert [_row(view, n).place.fresh for n in range(3)] == [False, False, True]


def test_a_click_on_a_link_is_told(show: Show) -> None:
    view, _ = show([message(1, "see https://example.org/a?b=c. and javascript:alert(1)")])
    row = _row(view, 0)
    assert row.text is not None
    assert [link.url for link in row.text.links] == ["https://example.org/a?b=c"]
    wanted: list[tuple[Message, Deed, str]] = []
    view.wanted.connect(lambda *what: wanted.append(what))
    x, _ = row.text.layout.lineAt(0).cursorToX(row.text.links[0].start + 4)
    spot = view.visualRect(view.model().index(0, 0)).topLeft() + (row.text_at.toPoint() + QPoint(round(x), 8))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [(deed, value) for _, deed, value in wanted] == [(Deed.LINK, "https://example.org/a?b=c")]


def test_text_is_chosen_by_the_mouse_and_copied(show: Show) -> None:
    view, _ = show([message(1, "one two three")])
    row = _row(view, 0)
    origin = view.visualRect(view.model().index(0, 0)).topLeft() + row.text_at.toPoint()
    viewport = view.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=origin + QPoint(0, 8))
    QTest.mouseMove(viewport, origin + QPoint(60, 8))
    _drag(view, origin + QPoint(400, 8))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=origin + QPoint(400, 8))
    assert view.chosen_text() == "one two three"
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=origin + QPoint(4, 8))
    assert view.chosen_text().strip() == "one"
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text().strip() == "one"


def _drag(view: MessageView, to: QPoint) -> None:
    """A move with the button held, which QTest cannot do."""
    left = Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    view.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, to, Qt.MouseButton.NoButton, left, none))


def test_the_keyboard_goes_from_message_to_message(show: Show) -> None:
    view, _ = show(_varied(30))
    view.setFocus()
    view.setCurrentIndex(view.model().index(29, 0))
    for _ in range(20):
        QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.currentIndex().row() == 9
    rect = view.visualRect(view.currentIndex())
    assert rect.top() >= 0
    assert rect.top() < view.viewport().height()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == view.model().index(9, 0).data()


def test_enter_opens_the_link_of_a_message(show: Show) -> None:
    view, _ = show([message(1, "https://example.org")])
    wanted: list[str] = []
    view.wanted.connect(lambda _, __, value: wanted.append(value))
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert wanted == ["https://example.org"]


def test_a_failed_message_says_why_and_offers_a_retry(show: Show) -> None:
    view, _ = show([message(1, sender="me", sent=Sent.FAILED, problem="You are not in that group.")])
    row = _row(view, 0)
    assert row.problem == "You are not in that group."
    wanted: list[Deed] = []
    view.wanted.connect(lambda _, deed, __: wanted.append(deed))
    retry = next(zone for zone in row.zones if zone.deed is Deed.RETRY)
    spot = view.visualRect(view.model().index(0, 0)).topLeft() + retry.rect.center().toPoint()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert wanted == [Deed.RETRY]


def test_older_messages_are_asked_for_near_the_upper_edge(show: Show) -> None:
    view, _ = show(_varied(200))
    asked: list[bool] = []
    view.older_wanted.connect(lambda: asked.append(True))
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() - 10)
    assert not asked
    view.verticalScrollBar().setValue(100)
    qt_wait(lambda: asked, "older ones are asked for")


@pytest.mark.parametrize("width", [380, 481, 699])
def test_own_bubbles_end_in_one_line(show: Show, width: int) -> None:
    view, _ = show([message(n, "word " * n, sender="me") for n in range(1, 12)])
    delegate = view.itemDelegate()
    assert isinstance(delegate, Bubbles)
    rows = [delegate.row(view.model().index(number, 0), width) for number in range(11)]
    assert len({row.bubble.right() for row in rows if row is not None}) == 1


def test_emoji_are_in_a_font_of_their_own(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emoji_font, "family", lambda: "Some Emoji")
    view, _ = show([message(1, "a😀👍🏽b ❤\ufe0f https://example.org/☕ 12"), message(2, "plain"), message(3, "😀👍")])
    text = _row(view, 0).text
    assert text is not None
    found = [(one.start, one.length) for one in text.layout.formats() if one.format.fontFamily() == "Some Emoji"]
    assert found == [(1, 6), (9, 2), (32, 1)]
    large, plain = _row(view, 2).text, _row(view, 1).text
    assert large is not None
    assert large.layout.font().family() == "Some Emoji"
    assert plain is not None
    assert plain.layout.formats() == []
    view.grab()


@pytest.mark.parametrize("width", [120, 200, 480, 1600])
def test_bubbles_stay_inside_at_any_width(show: Show, width: int) -> None:
    file = FileInfo("f", "n" * 300 + ".pdf", 10, FileState.COMPLETE)
    messages = [message(1, "word " * 50), message(2, "x" * 500, sender="me"), message(3, "", file=file)]
    view, _ = show(messages)
    view.resize(width, 500)
    QApplication.processEvents()
    view.grab()
    for number in range(3):
        bubble = _row(view, number).bubble
        assert bubble.left() >= 0
        assert bubble.width() > 40
