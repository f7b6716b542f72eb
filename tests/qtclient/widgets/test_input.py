"""The field in which messages are written: Enter, input methods, what is pasted and dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPoint, Qt, QUrl
from PyQt5.QtGui import QDropEvent, QImage, QInputMethodEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QLabel, QToolButton

from qtclient.widgets.composer import Composer
from qtclient.widgets.emoji import EmojiPicker
from qtclient.widgets.emoji_data import families, find

RETURN = Qt.Key.Key_Return
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Written:
    """A composer and what came out of it."""

    def __init__(self, composer: Composer) -> None:
        self.composer = composer
        self.texts: list[str] = []
        self.files: list[list[str]] = []
        self.images: list[QImage] = []
        composer.send.connect(self.texts.append)
        composer.send_files.connect(self.files.append)
        composer.pasted.connect(self.images.append)

    def compose(self, preedit: str, commit: str = "") -> None:
        """As an input method does."""
        event = QInputMethodEvent(preedit, [])
        event.setCommitString(commit)
        QApplication.sendEvent(self.composer.input, event)


@pytest.fixture
def written(qapp: QApplication) -> Iterator[Written]:
    composer = Composer()
    composer.resize(480, 120)
    composer.show()
    composer.input.setFocus()
    qapp.processEvents()
    yield Written(composer)
    composer.close()
    composer.deleteLater()


def test_enter_sends_and_shift_enter_begins_a_line(written: Written) -> None:
    field = written.composer.input
    QTest.keyClicks(field, "one")
    QTest.keyClick(field, RETURN, SHIFT)
    QTest.keyClicks(field, "two")
    QTest.keyClick(field, RETURN)
    assert written.texts == ["one\ntwo"]
    assert field.toPlainText() == ""


def test_with_ctrl_enter_enter_begins_a_line(written: Written) -> None:
    written.composer.set_enter_sends(False)
    field = written.composer.input
    QTest.keyClicks(field, "one")
    QTest.keyClick(field, RETURN)
    QTest.keyClicks(field, "two")
    assert written.texts == []
    QTest.keyClick(field, Qt.Key.Key_Enter, CONTROL | Qt.KeyboardModifier.KeypadModifier)
    assert written.texts == ["one\ntwo"]


@pytest.mark.parametrize("enter_sends", [True, False])
def test_enter_never_sends_while_an_input_method_composes(written: Written, enter_sends: bool) -> None:
    written.composer.set_enter_sends(enter_sends)
    field = written.composer.input
    key = Qt.KeyboardModifier.NoModifier if enter_sends else CONTROL
    QTest.keyClicks(field, "a")
    written.compose("ni hao")
    QTest.keyClick(field, RETURN, key)
    assert written.texts == []
    written.compose("", "你好")
    QTest.keyClick(field, RETURN, key)  # the very key that ended the composition, forwarded
    assert written.texts == []
    assert field.toPlainText() == "a你好"
    QApplication.processEvents()
    QTest.keyClick(field, RETURN, key)
    assert written.texts == ["a你好"]


def test_a_composition_that_is_given_up_leaves_nothing(written: Written) -> None:
    written.compose("ni")
    written.compose("")
    QApplication.processEvents()
    QTest.keyClick(written.composer.input, RETURN)
    assert written.texts == []
    assert written.composer.text() == ""


@pytest.mark.parametrize("press", ["button", "enter", "enter while composing"])
def test_hangul_is_sent_with_the_syllable_that_is_being_composed(written: Written, press: str) -> None:
    field = written.composer.input
    written.compose("안")
    written.compose("녕", "안")  # the first syllable is complete, the second one is not
    if press == "button":
        (send,) = [b for b in written.composer.findChildren(QToolButton) if b.accessibleName() == "Send"]
        QTest.mouseClick(send, Qt.MouseButton.LeftButton)
    else:
        if press == "enter":
            written.compose("", "녕")  # as ibus does before it forwards the key
        QTest.keyClick(field, RETURN)
    assert written.texts == ["안녕"]
    assert (written.composer.text(), field.composition.composing) == ("", False)


def test_a_syllable_that_the_input_method_commits_once_more_is_not_in_the_next_message(written: Written) -> None:
    """ibus-hangul does when Qt resets it, which it does after it has committed what was composed."""
    written.compose("녕")
    written.composer.submit()
    written.compose("", "녕")
    assert (written.texts, written.composer.text()) == (["녕"], "")
    written.compose("녕")
    written.compose("", "녕")
    assert written.composer.text() == "녕"


def test_a_no_break_space_stays_one(written: Written) -> None:
    field = written.composer.input
    text = "10\u00a0km\n\u2009«\u202fa\u202f»"
    field.insertPlainText(text)
    field.selectAll()
    field.cut()
    assert QApplication.clipboard().text() == text
    field.paste()
    QTest.keyClick(field, RETURN)
    assert written.texts == [text]


def test_half_a_character_is_shown_and_sent_as_a_sign(written: Written) -> None:
    written.composer.input.insertPlainText("a\ud83d b\udc00")
    QTest.keyClick(written.composer.input, RETURN)
    assert written.texts == ["a\ufffd b\ufffd"]


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "\u3000"])
def test_nothing_is_not_sent(written: Written, text: str) -> None:
    written.composer.set_text(text)
    QTest.keyClick(written.composer.input, RETURN)
    assert written.texts == []


def test_it_grows_up_to_eight_lines(written: Written) -> None:
    field = written.composer.input
    low = field.height()
    written.composer.set_text("1\n2\n3")
    QApplication.processEvents()
    middle = field.height()
    written.composer.set_text("\n" * 50)
    QApplication.processEvents()
    assert low < middle < field.height() < 12 * field.fontMetrics().lineSpacing()


def test_a_text_that_is_too_long_is_counted_and_not_sent(written: Written) -> None:
    written.composer.set_limits(20, 0)
    written.composer.set_text("é" * 11)
    QTest.keyClick(written.composer.input, RETURN)
    assert written.texts == []
    words = [label.text() for label in written.composer.findChildren(QLabel) if label.isVisible()]
    assert "2 bytes too long" in words
    written.composer.set_text("é" * 10)
    QTest.keyClick(written.composer.input, RETURN)
    assert written.texts == ["é" * 10]


def _drop(written: Written, paths: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    field = written.composer.input
    left = Qt.MouseButton.LeftButton
    copy = Qt.DropAction.CopyAction
    event = QDropEvent(QPoint(5, 5), copy, data, left, Qt.KeyboardModifier.NoModifier)
    assert field.canInsertFromMimeData(data)
    field.dropEvent(event)


def test_dropped_files_are_listed_and_sent_with_enter(written: Written, tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    for path in (one, two):
        path.write_text("x")
    _drop(written, [one, two])
    assert written.files == []
    away = [button for button in written.composer.findChildren(QToolButton) if "two.txt" in button.accessibleName()]
    away[0].click()
    QTest.keyClick(written.composer.input, RETURN)
    assert written.files == [[str(one)]]


def test_the_limit_is_told_before_the_upload(written: Written, tmp_path: Path) -> None:
    written.composer.set_limits(0, 1000)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x" * 1000)
    large.write_bytes(b"x" * 1001)
    written.composer.attachments.add([str(small), str(large), str(tmp_path), str(tmp_path / "missing")])
    words = " | ".join(label.text() for label in written.composer.findChildren(QLabel))
    assert "large is too large: this server takes up to 1.0 kB" in words
    assert "is a folder" in words
    assert "cannot be read" in words
    written.composer.submit()
    assert written.files == [[str(small)]]


def test_a_pasted_picture_becomes_a_file(written: Written) -> None:
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0)
    QApplication.clipboard().setImage(image)
    written.composer.input.paste()
    assert len(written.images) == 1
    assert written.composer.text() == ""


def test_pasted_text_comes_without_its_looks(written: Written) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("bold")
    QApplication.clipboard().setMimeData(data)
    written.composer.input.paste()
    assert written.composer.text() == "bold"


def test_an_emoji_is_found_by_name_and_put_into_the_text(written: Written) -> None:
    written.composer.open_emoji()
    (picker,) = written.composer.findChildren(EmojiPicker)
    QTest.keyClicks(picker._search, "thumbs up")
    QTest.keyClick(picker._search, RETURN)
    assert written.composer.text() == "👍"
    QApplication.processEvents()


def test_emoji_are_found_in_both_languages() -> None:
    assert "👍" in find("thumbs up")
    assert "🎂" in find("生日")
    assert find("no such thing") == ""
    assert all(len(family) > 40 for family in families())
