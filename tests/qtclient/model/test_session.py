"""Sessions against real daemons: what is said arrives once, in order, is counted, and is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtclient.model.login import LoginFlow, has_token, parse_address
from qtclient.model.session import Session
from qtclient.records import Member, Sent
from tests.qtclient.model.helpers import Heard, all_in, group, peer, sessions, texts
from tests.qtclient.profiles import log_in
from tests.qtclient.support import PASSWORD, Daemons, qt_wait
from tests.support.waiting import DEADLINE, wait_until

Name = Callable[[str], str]


def test_a_message_is_delivered_counted_and_read(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        model = one.messages(peer(ben))
        one.say(peer(ben), "你好，世界")
        qt_wait(lambda: heard.arrived, "it has arrived")
        qt_wait(lambda: model.rowCount() == 1 and model.message(0).sent is Sent.DELIVERED, "it is delivered")
        assert heard.arrived[0][1], "it came just now"
        qt_wait(lambda: two.conversation(peer(ann)).unread == two.unread_total == 1, "it is counted")
        two.mark_read(peer(ann))
        qt_wait(lambda: model.message(0).sent is Sent.READ, "it is read")
        qt_wait(lambda: two.unread_total == 0, "nothing is unread")
        assert [hit.message.text for hit in two.search("世界")] == ["你好，世界"]
        assert texts(two, peer(ann)) == ["你好，世界"]


def test_a_group_sees_one_order(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        said: list[tuple[bool, str]] = []
        one.create_group(crew, lambda ok, text: said.append((ok, text)))
        qt_wait(lambda: said and one.groups == [crew], "the group is made")
        two.join_group(crew, lambda ok, text: said.append((ok, text)))
        qt_wait(lambda: len(said) == 2 and two.groups == [crew], "ben is in it")
        first, second = one.messages(group(crew)), two.messages(group(crew))
        for number in range(20):
            (one, two)[number % 2].say(group(crew), f"number {number}")
        qt_wait(
            lambda: all(m.rowCount() == 20 and all(x.mid for x in all_in(m)) for m in (first, second)), "all is said"
        )
        assert texts(one, group(crew)) == texts(two, group(crew))
        assert {m.sent for m in all_in(first)} == {Sent.STORED, Sent.RECEIVED}
        told: list[list[Member]] = []
        one.members.connect(lambda name, members: told.append(members))
        one.ask_members(crew)
        qt_wait(lambda: told, "the members are told")
        assert told[0] == [Member(ann, True, "owner"), Member(ben, True, "member")]


def test_what_is_refused_says_why_and_can_be_tried_again(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, nobody = name("ann"), name("nobody")
    with sessions(plain_daemons, tmp_path, ann) as (one,):
        heard = Heard(one)
        model = one.messages(peer(nobody))
        one.say(peer(nobody), "are you there?")
        qt_wait(lambda: model.rowCount() == 1 and model.message(0).sent is Sent.FAILED, "it is refused")
        assert "no user of that name" in model.message(0).problem
        plain_daemons.register(nobody)
        one.retry(model.message(0))
        qt_wait(lambda: model.message(0).sent is Sent.STORED, "it is stored now")
        one.say(peer(name("never")), "x")
        qt_wait(lambda: heard.changed[-1].sent is Sent.FAILED, "refused")
        other = one.messages(heard.changed[-1].key)
        one.discard(other.message(0))
        qt_wait(lambda: other.rowCount() == 0, "it is gone")


def test_a_message_that_is_too_long_fails_alone(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard, model = Heard(two), one.messages(peer(ben))
        one.say(peer(ben), "x" * 16_384)
        one.say(peer(ben), "x" * 16_385)
        one.say(peer(ben), "长" * 60_000)
        one.say(peer(ben), "after it")
        qt_wait(lambda: [m.sent for m in all_in(model)].count(Sent.FAILED) == 2, "two are refused")
        qt_wait(lambda: len(heard.arrived) == 2, "the others arrive")
        assert heard.texts() == ["x" * 16_384, "after it"]


def test_lone_surrogates_harm_nothing(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        one.say(peer(ben), "a\ud800b")
        qt_wait(lambda: heard.texts() == ["a\ufffdb"], "it has arrived")


def test_friends_come_go_and_end(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, cay = name("ann"), name("ben"), name("cay")
    daemons.register(cay)
    with sessions(daemons, tmp_path, ann, ben) as (one, two):
        seen: list[tuple[str, bool]] = []
        added: list[str] = []
        one.presence.connect(lambda who, online: seen.append((who, online)))
        two.friend_added.connect(added.append)
        said: list[tuple[bool, str]] = []
        one.add_friend(name("nobody"), lambda ok, text: said.append((ok, text)))
        one.add_friend(ben, lambda ok, text: said.append((ok, text)))
        one.add_friend(cay, lambda ok, text: said.append((ok, text)))
        qt_wait(lambda: len(said) == 3, "all are answered")
        assert [ok for ok, _ in said] == [False, False, True]
        assert all(text for ok, text in said if not ok)
        qt_wait(lambda: [f.name for f in one.friends] == [ben, cay], "cay is a friend")
        with_cay = daemons.log_in(cay)
        qt_wait(lambda: (cay, True) in seen, "cay comes")
        assert one.conversation(peer(cay)).online
        with_cay.close()
        qt_wait(lambda: (cay, False) in seen, "cay goes")
        one.remove_friend(ben, lambda ok, text: said.append((ok, text)))
        qt_wait(lambda: [f.name for f in one.friends] == [cay] and not two.friends, "they are no friends")


def test_typing_is_told_and_limited(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        plain_daemons.make_group(crew, ann, ben)
        told: list[tuple[object, str]] = []
        two.typing.connect(lambda key, who: told.append((key, who)))
        for _ in range(50):
            one.typing_now(peer(ben))
            one.typing_now(group(crew))
        qt_wait(lambda: len(told) == 2, "both are told")
        assert set(told) == {(peer(ann), ann), (group(crew), ann)}


def test_two_clients_of_one_account(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(daemons, tmp_path, ann, ben) as (desk, two):
        laptop = log_in(daemons, ann, tmp_path / "laptop")
        try:
            qt_wait(lambda: laptop.online, "the laptop is online")
            here, there = desk.messages(peer(ben)), laptop.messages(peer(ben))
            laptop.say(peer(ben), "from the laptop")
            desk.say(peer(ben), "from the desk")
            qt_wait(
                lambda: all(m.rowCount() == 2 and all(x.mid for x in all_in(m)) for m in (here, there)),
                "both have both",
            )
            assert texts(desk, peer(ben)) == texts(laptop, peer(ben))
            assert all(m.mine for m in all_in(here) + all_in(there))
            two.say(peer(ann), "hello")
            qt_wait(lambda: desk.unread_total == laptop.unread_total == 1, "unread in both")
            desk.mark_read(peer(ben))
            qt_wait(lambda: laptop.unread_total == 0, "read here is read there")
            two.mark_read(peer(ann))
            qt_wait(lambda: {m.sent for m in all_in(here) if m.mine} == {Sent.READ}, "read at the desk")
            qt_wait(lambda: {m.sent for m in all_in(there) if m.mine} == {Sent.READ}, "and on the laptop")
        finally:
            laptop.close()
            laptop.deleteLater()


def test_what_is_undone_elsewhere_at_once_stays_undone(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    plain_daemons.register(ben)
    with sessions(plain_daemons, tmp_path, ann) as (desk,), plain_daemons.log_in(ann) as other:
        desk.create_group(crew, lambda ok, text: None)
        desk.add_friend(ben, lambda ok, text: None)
        seen: set[str] = set()
        while not {"group_joined", "add_friend_reply"} <= seen:  # the desk's windows have not had a turn yet
            push = other.next_push(DEADLINE)
            assert push is not None
            seen.add(push["cmd"])
        assert other.request("leave_group", group=crew)["result"] == "success"
        assert other.request("remove_friend", friend=ben)["result"] == "success"
        wait_until(lambda: len(desk._bridge._events) >= 4, "two replies and two pushes have arrived")
        qt_wait(lambda: not desk._bridge._events and not desk.groups and not desk.friends, "nothing is left")


def test_what_one_client_changes_the_other_sees(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    plain_daemons.register(ben)
    with sessions(plain_daemons, tmp_path, ann) as (desk,):
        laptop = log_in(plain_daemons, ann, tmp_path / "laptop")
        try:
            qt_wait(lambda: laptop.online, "the laptop is online")
            added: list[str] = []
            laptop.friend_added.connect(added.append)
            with plain_daemons.log_in(ben):
                desk.add_friend(ben, lambda ok, text: None)
                for session in (desk, laptop):
                    qt_wait(lambda session=session: [f.online for f in session.friends] == [True], "ben is there")  # type: ignore[misc]
            assert not added, "nobody else has done it"
            desk.create_group(crew, lambda ok, text: None)
            qt_wait(lambda: laptop.groups == [crew], "the group is there")
            laptop.leave_group(crew, lambda ok, text: None)
            laptop.remove_friend(ben, lambda ok, text: None)
            qt_wait(lambda: not desk.groups and not desk.friends, "both are gone")
        finally:
            laptop.close()
            laptop.deleteLater()


def test_drafts_and_muting_stay(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        one.set_draft(peer(ben), "half a sen")
        one.set_muted(peer(ben), True)
        one.set_chosen(peer(ben), ["/a/世界.txt", "/b"])
        assert one.draft(peer(ben)) == "half a sen"
        assert one.chosen(peer(ben)) == ["/a/世界.txt", "/b"]
        assert one.muted(peer(ben))
    again = log_in(plain_daemons, ann, tmp_path / ann)
    try:
        assert again.draft(peer(ben)) == "half a sen"
        assert again.muted(peer(ben))
        assert again.chosen(peer(ben)) == ["/a/世界.txt", "/b"]
        again.set_chosen(peer(ben), [])
        qt_wait(lambda: not again._reader.chosen(peer(ben)), "nothing is to be sent any more")
        assert again.conversations.records()[0].draft == "half a sen"
        again.set_draft(peer(ben), "")
        qt_wait(lambda: not again.conversation(peer(ben)).draft, "it is gone")
    finally:
        again.close()
        again.deleteLater()


def test_a_new_computer_gets_everything(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """Another profile: the past comes page by page, and the scroll goes to the beginning."""
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    daemons.register(ann, ben)
    daemons.befriend(ann, ben)
    daemons.make_group(crew, ben, ann)
    talker = daemons.log_in(ben)
    for number in range(700):
        talker.send("private_chat", user_from=ben, user_to=ann, text=f"第{number}句", cid=f"{ben}-{number}")
    talker.group_chat(crew, "in the group")
    session = log_in(daemons, ann, tmp_path / "new")
    try:
        qt_wait(lambda: session.unread_total == 701, "all of it is here")
        model = session.messages(peer(ben))
        assert model.rowCount() == 60
        qt_wait(lambda: not model.load_older(), "the beginning is reached")
        assert texts(session, peer(ben)) == [f"第{number}句" for number in range(700)]
        assert model.at_beginning
        assert len(session.search("第69")) == 11
        assert len(session.search("句", peer(ben), 1000)) == 700
        assert texts(session, group(crew)) == ["in the group"]
    finally:
        session.close()
        session.deleteLater()


def test_the_password_is_changed(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """The session goes on with a new token; another one of the same account ends, and says why."""
    ann = name("ann")
    with sessions(daemons, tmp_path, ann) as (one,):
        other = log_in(daemons, ann, tmp_path / "other")
        heard = Heard(other)
        said: list[bool] = []
        one.change_password("wrong", "another secret", lambda ok, text: said.append(ok))
        one.change_password(PASSWORD, "another secret", lambda ok, text: said.append(ok))
        qt_wait(lambda: said == [False, True], "it is changed")
        qt_wait(lambda: heard.ended, "the other one has ended")
        assert "changed" in heard.ended[0]
        other.close()
        other.deleteLater()
    again = log_in_with_token(daemons, ann, tmp_path / ann)
    assert again


def log_in_with_token(daemons: Daemons, user: str, profile: Path) -> bool:
    """Whether the kept token is good."""
    address = parse_address(daemons.address)
    assert has_token(profile, address, user)
    flow = LoginFlow(profile)
    found: list[Session] = []
    flow.ready.connect(found.append)
    flow.resume(address, user)
    qt_wait(lambda: found and found[0].online, "it is online again")
    found[0].logout()
    flow.deleteLater()
    return not has_token(profile, address, user)
