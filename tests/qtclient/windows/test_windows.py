"""Windows one by one: login, settings, notices, help."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QLabel

from qtclient.look.counted import counted_icon
from qtclient.look.theme import Theme
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind, Link, LinkState
from qtclient.widgets.banner import Banner, words
from qtclient.widgets.scrolled import Scrolled
from qtclient.widgets.toast import Toast
from qtclient.windows.certificates import in_lines
from qtclient.windows.login import LoginRequest, LoginWindow
from qtclient.windows.settings import SettingsWindow
from tests.qtclient.person import button, replace, shows
from tests.qtclient.support import qt_wait
from tests.qtclient.windows.conftest import Windows

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))


@pytest.fixture
def login(settings: Settings) -> Iterator[LoginWindow]:
    settings.remember_account("chat.example.org:8000", "ann", stay=True)
    settings.remember_account("other.example.org:8000", "ben", stay=False)
    window = LoginWindow(settings)
    window.show()
    QApplication.processEvents()
    yield window
    window.close()
    window.deleteLater()


def test_servers_and_accounts_are_remembered(login: LoginWindow) -> None:
    form = login._form
    assert form.server.currentText() == "other.example.org:8000"
    assert form.user.text() == "ben"
    assert not form.stay.isChecked()
    assert [form.server.itemText(number) for number in range(form.server.count())] == [
        "other.example.org:8000",
        "chat.example.org:8000",
    ]
    form.server.setCurrentIndex(1)
    assert form.users.stringList() == ["ann"]


def test_what_is_missing_is_said_before_anything_is_sent(login: LoginWindow) -> None:
    asked: list[LoginRequest] = []
    login.asked.connect(asked.append)
    QTest.keyClick(login._form.password, Qt.Key.Key_Return)
    assert shows(login, "The password is missing.")
    button(login, "New here? Create an account").click()
    replace(login._form.password, "one")
    replace(login._form.again, "two")
    button(login, "Register and log in").click()
    assert shows(login, "The two passwords are not the same.")
    assert asked == []
    replace(login._form.again, "one")
    QTest.keyClick(login._form.again, Qt.Key.Key_Return)
    assert asked == [LoginRequest("other.example.org:8000", "ben", "one", True, False)]


def test_a_problem_leads_to_its_field_and_has_room(login: LoginWindow) -> None:
    form = login._form
    form.server.lineEdit().setFocus()
    login.resize(login.sizeHint())
    QTest.keyClick(form.server.lineEdit(), Qt.Key.Key_Return)
    assert shows(login, "The password is missing.")
    assert form.password.hasFocus()
    area = login._pages.currentWidget()
    assert isinstance(area, Scrolled)
    qt_wait(lambda: area.verticalScrollBar().maximum() == 0, "nothing has to be scrolled")


def test_a_server_that_is_given_need_not_be_typed(settings: Settings) -> None:
    for server, there in (("", "server"), ("chat.example.org:8000", "user")):
        window = LoginWindow(settings, server=server)
        window.show()
        window.activateWindow()
        QApplication.processEvents()
        form = window._form
        wanted = {"server": form.server.lineEdit(), "user": form.user}[there]
        assert window.focusWidget() in (wanted, wanted.parentWidget() if there == "server" else wanted)
        window.close()
        window.deleteLater()


def test_the_language_can_be_chosen_before_the_login(login: LoginWindow, settings: Settings) -> None:
    theme = Theme(settings)
    theme.apply()
    login._form.user.setText("ann")
    button(login, "中文").click()
    assert settings.get("language") == "zh"
    assert login.windowTitle() == "登录"
    button(login, "登录")
    button(login, "English").click()
    assert settings.get("language") == "en"
    assert login._form.user.text() == "ann"
    theme.deleteLater()


def test_while_something_is_under_way_it_can_be_given_up(login: LoginWindow) -> None:
    declined: list[bool] = []
    login.declined.connect(lambda: declined.append(True))
    replace(login._form.password, "secret")
    button(login, "Log in").click()
    assert not login._form.go.isEnabled()
    QTest.keyClick(login, Qt.Key.Key_Escape)
    assert declined == [True]
    assert login._form.go.isEnabled()
    assert login._form.password.text() == "secret"


def test_an_unknown_certificate_is_shown_and_pinned_only_on_consent(login: LoginWindow) -> None:
    trusted: list[tuple[str, str]] = []
    login.trusted.connect(lambda *what: trusted.append(what))
    login.ask_trust("chat.example.org:8000", FINGERPRINT)
    assert shows(login, in_lines(FINGERPRINT))
    assert login._trust.refuse.hasFocus()  # Enter by mistake trusts nobody
    button(login, "Do not connect").click()
    assert trusted == []
    login.ask_trust("chat.example.org:8000", FINGERPRINT)
    button(login, "They are the same: connect").click()
    assert trusted == [("chat.example.org:8000", FINGERPRINT)]


def test_a_changed_certificate_stops(login: LoginWindow) -> None:
    login.changed_certificate("chat.example.org:8000", FINGERPRINT, FINGERPRINT[::-1], "/home/ann/known-servers")
    assert shows(login, "The server has changed its identity")
    assert shows(login, "/home/ann/known-servers")
    visible = [one.text() for one in login.findChildren(type(login._changed.leave)) if one.isVisible()]
    assert visible == ["Back"]
    QTest.keyClick(login._changed.leave, Qt.Key.Key_Return)
    assert login.focusWidget() is login._form.password  # not on the link to another page
    button(login, "New here? Create an account").click()
    assert login.focusWidget() is login._form.password  # as the name is there already


def test_the_cursor_goes_where_something_has_to_be_changed(login: LoginWindow) -> None:
    login.failed("The server cannot be reached.", at_server=True)
    assert login.focusWidget() is login._form.server  # for its line
    login.failed("The password is wrong.")
    assert login.focusWidget() is login._form.password


def test_a_hostile_error_is_only_a_line(login: LoginWindow) -> None:
    login.failed("<b>bold</b>\u202e\x1b[2J" * 50)
    label = next(one for one in login.findChildren(QLabel) if "bold" in one.text())
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert "\u202e" not in label.text()


def test_every_setting_counts_at_once(settings: Settings) -> None:
    theme = Theme(settings)
    window = SettingsWindow(settings)
    window.show()
    for name, box in window.choices.items():
        for place in range(box.count()):
            box.setCurrentIndex(place)
            assert settings.get(name) == box.currentData(), name
        box.setCurrentIndex(0)
    for name, check in window.checks.items():
        if check.isEnabled():
            before = settings.get(name)
            check.click()
            assert settings.get(name) is not before, name
    settings.set("theme", "dark")
    assert window.choices["theme"].currentData() == "dark"
    settings.set("theme", "light")
    settings.set("font_size", 0)
    window.close()
    theme.deleteLater()
    QApplication.processEvents()


def test_a_wheel_over_a_setting_chooses_nothing(settings: Settings) -> None:
    window = SettingsWindow(settings)
    window.resize(520, 300)
    window.show()
    box = window.choices["theme"]
    for _ in range(3):
        point, none = QPoint(20, 10), Qt.MouseButton.NoButton
        held, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        place = QPointF(point), QPointF(box.mapToGlobal(point))
        QApplication.sendEvent(box, QWheelEvent(*place, QPoint(), QPoint(0, -120), none, held, phase, False))
    assert settings.get("theme") == "system"
    window.close()
    QApplication.processEvents()


def test_the_names_of_settings_grow_with_the_text(settings: Settings) -> None:
    theme = Theme(settings)
    theme.apply()
    window = SettingsWindow(settings)
    window.show()
    settings.set("font_size", 24)
    labels = window._labels.values()
    qt_wait(lambda: all(one.width() >= one.sizeHint().width() for one in labels), "no name is cut")
    assert len({box.x() for box in window.choices.values()}) == 1
    settings.set("font_size", 0)
    window.close()
    theme.deleteLater()
    QApplication.processEvents()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (LinkState(Link.CONNECTING), "Connecting…"),
        (LinkState(Link.OFFLINE), "No connection. Trying again…"),
        (LinkState(Link.OFFLINE, "gone.", 112.4), "No connection: gone. Next try in 13 s."),
        (LinkState(Link.OFFLINE, "", 90.0), "No connection. Trying again…"),
        (LinkState(Link.REFUSED, "The token has expired."), "The token has expired."),
    ],
)
def test_the_banner_says_what_is_going_on(settings: Settings, state: LinkState, expected: str) -> None:
    assert words(state, 100.0) == expected


def test_the_banner_comes_after_a_moment_and_goes_at_once(settings: Settings) -> None:
    banner = Banner()
    banner.set_state(LinkState(Link.OFFLINE))
    assert banner.isHidden()
    qt_wait(lambda: not banner.isHidden(), "it comes")
    banner.set_state(LinkState(Link.ONLINE))
    assert banner.isHidden()
    banner.deleteLater()


def test_the_tray_icon_shows_the_number(settings: Settings) -> None:
    pictures = {count: counted_icon(count).pixmap(64, 64).toImage() for count in (0, 1, 42, 100, 5000)}
    assert pictures[0] != pictures[1]
    assert pictures[1] != pictures[42]
    assert pictures[100] == pictures[5000]


def test_presence_makes_notices_but_not_right_after_the_login(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    told: list[tuple[str, str]] = []
    ann.desk.notices.shown.connect(lambda *what: told.append(what))
    ben.close()
    qt_wait(lambda: not ann.session.friends[0].online, "ben has gone")
    assert told == []
    ann.desk.notices._news_from = 0.0
    ben.come_back()
    qt_wait(lambda: told == [(ben.name, f"{ben.name} is online")], "ann is told")


def test_the_main_window_goes_to_the_tray_or_ends_the_program(pair: tuple[Windows, Windows]) -> None:
    ann, _ = pair
    asked: list[bool] = []
    ann.desk.quit_asked.connect(lambda: asked.append(True))
    ann.desk.main.close()  # there is no tray here
    assert asked == [True]
    ann.desk.show()
    assert ann.desk.main.isVisible()


def test_many_notices_at_once_are_few(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    told: list[tuple[str, str]] = []
    ben.desk.notices.shown.connect(lambda *what: told.append(what))
    for number in range(30):
        ann.session.say(Key(Kind.PEER, ben.name), f"number {number}")
    qt_wait(lambda: ben.desk.tray.count == 30, "all have come")
    qt_wait(lambda: told, "a notice")
    assert len(told) < 10


def test_lines_that_come_at_once_are_shown_one_after_the_other(settings: Settings) -> None:
    parent = QLabel()
    parent.resize(400, 300)
    parent.show()
    toast = Toast(parent)
    for text in ("one", "two", "two", "three"):
        toast.say(text)
    seen: list[str] = []

    def all_seen() -> bool:
        if toast.text() and toast.text() not in seen:
            seen.append(toast.text())
        return len(seen) == 3

    qt_wait(all_seen, "all three")
    assert seen == ["one", "two", "three"]
    parent.close()
    parent.deleteLater()
