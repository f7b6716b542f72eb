"""Notices of the desktop: over a real session bus with a notice board of ours, and balloons where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PyQt5 import sip
from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAbstractButton, QAction

from qtclient.records import Key, Kind
from qtclient.windows import balloons, notifier
from qtclient.windows.balloons import Balloons
from qtclient.windows.notifier import Note, Notifier
from qtclient.windows.tray import Tray
from tests.qtclient.person import find
from tests.qtclient.session_bus import Bus, daemon
from tests.qtclient.support import Daemons, qt_wait
from tests.qtclient.windows.conftest import Enter, Windows

needs_bus = pytest.mark.skipif(not daemon(), reason="needs a D-Bus daemon")
BEN = Key(Kind.PEER, "ben")
ALL = ("body", "body-markup", "actions")


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_left: None) -> Iterator[Bus]:
    """The client takes this for the desktop's."""
    bus = Bus(tmp_path)
    connection = bus.connect()
    monkeypatch.setattr(notifier, "session_bus", lambda: connection)
    yield bus
    bus.close()


class Listening:
    """A notifier, and what comes back from it."""

    def __init__(self) -> None:
        self.owner = QObject()
        self.notifier = Notifier(self.owner)
        self.chosen: list[Note] = []
        self.refused: list[Note] = []
        self.notifier.chosen.connect(self.chosen.append)
        self.notifier.refused.connect(self.refused.append)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does other work may take seconds to answer, which is no reason for a balloon."""
    monkeypatch.setattr(notifier, "_PATIENCE", 60_000)


@pytest.fixture
def listening(bus: Bus) -> Iterator[Listening]:
    one = Listening()
    yield one
    sip.delete(one.owner)


# -- from the message to the window ------------------------------------------------------


@needs_bus
def test_a_click_on_a_notice_opens_its_conversation(bus: Bus, pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    board = bus.board(*ALL)
    back, key = Key(Kind.PEER, ann.name), Key(Kind.PEER, ben.name)
    ben.desk.conversations.close_all()
    ann.session.say(key, "1 < 2 & more")
    qt_wait(lambda: board.shown, "a notice")
    note = board.shown[0]
    assert (note.title, note.text, note.actions) == (ann.name, "1 &lt; 2 &amp; more", ["default", "Open"])
    assert {"urgency", "category", "image-data"} == set(note.hints)
    board.click(note.number + 1)  # a notice of somebody else
    board.click(note.number)
    qt_wait(lambda: back in ben.desk.opened() or back in ann.desk.opened(), "the conversation is open")
    assert ben.desk.opened() == [back]
    qt_wait(lambda: board.closed == [note.number], "the notice has gone")


@needs_bus
def test_what_has_been_read_needs_no_notice(bus: Bus, pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    board = bus.board(*ALL)
    ann.session.say(Key(Kind.PEER, ben.name), "first")
    qt_wait(lambda: len(board.shown) == 1, "a notice")
    ann.session.say(Key(Kind.PEER, ben.name), "second")
    qt_wait(lambda: len(board.shown) == 2, "another one")
    assert board.shown[1].replaces == board.shown[1].number == board.shown[0].number
    here = ben.open(ann.name)
    here.window().activateWindow()
    qt_wait(lambda: board.closed == [board.shown[0].number], "it is taken away")


@needs_bus
def test_many_who_come_at_once_are_named_or_counted(
    bus: Bus, enter: Enter, plain_daemons: Daemons, name: Callable[[str], str]
) -> None:
    ann, friends = name("ann"), [name(f"friend{number}") for number in range(6)]
    plain_daemons.register(ann, *friends)
    plain_daemons.befriend(ann, *friends)
    here = enter(ann)
    board = bus.board(*ALL)
    here.desk.notices._news_from = 0.0
    for friend in friends:
        here.session.presence.emit(friend, True)
    here.session.presence.emit(friends[0], False)  # come and gone
    qt_wait(lambda: len(board.shown) == 4, "three are named, the others counted")
    assert [note.text for note in board.shown] == [
        *(f"{friend} is online" for friend in friends[1:4]), "2 more friends are online",
    ]  # fmt: skip
    assert all(note.hints["transient"] is True for note in board.shown)
    board.click(board.shown[3].number)
    here.desk.main.hide()
    qt_wait(here.desk.main.isVisible, "the main window comes")


@needs_bus
def test_nothing_is_left_when_the_client_ends(bus: Bus, pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    board = bus.board(*ALL)
    ann.session.say(Key(Kind.PEER, ben.name), "are you there?")
    qt_wait(lambda: ben.desk.notices._notifier.about() and board.shown, "a notice")
    qt_wait(lambda: not ben.desk.notices._notifier._sent, "its number is known")
    ben.close()
    qt_wait(lambda: board.closed == [board.shown[0].number], "it is taken away")


# -- boards of all kinds -----------------------------------------------------------------


@needs_bus
def test_a_board_that_can_do_little(bus: Bus, listening: Listening) -> None:
    board = bus.board("body")
    one, _, _ = listening.notifier, listening.chosen, listening.refused
    one.show(Note("Ben", "1 < 2 & <b>more</b>", BEN))
    qt_wait(lambda: board.shown, "a notice")
    assert (board.shown[0].text, board.shown[0].actions) == ("1 < 2 & <b>more</b>", [])


@needs_bus
def test_without_a_board_notes_come_back_until_there_is_one(bus: Bus, listening: Listening) -> None:
    one, chosen, refused = listening.notifier, listening.chosen, listening.refused
    notes = [Note("Ben", text, BEN) for text in ("nobody", "is here", "now", "gone again")]
    one.show(notes[0])
    qt_wait(lambda: refused == notes[:1], "it comes back")
    one.show(notes[1])
    assert refused == notes[:2]
    board = bus.board(*ALL)
    qt_wait(lambda: not one._absent, "it is seen")
    one.show(notes[2])
    qt_wait(lambda: board.shown, "a notice")
    board.leave()
    qt_wait(lambda: one._can is None, "that it goes, too")
    one.show(notes[3])
    qt_wait(lambda: len(refused) == 3, "it comes back")
    assert refused[-1] == notes[3]
    assert chosen == []


@needs_bus
def test_a_board_that_keeps_silent(bus: Bus, listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier, "_PATIENCE", 300)
    bus.board(*ALL, answers=False)
    one, _, refused = listening.notifier, listening.chosen, listening.refused
    for number in range(50):
        one.show(Note("Ben", str(number), Key(Kind.PEER, f"ben{number}")))
    qt_wait(lambda: refused, "they come back")
    assert [note.text for note in refused] == [str(number) for number in range(30, 50)]


@needs_bus
def test_the_newest_takes_the_place_of_those_on_their_way(bus: Bus, listening: Listening) -> None:
    board = bus.board(*ALL)
    one, chosen, refused = listening.notifier, listening.chosen, listening.refused
    for text in ("zero", "one", "two", "three"):
        one.show(Note("Ben", text, BEN))
        if text == "zero":
            qt_wait(lambda: len(board.shown) == 1 and not one._sent, "the first one is there")
    one.show(Note("Ben", "is online", BEN, passing=True))
    qt_wait(lambda: len(board.shown) == 4 and not one._sent, "all")
    assert [note.text for note in board.shown if note.number == 1] == ["zero", "one", "three"]
    one.show(Note("Ben", "four", BEN))
    one.withdraw(BEN)  # while it is on its way
    qt_wait(lambda: board.closed == [1], "it is taken away")
    board.click(1)
    board.click(2)
    qt_wait(lambda: chosen, "the other one is still there")
    assert [note.text for note in chosen] == ["is online"]
    assert refused == []


@needs_bus
def test_what_the_board_takes_away_cannot_be_clicked(bus: Bus, listening: Listening) -> None:
    board = bus.board(*ALL)
    one, chosen, _ = listening.notifier, listening.chosen, listening.refused
    for key in (BEN, Key(Kind.GROUP, "hike")):
        one.show(Note("Ben", "hello", key))
    qt_wait(lambda: len(board.shown) == 2 and not one._sent, "two")
    board.expire(1)
    qt_wait(lambda: one.about() == {Key(Kind.GROUP, "hike")}, "one has gone")
    board.click(1)
    board.click(2)
    qt_wait(lambda: chosen, "the other one")
    assert [note.key for note in chosen] == [Key(Kind.GROUP, "hike")]


# -- balloons ----------------------------------------------------------------------------


class _Icon(QObject):
    messageClicked = pyqtSignal()  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def showMessage(self, title: str, text: str, *_: Any) -> None:  # noqa: N802
        self.shown.append(text)


class _Tray:
    """The platform without a screen has none."""

    def __init__(self) -> None:
        self.icon, self.there = _Icon(), True

    def is_there(self) -> bool:
        return self.there


def test_balloons_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = QObject()
    monkeypatch.setattr(balloons, "_SHOWN", 50)
    tray = _Tray()
    some = Balloons(cast(Tray, tray), owner)
    chosen: list[Note] = []
    some.chosen.connect(chosen.append)
    for number in range(9):
        some.show(Note("Ben", str(number), Key(Kind.PEER, f"ben{number % 8}")))
    some.show(Note("Clara", "read meanwhile", Key(Kind.PEER, "clara")))
    some.withdraw(Key(Kind.PEER, "clara"))
    tray.icon.messageClicked.emit()
    assert [note.text for note in chosen] == ["0"]
    qt_wait(lambda: tray.icon.shown[-1] == "8", "the newest")
    assert tray.icon.shown == ["0", "5", "6", "7", "8"]
    tray.there = False
    some.show(Note("Ben", "nobody sees it", BEN))
    qt_wait(lambda: not some._next.isActive(), "it is quiet")
    assert tray.icon.shown[-1] == "8"
    sip.delete(owner)


def test_what_is_muted_and_that_nobody_disturbs_is_seen_wherever_it_was_chosen(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here, key = ann.open(ben.name), Key(Kind.PEER, ben.name)
    ann.desk.main._do(_deed("mute", key))
    find(here, QAbstractButton, "Unmute").click()
    assert not ann.session.muted(key)
    find(here, QAbstractButton, "Mute")
    status = ann.desk.main.top.status
    ann.settings.set("dnd", True)
    assert status.text() == "Online · do not disturb"
    ann.settings.set("dnd", False)
    assert status.text() == "Online"


def _deed(name: str, key: Key) -> QAction:
    """A line of the menu in the list."""
    action = QAction()
    action.setData((name, key))
    return action


def test_muting_and_not_disturbing(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    told: list[tuple[str, str]] = []
    ben.desk.notices.shown.connect(lambda *what: told.append(what))
    say = ann.session.say
    key, back = Key(Kind.PEER, ben.name), Key(Kind.PEER, ann.name)
    say(key, "first")
    qt_wait(lambda: told == [(ann.name, "first")], "a notice")
    told.clear()
    ben.session.set_muted(back, True)
    say(key, "second")
    qt_wait(lambda: ben.session.conversation(back).unread == 2, "it has come")
    ben.session.set_muted(back, False)
    ben.settings.set("dnd", True)
    say(key, "third")
    qt_wait(lambda: ben.session.conversation(back).unread == 3, "it has come")
    ben.settings.set("dnd", False)
    say(key, "fourth")
    qt_wait(lambda: told == [(ann.name, "fourth")], "only the last one made a notice")
