"""Where windows are: on the screen, whatever it was when their places were remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PyQt5.QtCore import QRect
from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QApplication, QPushButton, QScrollArea

from qtclient.model.settings import Settings
from qtclient.windows.desk import Desk
from qtclient.windows.login import LoginWindow
from qtclient.windows.settings import SettingsWindow
from qtclient.windows.window import Window
from tests.qtclient.windows.conftest import Windows

Make = Callable[[], Window]


class _Plain(Window):
    def say_words(self) -> None: ...


@pytest.fixture
def make(settings: Settings) -> Iterator[Make]:
    made: list[Window] = []

    def one() -> Window:
        made.append(_Plain(settings, "one", (300, 200), stays=True))
        return made[-1]

    yield one
    for window in made:
        window.close()
        window.deleteLater()


def _free() -> QRect:
    screen = QApplication.primaryScreen()
    assert screen is not None
    return screen.availableGeometry()


@pytest.mark.parametrize(
    "place", [(700, 100, 300, 200), (-200, 500, 300, 300), (5000, 3000, 300, 200), (100, -500, 300, 200)]
)
def test_what_was_remembered_half_off_the_screen_comes_inside(make: Make, place: tuple[int, ...]) -> None:
    before = make()
    before.show()
    before.setGeometry(*place)
    before.remember()
    after = make()
    assert _free().contains(after.geometry())
    assert (after.width(), after.height()) == place[2:]


def test_what_is_larger_than_the_screen_becomes_smaller(make: Make) -> None:
    before = make()
    before.show()
    before.setGeometry(10, 10, 3000, 2000)
    before.remember()
    assert _free().contains(make().geometry())


def test_what_is_on_the_screen_stays_where_it_is(make: Make) -> None:
    before = make()
    before.show()
    place = QRect(_free().right() - 299, _free().bottom() - 199, 300, 200)
    before.setGeometry(place)
    before.remember()
    assert make().geometry() == place


def test_a_window_that_got_lost_is_brought_back(make: Make) -> None:
    window = make()
    window.show()
    window.move(_free().right() - 20, 100)
    window.bring_up()
    assert _free().contains(window.geometry())
    window.move(_free().right() - 120, 100)  # enough of its title is left to move it
    window.bring_up()
    assert window.x() == _free().right() - 120


def test_the_login_fits_on_a_small_screen(settings: Settings) -> None:
    window = LoginWindow(settings)
    window.show()
    try:
        window.failed("It did not work. " * 40)
        QApplication.processEvents()
        assert window.height() <= _free().height()
        window.resize(window.width(), 240)
        QApplication.processEvents()
        [area] = [area for area in window.findChildren(QScrollArea) if area.isVisible()]
        bar = area.verticalScrollBar()
        assert bar.maximum() > 0
        bar.setValue(bar.maximum())
        last = next(one for one in window.findChildren(QPushButton) if one.text().startswith("New here?"))
        assert area.rect().contains(last.mapTo(area, last.rect().center()))
    finally:
        window.close()
        window.deleteLater()


@pytest.mark.parametrize("points", [9, 20])
def test_the_settings_are_as_wide_as_their_words(settings: Settings, points: int) -> None:
    window = SettingsWindow(settings)
    font = QFont(window.font())
    font.setPointSize(points)
    window.setFont(font)
    window.show()
    try:
        QApplication.processEvents()
        [area] = window.findChildren(QScrollArea)
        page = area.widget()
        assert page is not None
        assert area.verticalScrollBar().isVisible()
        assert page.width() <= area.viewport().width()
    finally:
        window.close()
        window.deleteLater()


def test_what_was_open_is_not_forgotten_by_a_desk_that_ends_at_once(pair: tuple[Windows, Windows]) -> None:
    """The server can refuse a kept session before the windows have come back."""
    ann, ben = pair
    ann.open(ben.name)
    ann.desk.close_all()
    before = list(ann.settings.get("open"))
    assert len(before) == 1
    desk = Desk(ann.session, ann.settings, ann.theme)
    desk.close_all()
    desk.deleteLater()
    assert ann.settings.get("open") == before
