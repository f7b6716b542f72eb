"""Two clients, started as a person starts them: friends, messages, groups, restarts, search, no connection."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QInputMethodEvent
from PyQt5.QtWidgets import QApplication

from qtclient.records import Key, Kind, Link, Sent
from qtclient.windows.members import MembersWindow
from qtclient.windows.prompts import NamePrompt
from qtclient.windows.search import SearchWindow
from tests.qtclient.conftest import Meet
from tests.qtclient.person import CTRL, Person, button, click, key, messages, replace, shows, type_in, windows_of
from tests.qtclient.support import Daemons, qt_wait, turn

Name = Callable[[str], str]
SHIFT = Qt.KeyboardModifier.ShiftModifier


def pair(daemons: Daemons, name: Name, meet: Meet) -> tuple[Person, Person]:
    """Two people who are friends, and online."""
    daemons.register(name("ann"), name("ben"))
    daemons.befriend(name("ann"), name("ben"))
    both = meet(daemons, name("ann")), meet(daemons, name("ben"))
    for person in both:
        person.log_in()
        person.online()
    return both


def test_friends_are_found_and_their_presence_is_seen(daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = meet(daemons, name("ann")), meet(daemons, name("ben"))
    for person in (ann, ben):
        person.register()
        person.online()
    ann.add_friend(ben.name)
    qt_wait(lambda: [one.name for one in ann.session.friends] == [ben.name], "she sees the friend")
    qt_wait(lambda: [(one.name, one.online) for one in ben.session.friends] == [(ann.name, True)], "and he sees her")
    pane = ann.jump(ben.name)
    ben.leave()
    qt_wait(lambda: shows(pane, "offline"), "absence is shown")
    ben.come_back()
    qt_wait(lambda: shows(pane, "online"), "presence is shown")


def test_a_friend_whom_nobody_knows_is_told_in_the_window_that_asked(
    plain_daemons: Daemons, name: Name, meet: Meet
) -> None:
    ann = meet(plain_daemons, name("ann"))
    ann.register()
    ann.online()
    window = ann.prompt(Qt.Key.Key_N, name("nobody"))
    assert isinstance(window, NamePrompt)
    assert window.problem()
    window.close()


def test_a_message_and_its_way_from_sent_to_read(daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(daemons, name, meet)
    at_ann = ann.jump(ben.name)
    ann.write(at_ann, "Good morning! 早上好")
    ann.hears(at_ann, "Good morning! 早上好", Sent.DELIVERED)
    qt_wait(lambda: ben.session.conversation(Key(Kind.PEER, ann.name)).unread == 1, "one is unread")
    at_ben = ben.jump(ann.name)
    ben.hears(at_ben, "Good morning! 早上好", Sent.RECEIVED)
    ann.hears(at_ann, "Good morning! 早上好", Sent.READ)
    qt_wait(lambda: ben.session.conversation(Key(Kind.PEER, ann.name)).unread == 0, "nothing is unread")
    ben.write(at_ben, "Morning")
    ann.hears(at_ann, "Morning", Sent.RECEIVED)


def test_enter_never_sends_while_an_input_method_composes(plain_daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(plain_daemons, name, meet)
    pane = ann.jump(ben.name)
    field = pane.composer.input
    QApplication.sendEvent(field, QInputMethodEvent("nihao", []))
    key(field, Qt.Key.Key_Return)
    assert messages(pane) == []
    done = QInputMethodEvent("", [])
    done.setCommitString("nihao")  # Enter takes the letters as they are
    QApplication.sendEvent(field, done)
    key(field, Qt.Key.Key_Return)  # and some frameworks forward the key
    assert messages(pane) == []
    assert field.toPlainText() == "nihao"
    turn()
    key(field, Qt.Key.Key_Return)
    ann.hears(pane, "nihao", Sent.DELIVERED)


def test_a_group_from_its_beginning_to_its_end(daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(daemons, name, meet)
    group = name("group")
    ann.prompt(Qt.Key.Key_N, group, CTRL | SHIFT)
    qt_wait(lambda: group in ann.session.groups, "the group is there")
    ben.prompt(Qt.Key.Key_J, group)
    qt_wait(lambda: group in ben.session.groups, "he has joined")
    at_ann, at_ben = ann.jump(group), ben.jump(group)
    ann.write(at_ann, "hello, all of you")
    ben.hears(at_ben, "hello, all of you", Sent.RECEIVED)
    key(at_ann.window(), Qt.Key.Key_I, CTRL)
    qt_wait(lambda: windows_of(MembersWindow), "the members are shown")
    [members] = windows_of(MembersWindow)
    qt_wait(lambda: members.members.rowCount() == 2, "both are there")
    members.filter.setText("no such name")
    assert members.list.model().rowCount() == 0
    members.filter.setText(members.members.index(1).data()[:3].upper())
    assert members.list.model().rowCount() >= 1
    members.close()
    ben.desk.confirm_leave(Key(Kind.GROUP, group))
    qt_wait(lambda: [one for one in QApplication.topLevelWidgets() if one.objectName() == "leave_group"], "it is asked")
    [question] = [one for one in QApplication.topLevelWidgets() if one.objectName() == "leave_group"]
    click(question.ok)  # type: ignore[attr-defined]
    qt_wait(lambda: group not in ben.session.groups, "he has left")


def test_what_is_written_without_a_connection_waits_and_goes_out_once(
    own_daemons: Daemons, name: Name, meet: Meet
) -> None:
    ann, ben = pair(own_daemons, name, meet)
    at_ann, at_ben = ann.jump(ben.name), ben.jump(ann.name)
    own_daemons.kill_chat()
    qt_wait(lambda: ann.session.link.link is not Link.ONLINE, "it is noticed")
    qt_wait(lambda: at_ann.banner.isVisible(), "the banner is there")
    ann.write(at_ann, "written on the train")
    ann.hears(at_ann, "written on the train", Sent.WAITING)
    own_daemons.restart_chat()
    click(button(at_ann.banner, "Try now"))
    ben.hears(at_ben, "written on the train", Sent.RECEIVED)
    ann.online()
    qt_wait(lambda: not at_ann.banner.isVisible(), "the banner is gone")
    ann.write(at_ann, "arrived")
    ben.hears(at_ben, "arrived")
    assert [one.text for one in messages(at_ben)] == ["written on the train", "arrived"]


def test_drafts_windows_and_history_come_back(plain_daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(plain_daemons, name, meet)
    pane = ann.jump(ben.name)
    ann.write(pane, "said before")
    ann.hears(pane, "said before", Sent.DELIVERED)
    pane.window().resize(611, 522)
    type_in(pane.composer.input, "not finished, 还没写完")
    ann.leave()
    ann.come_back()
    qt_wait(lambda: ann.desk.opened(), "the window is back")
    again = ann.desk.pane(Key(Kind.PEER, ben.name))
    assert again is not None
    assert again.composer.text() == "not finished, 还没写完"
    assert again.window().size().width() == 611
    ann.hears(again, "said before")


def test_a_word_of_two_characters_is_found_and_jumped_to(plain_daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(plain_daemons, name, meet)
    pane = ann.jump(ben.name)
    ann.write(pane, "明天下午三点开会，讨论下一个版本。")
    for number in range(5):
        ann.write(pane, f"and more {number}")
    ann.hears(pane, "and more 4", Sent.DELIVERED)
    pane.window().close()
    ann.press(Qt.Key.Key_F, CTRL | SHIFT)
    qt_wait(lambda: windows_of(SearchWindow), "the search is there")
    [search] = windows_of(SearchWindow)
    replace(search.field, "开会")
    qt_wait(lambda: search.hits.rowCount() == 1, "it is found")
    key(search.field, Qt.Key.Key_Return)
    again = ann.desk.pane(Key(Kind.PEER, ben.name))
    assert again is not None
    qt_wait(lambda: again.messages.view.rows_in_sight(), "the message is shown")
    search.close()


def test_the_language_changes_in_open_windows(plain_daemons: Daemons, name: Name, meet: Meet) -> None:
    ann, ben = pair(plain_daemons, name, meet)
    pane = ann.jump(ben.name)
    qt_wait(lambda: shows(pane, "online"), "English")
    ann.desk.settings.set("language", "zh")
    try:
        qt_wait(lambda: shows(pane, "在线"), "Chinese")
    finally:
        ann.desk.settings.set("language", "en")
    qt_wait(lambda: shows(pane, "online"), "English again")
