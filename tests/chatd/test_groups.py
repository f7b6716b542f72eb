"""Groups: joining, leaving, owners, limits, and which messages a membership gives a right to."""

from __future__ import annotations

from chatd.store import groups
from chatwire.client import Client
from chatwire.codec import Object
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, journal_held, mids, result, send_at_once, take, texts
from tests.support.running import RunningServer
from tests.support.waiting import wait_until


def test_create_and_add_say_what_is_wrong(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    assert alice.expect("create_group", user="alice", group="staff")["group"] == "staff"
    for client in (alice, bob):
        assert result(client, "create_group", group="staff") == "group_exist"
        assert result(client, "create_group", group="a|b") == "bad_request"
        assert result(client, "create_group") == "bad_request"
        assert result(client, "add_group", group="nothing") == "group_not_exist"
    assert result(alice, "add_group", group="staff") == "user_in_group"
    assert bob.expect("add_group", group="staff")["group"] == "staff"
    assert result(bob, "add_group", group="staff") == "user_in_group"


def test_group_names_are_equal_after_normalisation(server: RunningServer) -> None:
    alice, bob = server.group("caf\u00e9", "alice", "bob")
    assert result(alice, "create_group", group="cafe\u0301") == "group_exist"
    mid = alice.group_chat("cafe\u0301", "hi")["mid"]
    [push] = take(bob, 1)
    assert (push["group"], push["mid"]) == ("caf\u00e9", mid)


def test_leave_and_get_group_member_say_what_is_wrong(server: RunningServer) -> None:
    [alice] = server.group("staff", "alice")
    bob = server.user("bob")
    for cmd in ("leave_group", "get_group_member"):
        assert result(bob, cmd, group="nothing") == "group_not_exist"
        assert result(bob, cmd) == "bad_request"
    for cmd in ("leave_group", "get_group_member"):
        assert result(bob, cmd, group="staff") == "not_in_group"
    assert alice.expect("leave_group", group="staff")["group"] == "staff"
    assert result(alice, "leave_group", group="staff") == "not_in_group"


def test_get_group_member_shows_names_presence_and_roles(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    bob.logout()
    reply = carol.request("get_group_member", group="staff")
    assert reply == {
        "cmd": "get_group_member_reply",
        "id": reply["id"],
        "result": "success",
        "group": "staff",
        "member": "alice|bob|carol",
        "members": [
            {"user": "alice", "online": True, "role": "owner"},
            {"user": "bob", "online": False, "role": "member"},
            {"user": "carol", "online": True, "role": "member"},
        ],
    }
    assert arrived(alice) == []


def test_members_are_told_to_members_only(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    stranger = server.user("stranger")
    reply = stranger.request("get_group_member", group="staff")
    assert reply == {"cmd": "get_group_member_reply", "id": reply["id"], "result": "not_in_group"}
    assert result(stranger, "get_group_member", group="staff", limit=1) == "not_in_group"
    bob.expect("leave_group", group="staff")
    assert result(bob, "get_group_member", group="staff") == "not_in_group"
    assert result(alice, "get_group_member", group="staff") == "success"


def test_members_come_in_pages_to_who_asks_for_them(server: RunningServer) -> None:
    names = [f"m{number}" for number in range(5)]
    first = server.group("staff", *names)[0]
    page = first.expect("get_group_member", group="staff", limit=2)
    assert (page["member"], page["more"]) == ("m0|m1", True)
    seen = page["members"]
    fields: Object = {"limit": 2, "after": "m1"}
    while page["more"]:
        page = first.expect("get_group_member", group="staff", **fields)
        seen += page["members"]
        fields["after"] = page["members"][-1]["user"]
    assert seen == first.expect("get_group_member", group="staff")["members"]
    assert first.expect("get_group_member", group="staff", after="m4")["members"] == []
    assert result(first, "get_group_member", group="staff", after="nobody") == "bad_request"


def test_the_owner_who_leaves_is_followed_by_who_joined_first(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    carol.expect("leave_group", group="staff")
    assert _roles(alice) == {"alice": "owner", "bob": "member"}
    carol.expect("add_group", group="staff")
    alice.expect("leave_group", group="staff")
    assert _roles(carol) == {"bob": "owner", "carol": "member"}
    alice.expect("add_group", group="staff")
    assert _roles(alice) == {"bob": "owner", "carol": "member", "alice": "member"}
    bob.logout()
    client = server.connect()
    assert client.login("carol", "carol")["groups"] == [{"group": "staff", "owner": "bob", "members": 3, "since": 0}]


def test_an_abandoned_group_stays_and_is_owned_by_the_next_to_join(server: RunningServer) -> None:
    [alice] = server.group("staff", "alice")
    bob = server.user("bob")
    said = alice.group_chat("staff", "anybody?")["mid"]
    alice.expect("leave_group", group="staff")
    assert _roles_of(server, "staff") == {}
    assert result(bob, "create_group", group="staff") == "group_exist"
    bob.expect("add_group", group="staff")
    alice.expect("add_group", group="staff")
    assert _roles(bob) == {"bob": "owner", "alice": "member"}
    assert mids(bob.expect("history", group="staff")["messages"]) == [said]


def test_those_concerned_are_told_who_joined_and_left(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    carol, elsewhere, dave = server.user("carol"), server.again("carol"), server.user("dave")
    said = alice.group_chat("staff", "before")["mid"]
    take(bob, 1)
    since = {"since": said}
    for cmd, push_name, more in (("add_group", "group_joined", since), ("leave_group", "group_left", {})):
        assert carol.expect(cmd, group="staff").items() >= more.items()
        for session in (alice, bob, elsewhere):
            assert take(session, 1) == [{"cmd": push_name, "group": "staff", "user": "carol", **more}], cmd
    assert carol.expect("create_group", group="mine")["since"] == said
    assert take(elsewhere, 1) == [{"cmd": "group_joined", "group": "mine", "user": "carol", **since}]
    for session in (alice, bob, carol, elsewhere, dave):
        assert arrived(session) == []


def test_another_session_of_the_user_joins_and_leaves_with_it(server: RunningServer) -> None:
    [alice] = server.group("staff", "alice")
    bob, elsewhere = server.user("bob"), server.again("bob")
    bob.expect("add_group", group="staff")
    assert elsewhere.group_chat("staff", "here I am")["result"] == "success"
    bob.expect("leave_group", group="staff")
    assert result(elsewhere, "group_chat", group="staff", text="x") == "not_in_group"
    assert texts(push for push in arrived(alice) if push["cmd"] == "group_chat") == ["here I am"]


def test_a_user_may_be_in_so_many_groups_and_a_group_have_so_many_members(make_server: ServerFactory) -> None:
    server = make_server("--max-groups", "2", "--max-members", "2")
    alice, bob = server.group("one", "alice", "bob")
    carol = server.user("carol")
    assert result(carol, "add_group", group="one") == "limit_reached"
    alice.expect("create_group", group="two")
    carol.expect("create_group", group="three")
    assert result(alice, "create_group", group="four") == "limit_reached"
    assert result(alice, "add_group", group="three") == "limit_reached"
    assert result(alice, "add_group", group="one") == "user_in_group"
    bob.expect("leave_group", group="one")
    carol.expect("add_group", group="one")
    assert result(bob, "add_group", group="one") == "limit_reached"
    alice.expect("leave_group", group="two")
    alice.expect("add_group", group="three")


def test_a_member_gets_by_sync_exactly_what_was_said_while_in_it(server: RunningServer) -> None:
    [alice] = server.group("staff", "alice")
    bob = server.user("bob")
    said = {}
    for number in range(6):
        if number % 2:
            bob.expect("add_group", group="staff")
        elif number:
            bob.expect("leave_group", group="staff")
        for part in "ab":
            said[f"{number}{part}"] = alice.group_chat("staff", f"{number}{part}")["mid"]
    heard = ["1a", "1b", "3a", "3b", "5a", "5b"]
    assert texts(push for push in arrived(bob) if push["cmd"] == "group_chat") == heard
    assert texts(_sync(bob)) == heard
    assert mids(_sync(bob)) == [said[text] for text in heard]
    assert texts(bob.expect("history", group="staff")["messages"]) == list(said)
    again = server.again("bob", after=0)
    assert texts(take(again, 6)) == heard
    assert arrived(again) == []


def test_who_has_left_keeps_what_was_said_before_and_has_no_part_in_the_rest(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    alice.group_chat("staff", "before")
    bob.group_chat("staff", "me too")
    bob.expect("leave_group", group="staff")
    alice.group_chat("staff", "after")
    assert texts(arrived(bob)) == ["before"]
    assert texts(_sync(bob)) == ["before", "me too"]
    requests: list[tuple[str, Object]] = [
        ("group_chat", {"text": "x"}), ("history", {}), ("read", {"mid": 1}), ("typing", {}), ("leave_group", {}),
    ]  # fmt: skip
    for cmd, fields in requests:
        assert result(bob, cmd, group="staff", **fields) == "not_in_group", cmd
        assert result(bob, cmd, group="nothing", **fields) == "group_not_exist", cmd


def test_what_was_sent_before_leaving_in_one_segment_is_said_before_leaving(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    journal = server.server.services.journal
    with journal_held(server):
        send_at_once(
            bob,
            {"cmd": "group_chat", "group": "staff", "text": "goodbye", "id": "said"},
            {"cmd": "leave_group", "group": "staff", "id": "left"},
            {"cmd": "group_chat", "group": "staff", "text": "too late", "id": "late"},
        )
        wait_until(lambda: journal._queue, "the server has read it")
    assert [(reply["id"], reply["result"]) for reply in take(bob, 3)] == [
        ("said", "success"), ("left", "success"), ("late", "not_in_group"),
    ]  # fmt: skip
    assert [push["cmd"] for push in take(alice, 2)] == ["group_chat", "group_left"]
    assert texts(_sync(bob)) == ["goodbye"]


def test_who_comes_online_while_the_last_other_member_leaves_still_gets_its_message(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    bob.close()
    services = server.server.services
    wait_until(lambda: services.online.find("bob") is None, "bob is offline")
    with journal_held(server):
        alice.send("group_chat", group="staff", text="last words")
        alice.expect("ping")
        alice.close()
        wait_until(lambda: services.online.find("alice") is None, "alice is offline")
        back = server.connect()
        back.resume("bob", bob.token)
    assert texts(take(back, 1)) == ["last words"]


def _roles(client: Client) -> dict[str, str]:
    return {member["user"]: member["role"] for member in client.expect("get_group_member", group="staff")["members"]}


def _roles_of(server: RunningServer, group: str) -> dict[str, str]:
    """The same for a group that nobody may be in."""
    with server.server.services.database.transaction() as tx:
        found = groups.by_name(tx, group)
        assert found is not None
        roles = {True: "owner", False: "member"}
        return {name: roles[user_id == found.owner_id] for user_id, name in groups.members(tx, found.id)}


def _sync(client: Client) -> list[Object]:
    messages = client.expect("sync", after=0)["messages"]
    assert isinstance(messages, list)
    return messages
