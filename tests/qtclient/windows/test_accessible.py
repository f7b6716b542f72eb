"""Who hears the screen or has no mouse: every control of every window has a name, and the keyboard reaches it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTabBar,
    QWidget,
)

from qtclient.i18n import set_language, tr
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind, Phase, TransferInfo
from qtclient.windows.login import LoginWindow
from qtclient.windows.picture import PictureWindow
from qtclient.windows.shortcuts import KEYS, chapters
from qtclient.windows.watch import WatchWindow
from tests.qtclient.windows.conftest import Windows

_CONTROLS = (
    QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QPlainTextEdit, QTabBar, QProgressBar, QAbstractSlider,
)  # fmt: skip


def _unnamed(window: QWidget) -> list[str]:
    """Controls that a screen reader has no word for."""
    found = []
    for widget in [window, *window.findChildren(QWidget)]:
        inner = widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar)
        owned = isinstance(widget.parentWidget(), (QComboBox, QLineEdit, QTabBar)) or _in_combo(widget)
        if not isinstance(widget, _CONTROLS) or inner or owned:
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not widget.accessibleName().strip() and not text.strip():
            found.append(f"{type(window).__name__}: {type(widget).__name__} {widget.objectName()} {widget.toolTip()}")
    return found


def _in_combo(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox):
            return True
        parent = parent.parentWidget()
    return False


@pytest.fixture
def everything(pair: tuple[Windows, Windows]) -> Iterator[list[QWidget]]:
    """All windows, open at once."""
    windows, other = pair
    desk = windows.desk
    windows.open(other.name)
    windows.open("a group", Kind.GROUP)
    desk.show_transfers()
    desk.show_search(Key(Kind.PEER, other.name))
    desk.show_settings()
    desk.show_help()
    desk.show_password()
    desk.show_members("a group")
    for kind in ("add_friend", "create_group", "join_group"):
        desk.prompt(kind)
    desk.confirm_leave(Key(Kind.PEER, other.name))
    desk.confirm_logout()
    info = TransferInfo(1, False, Key(Kind.PEER, other.name), "f", "a.txt", "/nowhere", 9, 3, 1.0, 2.0, Phase.RUNNING)
    desk._replace("watch", WatchWindow(windows.session, windows.settings, desk.board, info))
    desk._replace("picture", PictureWindow(windows.settings, desk.board, "/nowhere.png", "nowhere.png"))
    login = LoginWindow(Settings(windows.profile))
    login.show()
    windows.open(other.name).composer.open_emoji()
    desk.show_jump()
    QApplication.processEvents()
    yield [one for one in QApplication.topLevelWidgets() if not isinstance(one, QMenu) and one.isVisible()]
    login.close()
    login.deleteLater()
    for one in QApplication.topLevelWidgets():
        if one.windowType() == Qt.WindowType.Popup:
            one.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_control_has_a_name(everything: list[QWidget], pair: tuple[Windows, Windows], language: str) -> None:
    pair[0].settings.set("language", language)
    kinds = {type(one).__name__ for one in everything}
    assert len(kinds) >= 15, kinds
    assert [line for window in everything for line in _unnamed(window)] == []


def test_every_window_has_a_title(everything: list[QWidget]) -> None:
    named = [one for one in everything if one.windowType() != Qt.WindowType.Popup]
    assert [type(one).__name__ for one in named if not one.windowTitle()] == []


def test_chinese_reaches_every_word(everything: list[QWidget], pair: tuple[Windows, Windows]) -> None:
    windows, other = pair
    windows.settings.set("language", "zh")
    names = {windows.name, other.name, "a group", "a.txt", "nowhere.png", "English", "Enter", "Ctrl+Enter"}
    english = []
    for window in everything:
        if window in (other.desk.main,):
            continue
        for widget in window.findChildren(QWidget):
            words = widget.text() if isinstance(widget, (QLabel, QAbstractButton)) else widget.accessibleName()
            for name in names:
                words = words.replace(name, "")
            latin = [word for word in words.split() if len(word) > 3 and word.isalpha() and word.isascii()]
            if latin:
                english.append(f"{type(window).__name__}: {words}")
    assert english == []
    set_language("en")


def test_the_keyboard_reaches_every_button(everything: list[QWidget]) -> None:
    unreachable = []
    for window in everything:
        for button in window.findChildren(QAbstractButton):
            inner = isinstance(button.parentWidget(), (QLineEdit, QTabBar, QComboBox))
            if not inner and button.isVisible() and button.focusPolicy() == Qt.FocusPolicy.NoFocus:
                unreachable.append(f"{type(window).__name__}: {button.text() or button.accessibleName()}")
    assert unreachable == []


def test_no_key_has_two_meanings_and_all_are_explained() -> None:
    viewer = {"zoom_in", "zoom_out", "zoom_fit"}
    keys = [key for name, all_keys in KEYS.items() if name not in viewer for key in all_keys]
    assert len(keys) == len(set(keys))
    explained = sum(len(lines) for _, lines in chapters())
    assert explained >= len(KEYS)
    assert tr("Everywhere") == chapters()[0][0]
