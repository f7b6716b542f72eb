"""The disk takes nothing while somebody writes: they see their text and its fate, and are asked before the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt5.QtWidgets import QMessageBox

from qtclient.records import Key, Kind, Sent
from tests.qtclient.conftest import Meet
from tests.qtclient.model.blocked import LONG, Block, full, locked
from tests.qtclient.person import Person, button, click, shows, windows_of
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


@pytest.fixture
def ann(plain_daemons: Daemons, name: Name, meet: Meet, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Online, with a friend called ben."""
    monkeypatch.setattr("qtclient.cache.writer._REST", 0.05)
    plain_daemons.register(name("ann"), name("ben"))
    plain_daemons.befriend(name("ann"), name("ben"))
    person = meet(plain_daemons, name("ann"))
    person.log_in()
    person.online()
    return person


@pytest.mark.parametrize(("block", "words"), [(full, "The disk is full."), (locked, "Another program has locked")])
def test_enter_on_a_disk_that_takes_nothing(ann: Person, name: Name, block: Block, words: str) -> None:
    pane = ann.jump(name("ben"))
    ann.write(pane, "before")
    ann.hears(pane, "before", Sent.STORED)
    with block(ann.session):
        ann.session.set_draft(Key(Kind.PEER, name("eve")), LONG)  # so that not even a small thing fits
        pane.composer.input.insertPlainText(LONG)
        ann.write(pane, "to be seen")
        assert pane.composer.text() == ""
        ann.hears(pane, LONG + "to be seen", Sent.STORED)
        assert shows(pane, words)
        assert shows(ann.desk.main, words)
        ann.desk.quit_asked.emit()
        [question] = windows_of(QMessageBox)
        assert "not on the disk" in question.text()
        assert "All messages have been sent" in question.informativeText()
        assert words in question.informativeText()
        click(button(question, "Stay"))
        assert not ann.has_ended
    qt_wait(lambda: pane.disk.isHidden() and ann.desk.main.disk.isHidden(), "it goes away by itself")
    ann.desk.quit_asked.emit()
    qt_wait(lambda: ann.has_ended, "now nothing is lost by leaving")
    ann.leave()
    ann.come_back()
    ann.hears(ann.jump(name("ben")), LONG + "to be seen", Sent.STORED)


def test_a_draft_that_was_not_kept_yet_is_asked_about(ann: Person, name: Name) -> None:
    """It is written at the moment when the user wants to leave, and only then the disk is found to be full."""
    pane = ann.jump(name("ben"))
    with full(ann.session):
        pane.composer.input.insertPlainText(LONG)
        ann.desk.quit_asked.emit()
        qt_wait(lambda: windows_of(QMessageBox), "it is asked")
        [question] = windows_of(QMessageBox)
        assert "drafts" in question.informativeText()
        click(button(question, "Quit"))
        assert ann.has_ended


def test_log_out_asks_too(ann: Person, name: Name) -> None:
    ann.jump(name("ben"))
    with full(ann.session):
        ann.session.say(Key(Kind.PEER, name("ben")), LONG)
        qt_wait(lambda: ann.session.unwritable, "it is noticed")
        ann.desk.logout_asked.emit()
        [question] = windows_of(QMessageBox)
        click(button(question, "Log out"))
        assert ann.app.session is None
        assert ann.app.login is not None
