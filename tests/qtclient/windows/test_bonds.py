"""Friendships and memberships that end and begin again, and what windows say of them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QApplication, QMenu

from qtclient.records import Key, Kind, Sent
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.members import MemberRole, MembersWindow
from qtclient.windows.prompts import ConfirmPrompt
from tests.qtclient.person import button, messages
from tests.qtclient.support import qt_wait
from tests.qtclient.windows.conftest import Windows


def _choose(pane: ConversationPane, words: str) -> None:
    """In the menu of a conversation."""
    pane._open_menu()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    {action.text(): action for action in menu.actions()}[words].trigger()
    menu.close()


def test_who_ends_the_friendship_is_not_shown_as_present(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    qt_wait(lambda: here.header.second() == "online", "ben is there")
    ben.session.remove_friend(ann.name, lambda ok, text: None)
    qt_wait(lambda: here.header.second() == "offline", "it is not known any more")
    ben.session.add_friend(ann.name, lambda ok, text: None)
    qt_wait(lambda: here.header.second() == "online", "it is known again")


def test_who_is_no_friend_can_be_added_in_the_menu(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    ben.session.remove_friend(ann.name, lambda ok, text: None)
    qt_wait(lambda: not ann.session.friends, "they are no friends")
    _choose(here, "Add to friends")
    qt_wait(lambda: [friend.name for friend in ann.session.friends] == [ben.name], "they are friends again")
    _choose(here, "Remove from friends…")
    assert isinstance(ann.desk._window("remove_friend"), ConfirmPrompt)


def test_members_who_come_and_go_are_counted(pair: tuple[Windows, Windows], name: Callable[[str], str]) -> None:
    ann, ben = pair
    group = name("hikers")
    ann.daemons.make_group(group, ann.name, ben.name)
    here = ann.open(group, Kind.GROUP)
    qt_wait(lambda: here.header.second() == "2 members · 2 online", "both are there")
    ann.desk.show_members(group)
    window = ann.desk._window("members")
    assert isinstance(window, MembersWindow)
    qt_wait(lambda: window.members.rowCount() == 2, "they are listed")
    ben.close()
    qt_wait(lambda: here.header.second() == "2 members · 1 online", "ben has gone")
    last = window.members.index(1).data(MemberRole)
    assert (last.name, last.online) == (ben.name, False)
    ben.come_back()
    qt_wait(lambda: here.header.second() == "2 members · 2 online", "ben is there again")


def test_a_group_that_was_left_says_so_and_can_be_joined_again(
    pair: tuple[Windows, Windows], name: Callable[[str], str]
) -> None:
    ann, ben = pair
    group = name("hikers")
    ann.daemons.make_group(group, ann.name, ben.name)
    qt_wait(lambda: ben.session.groups == [group], "ben is in it")
    here = ben.open(group, Kind.GROUP)
    qt_wait(lambda: here.header.second().startswith("2 members"), "the members are counted")
    _choose(here, "Leave the group…")
    question = ben.desk._window("leave_group")
    assert question is not None
    button(question, "Leave").click()
    qt_wait(lambda: here.header.second() == "You are not in this group", "it says so")
    ann.session.say(Key(Kind.GROUP, group), "one more thing")
    _choose(here, "Join the group again")
    qt_wait(lambda: ben.session.groups == [group], "ben is in it again")
    qt_wait(lambda: here.header.second().startswith("2 members"), "the members are counted again")


def test_what_was_said_in_a_group_that_was_left_is_still_to_be_read(
    pair: tuple[Windows, Windows], name: Callable[[str], str]
) -> None:
    """Though the newest message stands alone, as it was refused, and the server tells nothing of the others."""
    ann, ben = pair
    group = name("hikers")
    key = Key(Kind.GROUP, group)
    ann.daemons.make_group(group, ann.name, ben.name)
    ann.session.say(key, "see you at the lake")
    qt_wait(lambda: ben.session.conversation(key).preview, "it has come")
    left: list[bool] = []
    ben.session.leave_group(group, lambda ok, text: left.append(ok))
    qt_wait(lambda: left == [True] and not ben.session.groups, "ben has left")
    here = ben.open(group, Kind.GROUP)
    ben.session.say(key, "too late")
    qt_wait(lambda: [one.sent for one in messages(here)][-1:] == [Sent.FAILED], "it is refused")
    ben.close()
    ben.come_back()
    here = ben.open(group, Kind.GROUP)
    qt_wait(lambda: [one.text for one in messages(here)] == ["see you at the lake", "too late"], "both are there")
