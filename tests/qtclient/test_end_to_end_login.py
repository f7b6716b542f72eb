"""The first minutes: register, trust, log in, come back; and what goes wrong then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt5.QtWidgets import QLabel, QLineEdit

from tests.qtclient.conftest import Meet
from tests.qtclient.person import Person, button, click, find, replace, shows
from tests.qtclient.support import Daemons, qt_wait, turn


def test_register_log_out_and_log_in(daemons: Daemons, name: Callable[[str], str], meet: Meet) -> None:
    ann = meet(daemons, name("ann"))
    ann.register()
    assert ann.session.user == ann.name
    assert ann.app.login is None
    assert ann.app.desk is not None
    ann.app.desk.logout_asked.emit()
    assert ann.app.session is None
    ann.log_in()
    assert ann.session.user == ann.name


def test_who_stays_logged_in_comes_back_without_a_password(
    daemons: Daemons, name: Callable[[str], str], meet: Meet
) -> None:
    ann = meet(daemons, name("ann"))
    ann.register()
    ann.leave()
    ann.come_back()
    assert ann.session.user == ann.name
    assert ann.app.login is None


def test_after_a_log_out_the_token_is_gone(daemons: Daemons, name: Callable[[str], str], meet: Meet) -> None:
    ann = meet(daemons, name("ann"))
    ann.register()
    assert ann.app.desk is not None
    ann.app.desk.logout_asked.emit()
    ann.leave()
    ann.come_back()
    assert ann.login.isVisible()
    assert ann.app.session is None


def test_who_does_not_want_to_stay_is_asked_again(daemons: Daemons, name: Callable[[str], str], meet: Meet) -> None:
    daemons.register(name("ann"))
    ann = meet(daemons, name("ann"))
    click(button(ann.login, "Stay logged in on this computer"))
    ann.log_in()
    ann.leave()
    ann.come_back()
    assert ann.login.isVisible()


def test_the_wrong_password_is_told_and_can_be_corrected(
    plain_daemons: Daemons, name: Callable[[str], str], meet: Meet
) -> None:
    plain_daemons.register(name("ann"))
    ann = meet(plain_daemons, name("ann"))
    ann.fill_in(password="wrong")
    click(button(ann.login, "Log in"))
    qt_wait(lambda: "assword" in news(ann), "it is told")
    assert ann.app.session is None
    ann.log_in()
    assert ann.session.user == ann.name


def test_a_name_that_is_taken_and_one_that_nobody_has(
    plain_daemons: Daemons, name: Callable[[str], str], meet: Meet
) -> None:
    plain_daemons.register(name("ann"))
    ann = meet(plain_daemons, name("ann"))
    ann.fill_in(name=name("nobody"))
    click(button(ann.login, "Log in"))
    qt_wait(lambda: news(ann), "it is told that nobody is called so")
    click(button(ann.login, "New here? Create an account"))
    ann.fill_in()
    replace(find(ann.login, QLineEdit, "Password again"), "a long secret")
    click(button(ann.login, "Register and log in"))
    qt_wait(lambda: news(ann), "it is told that the name is taken")
    assert ann.app.session is None


@pytest.mark.parametrize("server", ["127.0.0.1:9", "no.such.host.invalid", "what is this?", "127.0.0.1:99999"])
def test_a_server_that_is_none_is_told(
    server: str, plain_daemons: Daemons, name: Callable[[str], str], meet: Meet
) -> None:
    ann = meet(plain_daemons, name("ann"))
    ann.fill_in(server=server)
    click(button(ann.login, "Log in"))
    qt_wait(lambda: news(ann) and button(ann.login, "Log in").isEnabled(), "it is told")
    assert ann.app.session is None


def test_who_does_not_trust_the_server_sends_nothing(
    make_daemons: Callable[..., Daemons], name: Callable[[str], str], meet: Meet
) -> None:
    daemons = make_daemons(tls=True)
    daemons.register(name("ann"))
    ann = meet(daemons, name("ann"))
    ann.fill_in()
    click(button(ann.login, "Log in"))
    qt_wait(lambda: shows(ann.login, "Is this your server?"), "the certificate is shown")
    shown = [label.text() for label in ann.login.findChildren(QLabel) if label.accessibleName() == "Fingerprint"]
    assert shown[0].replace("\n", ":") == daemons.fingerprint
    click(button(ann.login, "Do not connect"))
    turn()
    assert ann.app.session is None
    assert not (ann.profile / "known-servers").exists()
    ann.log_in()
    assert (ann.profile / "known-servers").exists()


def test_another_certificate_than_before_stops_with_a_warning(
    make_daemons: Callable[..., Daemons], name: Callable[[str], str], meet: Meet
) -> None:
    daemons = make_daemons(tls=True)
    daemons.register(name("ann"))
    pins = meet(daemons, name("ann")).profile / "known-servers"
    other = ":".join(["AB"] * 32)
    pins.write_text(f"{daemons.address} {other}\n")
    ann = meet(daemons, name("ann"))
    (ann.profile / "known-servers").write_text(pins.read_text())
    ann.fill_in()
    click(button(ann.login, "Log in"))
    qt_wait(lambda: shows(ann.login, "changed its identity"), "the warning is there")
    click(button(ann.login, "Back"))
    assert ann.app.session is None
    assert other in pins.read_text()


def news(person: Person) -> str:
    """What the login window says is wrong."""
    labels = person.login.findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.property("role") == "error" and label.isVisible())
