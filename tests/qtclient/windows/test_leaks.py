"""Opening and closing windows leaves nothing behind: no window, no Python object of ours, no thread, no descriptor."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QApplication, QWidget

from qtclient.records import Key, Kind
from tests.qtclient.conftest import settle
from tests.qtclient.support import Daemons, qt_wait
from tests.qtclient.windows.conftest import Enter, Windows

_ROUNDS, _AT_ONCE = 10, 20


def _alive() -> Counter[str]:
    """Qt's objects that Python knows, by class."""
    settle()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, QObject))


def _open_and_close(windows: Windows, friends: list[str]) -> None:
    for friend in friends:
        windows.desk.open(Key(Kind.PEER, friend))
    QApplication.processEvents()
    assert len(windows.desk.opened()) == len(friends)
    for holder in {id(one): one for one in windows.desk.conversations._holders.values()}.values():
        holder.close()
    settle()
    assert not windows.desk.opened()


def test_two_hundred_conversation_windows(enter: Enter, plain_daemons: Daemons, name: Callable[[str], str]) -> None:
    ann = name("ann")
    friends = [f"{name('friend')}-{number}" for number in range(_AT_ONCE)]
    plain_daemons.register(ann, *friends)
    plain_daemons.befriend(ann, *friends)
    windows = enter(ann)
    _open_and_close(windows, friends)  # what is made once and kept
    objects, widgets = _alive(), len(QApplication.allWidgets())
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(_ROUNDS):
        _open_and_close(windows, friends)
    assert _alive() - objects == Counter()
    assert len(QApplication.allWidgets()) == widgets
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) <= files


def test_every_other_window(pair: tuple[Windows, Windows]) -> None:
    windows, other = pair
    friend = Key(Kind.PEER, other.name)

    def once() -> None:
        desk = windows.desk
        desk.show_transfers()
        desk.show_search(None)
        desk.show_search(friend)
        desk.show_settings()
        desk.show_help()
        desk.show_password()
        desk.show_members("nowhere")
        desk.prompt("add_friend")
        desk.prompt("create_group")
        desk.confirm_leave(friend)
        desk.confirm_logout()
        desk.show_jump()
        windows.open(other.name).composer.open_emoji()
        QApplication.processEvents()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QWidget) and widget not in (windows.desk.main, other.desk.main):
                widget.close()
        settle()

    once()
    objects = _alive()
    for _ in range(5):
        once()
    assert _alive() - objects == Counter()


def test_tabs(pair: tuple[Windows, Windows]) -> None:
    windows, other = pair
    windows.settings.set("tabs", True)

    def once() -> None:
        windows.open(other.name)
        windows.open("nobody")
        QApplication.processEvents()
        holder = windows.desk.conversations._holders[Key(Kind.PEER, other.name)]
        holder._close_current()  # type: ignore[attr-defined]
        holder.close()
        settle()

    once()
    objects = _alive()
    for _ in range(5):
        once()
    assert _alive() - objects == Counter()
    qt_wait(lambda: not windows.desk.opened())
