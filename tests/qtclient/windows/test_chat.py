"""Two people at their windows, on a real server: they type and click, and see what the other does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from qtclient.records import Key, Kind, Message, Sent
from qtclient.windows.conversation import ConversationPane
from tests.qtclient.person import button, find, replace
from tests.qtclient.support import Daemons, qt_wait, turn
from tests.qtclient.windows.conftest import Enter, Windows


def _messages(pane: ConversationPane) -> list[Message]:
    model = pane.session.messages(pane.key)
    return [model.message(number) for number in range(model.rowCount())]


def _texts(pane: ConversationPane) -> list[str]:
    return [message.text for message in _messages(pane)]


def _type(pane: ConversationPane, text: str) -> None:
    field = pane.composer.input
    field.setFocus()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_what_one_types_the_other_reads(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    _type(here, "hello there")
    qt_wait(lambda: _messages(here) and _messages(here)[-1].sent >= Sent.STORED, "it is stored")
    there = ben.open(ann.name)
    qt_wait(lambda: _texts(there) == ["hello there"], "it has come")
    qt_wait(lambda: _messages(here)[-1].sent is Sent.READ, "it is read")
    assert here.composer.text() == ""


def test_unread_messages_are_counted_until_they_are_seen(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    for text in ("one", "two"):
        ann.session.say(Key(Kind.PEER, ben.name), text)
    key = Key(Kind.PEER, ann.name)
    qt_wait(lambda: ben.session.conversation(key).unread == 2, "two are unread")
    qt_wait(lambda: ben.desk.tray.count == 2, "the tray counts them")
    ben.open(ann.name)
    qt_wait(lambda: ben.session.conversation(key).unread == 0, "they are read")
    qt_wait(lambda: ben.desk.tray.count == 0, "the tray has forgotten them")


def test_new_messages_that_are_all_in_sight_are_read(pair: tuple[Windows, Windows]) -> None:
    """The window opens where they begin, and need not be scrolled."""
    ann, ben = pair
    key = Key(Kind.PEER, ann.name)
    for number in range(12):
        ann.session.say(Key(Kind.PEER, ben.name), f"message {number}")
        if number == 5:
            qt_wait(lambda: ben.session.conversation(key).unread == 6, "six have come")
            ben.session.mark_read(key)
            qt_wait(lambda: ben.session.conversation(key).unread == 0, "they are read")
    qt_wait(lambda: ben.session.conversation(key).unread == 6, "six more have come")
    pane = ben.open(ann.name)
    pane.window().activateWindow()
    qt_wait(lambda: ben.session.conversation(key).unread == 0, "they are read, too")
    assert not pane.messages._down.isVisible()


def test_who_is_writing_is_told(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here, there = ann.open(ben.name), ben.open(ann.name)
    QTest.keyClicks(here.composer.input, "h")
    qt_wait(lambda: there.header.second() == "is writing…", "the notice is shown")
    _type(here, "i")
    qt_wait(lambda: there.header.second() == "online", "it goes with the message")


def test_presence_is_shown(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    qt_wait(lambda: here.header.second() == "online", "ben is there")
    ben.close()
    qt_wait(lambda: here.header.second() == "offline", "ben has gone")
    friends = ann.session.friends
    assert [friend.online for friend in friends] == [False]


def test_a_friend_is_added_by_name(enter: Enter, plain_daemons: Daemons, name: Callable[[str], str]) -> None:
    ann, ben = name("ann"), name("ben")
    plain_daemons.register(ann, ben)
    windows, other = enter(ann), enter(ben)
    windows.desk.prompt("add_friend")
    prompt = windows.desk._window("add_friend")
    assert prompt is not None
    replace(prompt.field, "nobody at all")  # type: ignore[attr-defined]
    button(prompt, "Add").click()
    qt_wait(lambda: prompt.problem() == "There is no user of that name.", "it says why not")  # type: ignore[attr-defined]
    replace(prompt.field, ben)  # type: ignore[attr-defined]
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    qt_wait(lambda: [friend.name for friend in windows.session.friends] == [ben], "they are friends")
    qt_wait(lambda: windows.desk._window("add_friend") is None, "the prompt has closed")
    assert windows.desk.opened() == [Key(Kind.PEER, ben)]  # whom one adds, one wants to talk to
    qt_wait(lambda: [friend.name for friend in other.session.friends] == [ann], "on both sides")


def test_a_group_from_its_making_to_its_end(pair: tuple[Windows, Windows], name: Callable[[str], str]) -> None:
    ann, ben = pair
    group = name("hikers")
    ann.desk.prompt("create_group")
    prompt = ann.desk._window("create_group")
    assert prompt is not None
    replace(prompt.field, group)  # type: ignore[attr-defined]
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    qt_wait(lambda: ann.session.groups == [group], "the group is there")
    ben.desk.prompt("join_group")
    prompt = ben.desk._window("join_group")
    assert prompt is not None
    replace(prompt.field, group)  # type: ignore[attr-defined]
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    qt_wait(lambda: ben.session.groups == [group], "ben has joined")
    opened = [Key(Kind.GROUP, group)]
    qt_wait(lambda: ann.desk.opened() == opened and ben.desk.opened() == opened, "the group is open")
    here = ann.open(group, Kind.GROUP)
    qt_wait(lambda: here.header.second() == "2 members · 2 online", "both are counted")
    there = ben.open(group, Kind.GROUP)
    _type(there, "hi all")
    qt_wait(lambda: _texts(here) == ["hi all"], "ann reads it")
    ben.desk.show_members(group)
    members = ben.desk._window("members")
    qt_wait(lambda: members is not None and members.list.model().rowCount() == 2, "two members")  # type: ignore[attr-defined]
    ben.desk.confirm_leave(Key(Kind.GROUP, group))
    question = ben.desk._window("leave_group")
    assert question is not None
    button(question, "Leave").click()
    qt_wait(lambda: ben.session.groups == [], "ben has left")
    qt_wait(lambda: here.header.second() == "1 member · 1 online", "ann is told")


def test_ctrl_k_jumps_to_anyone(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    ann.desk.show_jump()
    (jump,) = [one for one in QApplication.topLevelWidgets() if type(one).__name__ == "JumpWindow"]
    QTest.keyClicks(jump.field, ben.name[:4].upper())  # type: ignore[attr-defined]
    QTest.keyClick(jump.field, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    qt_wait(lambda: ann.desk.opened() == [Key(Kind.PEER, ben.name)], "the conversation is open")


def test_the_list_is_filtered_while_one_types(enter: Enter, plain_daemons: Daemons, name: Callable[[str], str]) -> None:
    ann = name("ann")
    friends = [f"{word}{name('x')}" for word in ("Zoë", "王小明", "ｗｉｄｅ")]
    plain_daemons.register(ann, *friends)
    plain_daemons.befriend(ann, *friends)
    main = enter(ann).desk.main
    main.show_list(1)
    field = find(main, type(main.filter), "Filter the list")
    shown = main.friends.model()
    assert shown is not None
    qt_wait(lambda: shown.rowCount() == len(friends), "all friends are there")
    for typed, expected in (("ZOË", friends[0]), ("小明", friends[1]), ("wide", friends[2])):
        field.setText(typed)
        assert [shown.index(row, 0).data() for row in range(shown.rowCount())] == [expected]
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert shown.rowCount() == 3
    QTest.keyClick(field, Qt.Key.Key_Down)
    QTest.keyClick(field, Qt.Key.Key_Return)
    qt_wait(lambda: main.friends.currentIndex().isValid(), "one is chosen")


def test_drafts_open_windows_and_places_come_back(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    window = here.window()
    window.setGeometry(120, 90, 500, 480)
    QTest.keyClicks(here.composer.input, "not finished")
    chosen = ann.profile / "to be sent.txt"
    chosen.write_text("it")
    here.composer.attachments.add([str(chosen)])
    ann.close()
    ann.come_back()
    key = Key(Kind.PEER, ben.name)
    qt_wait(lambda: ann.desk.opened() == [key], "the window is open again")
    again = ann.desk.pane(key)
    assert again is not None
    assert again.composer.text() == "not finished"
    assert again.window().geometry().getRect() == (120, 90, 500, 480)
    assert again.composer.attachments.paths() == [str(chosen)]
    _type(again, "")
    qt_wait(lambda: ann.session.conversation(key).draft == "", "the draft has gone")
    assert ann.session.chosen(key) == [], "what was sent is not offered once more"
    qt_wait(lambda: [m.file.name for m in _messages(again) if m.file] == ["to be sent.txt"], "the file has gone, too")


def test_windows_become_tabs_and_windows_again(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    ann.open(ben.name)
    ann.open("crowd", Kind.GROUP)
    assert len({id(holder) for holder in ann.desk.conversations._holders.values()}) == 2
    ann.settings.set("tabs", True)
    assert len({id(holder) for holder in ann.desk.conversations._holders.values()}) == 1
    tabs = ann.desk.conversations._holders[Key(Kind.PEER, ben.name)]
    assert [pane.key.name for pane in tabs.panes()] == [ben.name, "crowd"]
    tabs.show_pane(Key(Kind.PEER, ben.name))
    current = tabs.current()
    assert current is not None
    assert current.key.name == ben.name
    ann.settings.set("tabs", False)
    assert len({id(holder) for holder in ann.desk.conversations._holders.values()}) == 2


def test_history_comes_page_by_page(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    client = ann.daemons.log_in(ben.name)
    for number in range(150):
        client.private_chat(ann.name, f"number {number}")
    qt_wait(lambda: ann.session.conversation(Key(Kind.PEER, ben.name)).unread == 150, "all have come")
    here = ann.open(ben.name)
    view = here.messages.view
    assert len(_messages(here)) < 150
    assert view.rows_in_sight()

    def up() -> bool:
        view.verticalScrollBar().setValue(0)
        return _texts(here)[0] == "number 0"

    qt_wait(up, "the first message is there")
    assert _texts(here) == [f"number {number}" for number in range(150)]


def test_search_leads_to_the_message(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    client = ann.daemons.log_in(ben.name)
    client.private_chat(ann.name, "明天下午三点开会，讨论下一个版本。")
    for number in range(200):
        client.private_chat(ann.name, f"filler {number}")
    key = Key(Kind.PEER, ben.name)
    qt_wait(lambda: ann.session.conversation(key).unread == 201, "all have come")
    here = ann.open(ben.name)
    here.want_search()
    search = ann.desk._window("search")
    assert search is not None
    search.field.setText("开会")  # type: ignore[attr-defined]
    QTest.keyClick(search.field, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    view = here.messages.view

    def there() -> bool:
        texts = [view.model().index(number, 0).data() for number in view.rows_in_sight()]
        return any("开会" in text for text in texts)

    qt_wait(there, "the hit is in sight")
    assert not view.at_end
    assert here.messages._down.isVisible()
    here.messages.to_newest()
    qt_wait(lambda: view.at_end and _texts(here)[-1] == "filler 199", "back at the end")


def test_to_read_on_after_a_jump_is_no_news(pair: tuple[Windows, Windows]) -> None:
    """Pages come at the end, with own messages in them; the view stays where the user is reading."""
    ann, ben = pair
    ours, theirs = ann.daemons.log_in(ann.name), ann.daemons.log_in(ben.name)
    theirs.private_chat(ann.name, "the beginning")
    for number in range(150):
        ours.private_chat(ben.name, f"said {number}")
        theirs.private_chat(ann.name, f"answered {number}")
    key = Key(Kind.PEER, ben.name)
    qt_wait(lambda: ann.session.conversation(key).unread == 151, "all have come")
    here = ann.open(ben.name)
    [hit] = ann.session.search("the beginning", key)
    here.show_hit(hit, "the beginning")
    view, bar = here.messages.view, here.messages.view.verticalScrollBar()
    qt_wait(lambda: bar.value() < 10, "the hit is in sight")
    before = _texts(here)
    assert before[-1] != "answered 149"
    bar.setValue(bar.maximum())
    qt_wait(lambda: len(_texts(here)) > len(before), "a page more has come")
    turn()
    assert _texts(here)[0] == "the beginning"
    assert before[-1] in [view.model().index(number, 0).data() for number in view.rows_in_sight()]
    assert here.messages._down.accessibleName() == "Newest message"


def test_what_is_written_offline_waits_and_goes_out_once(
    make_daemons: Callable[..., Daemons], name: Callable[[str], str], profile: Path
) -> None:
    daemons = make_daemons()
    ann, ben = name("ann"), name("ben")
    daemons.register(ann, ben)
    daemons.befriend(ann, ben)
    windows = Windows(daemons, ann, profile)
    try:
        here = windows.open(ben)
        daemons.kill_chat()
        qt_wait(lambda: not windows.session.online, "the connection is lost")
        _type(here, "written offline")
        qt_wait(lambda: [m.sent for m in _messages(here)] == [Sent.WAITING], "it waits visibly")
        qt_wait(lambda: here.banner.isVisible(), "the banner says so")
        assert here.banner.findChildren(type(here.banner._words))
        daemons.restart_chat()
        here.banner.try_now.emit()
        qt_wait(lambda: [m.sent for m in _messages(here)][-1] in (Sent.STORED, Sent.DELIVERED), "it has gone out")
        assert _texts(here) == ["written offline"]
        qt_wait(lambda: not here.banner.isVisible(), "the banner has gone")
    finally:
        windows.close()


@pytest.mark.parametrize("evil", ["<b>bold</b>", "a\u202eb", "%s{0}&amp;", "x" * 3000])
def test_hostile_texts_are_only_texts(pair: tuple[Windows, Windows], evil: str) -> None:
    ann, ben = pair
    client = ann.daemons.log_in(ben.name)
    client.private_chat(ann.name, evil)
    key = Key(Kind.PEER, ben.name)
    qt_wait(lambda: ann.session.conversation(key).unread == 1, "it has come")
    here = ann.open(ben.name)
    assert _texts(here) == [evil]
    here.grab()
    ann.desk.main.grab()


def test_the_menu_of_a_message(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    _type(here, "copy me")
    qt_wait(lambda: _messages(here), "it is there")
    here.deeds.open_menu(_messages(here)[0], QPoint(10, 10))
    menu = QApplication.activePopupWidget()
    assert menu is not None
    actions = {action.text(): action for action in menu.actions()}
    actions["Copy text"].trigger()
    menu.close()
    assert QApplication.clipboard().text() == "copy me"
