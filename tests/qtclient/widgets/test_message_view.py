"""The list of bubbles: what it shows and does, and that it takes whatever comes from outside."""

from __future__ import annotations

import re

import pytest
from PyQt5.QtCore import QEvent, QPoint, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from chatwire.characters import is_harmless
from qtclient.look import emoji_font
from qtclient.records import FileInfo, FileState, Message, Sent
from qtclient.widgets.bubbles import Bubbles
from qtclient.widgets.file_words import Deed
from qtclient.widgets.message_view import MessageView
from qtclient.widgets.rows import Row
from tests.qtclient.support import qt_wait
from tests.qtclient.widgets.conftest import Show
from tests.qtclient.widgets.messages import GROUP, message, varied
from tests.support.unicode_corpus import NAMES, texts


def _row(view: MessageView, number: int) -> Row:
    delegate = view.itemDelegate()
    assert isinstance(delegate, Bubbles)
    row = delegate.row(view.model().index(number, 0), view.viewport().width())
    assert row is not None
    return row


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
    harmless = "a\ufffdb\u2407c\u241b[31m\u200f\ufffdd"
    assert first.name == harmless
    assert first.text is not None
    assert first.text.shown == harmless
    assert second.card is not None
    assert second.card.name == f"{harmless}.exe"


def test_every_script_is_shown_as_it_was_written(show: Show) -> None:
    """But for what could harm, which is a sign in its place; file names and names of people, too."""
    said = [text for text in texts() if len(text) < 1000]
    view, _ = show([message(mid, text, key=GROUP, sender=NAMES[mid % len(NAMES)]) for mid, text in enumerate(said, 1)])
    for number, text in enumerate(said):
        row = _row(view, number)
        assert row.text is not None
        lines = row.text.shown.split("\u2028")
        assert lines == re.split("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", text) or not is_harmless(text)
        assert all(is_harmless(re.sub("[\t\u202a-\u202c\u2066-\u2069]", "", line)) for line in lines)
        assert row.name in ("", NAMES[(number + 1) % len(NAMES)])


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
    view, _ = show(varied(30))
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
    view, _ = show(varied(200))
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
