"""What nobody has caught: one window, each traceback once, a line in the log, and life goes on."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal, qWarning
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from qtclient.crash import Crashes, versions
from qtclient.i18n import set_language
from qtclient.windows.crash import CrashWindow
from tests.qtclient.support import qt_wait


@pytest.fixture
def crashes(tmp_path: Path) -> Iterator[Crashes]:
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    found = Crashes(tmp_path / "log" / "qtclient.log")
    found.install()
    yield found
    found.remove()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == hooks


def shown() -> list[CrashWindow]:
    return [
        widget for widget in QApplication.topLevelWidgets() if isinstance(widget, CrashWindow) and widget.isVisible()
    ]


def text_of(window: CrashWindow) -> str:
    report = window.findChild(QPlainTextEdit)
    assert report is not None
    return report.toPlainText()


def raise_soon(error: Exception) -> None:
    def fail() -> None:
        raise error

    QTimer.singleShot(0, fail)


class Giver(QObject):
    given = pyqtSignal(int)


def test_an_exception_in_a_slot_is_shown_and_logged_and_the_client_lives_on(
    crashes: Crashes, caplog: pytest.LogCaptureFixture
) -> None:
    giver, taken = Giver(), []

    def take(number: int) -> None:
        taken.append(number)
        if number == 1:
            raise ValueError("a broken slot")

    giver.given.connect(take)
    giver.given.emit(1)
    qt_wait(shown, "the window is there")
    giver.given.emit(2)
    assert taken == [1, 2]
    [window] = shown()
    assert "ValueError: a broken slot" in text_of(window)
    assert versions() in text_of(window)
    assert "ValueError: a broken slot" in caplog.text
    assert not window.isModal()


def test_a_traceback_is_shown_once_and_another_one_joins_it_in_the_same_window(crashes: Crashes) -> None:
    for number in range(3):
        raise_soon(ValueError(f"the same place, {number}"))
    qt_wait(shown, "the window is there")
    [window] = shown()
    window.close()

    def elsewhere() -> None:
        raise KeyError("another place")

    raise_soon(ValueError("the same place, again"))
    QTimer.singleShot(0, elsewhere)
    qt_wait(shown, "the window is back")
    [window] = shown()
    assert text_of(window).count("the same place") == 1
    assert "another place" in text_of(window)


def test_an_exception_in_a_thread_is_shown_in_the_gui_thread(crashes: Crashes) -> None:
    def fail() -> None:
        raise RuntimeError("in a thread")

    thread = threading.Thread(target=fail, name="unlucky")
    thread.start()
    thread.join()
    qt_wait(shown, "the window is there")
    assert "in a thread" in text_of(shown()[0])


def test_the_report_can_be_copied(crashes: Crashes, qtbot: QtBot) -> None:
    raise_soon(ValueError("to be reported"))
    qt_wait(shown, "the window is there")
    [window] = shown()
    buttons = {button.text(): button for button in window.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["&Copy the report"], Qt.MouseButton.LeftButton)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert "ValueError: to be reported" in clipboard.text()
    qtbot.mouseClick(buttons["Clos&e"], Qt.MouseButton.LeftButton)
    assert not shown()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_buttons_have_the_same_letter(crashes: Crashes, language: str) -> None:
    raise_soon(ValueError("whatever"))
    qt_wait(shown, "the window is there")
    set_language(language)
    window = shown()[0]
    window.say_words()
    letters = [one.text().partition("&")[2][:1].upper() for one in window.findChildren(QPushButton)]
    set_language("en")
    assert all(letters)
    assert len(set(letters)) == len(letters)


def test_the_window_speaks_chinese_and_names_its_controls(crashes: Crashes) -> None:
    raise_soon(ValueError("whatever"))
    qt_wait(shown, "the window is there")
    [window] = shown()
    set_language("zh")
    try:
        QApplication.sendEvent(window, QEvent(QEvent.Type.LanguageChange))
        assert window.windowTitle() == "发生了意外错误"
        controls = [*window.findChildren(QPushButton), window.findChild(QPlainTextEdit)]
        assert all(control.accessibleName() for control in controls if control is not None)
    finally:
        set_language("en")


def test_an_exception_that_cannot_be_told_does_not_end_the_client(
    crashes: Crashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise MemoryError

    written: list[bytes] = []
    monkeypatch.setattr(crashes, "_is_new", broken)
    monkeypatch.setattr(os, "write", lambda _, data: written.append(data))
    crashes.caught(ValueError, ValueError("whatever"), None)
    assert b"ValueError, and MemoryError" in written[0]


def test_what_qt_says_goes_to_the_log(crashes: Crashes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "qtclient.qt"):
        qWarning("something is odd")
    assert "something is odd" in caplog.text


def test_an_exception_while_an_object_dies_is_logged_only(crashes: Crashes, caplog: pytest.LogCaptureFixture) -> None:
    class Dying:
        def __del__(self) -> None:
            raise ValueError("in __del__")

    make: Callable[[], Dying] = Dying
    make()
    assert "in __del__" in caplog.text
    assert not shown()
