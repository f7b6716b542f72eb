"""typing, read, ack: what users let each other and their own next login know."""

from __future__ import annotations

import pytest

from chatd.commands import chat
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.fields import MAX_MID
from tests.support.chatting import arrived, journal_held, mids, result, send_at_once, take
from tests.support.running import RunningServer
from tests.support.waiting import wait_until


def test_typing_is_shown_to_those_who_are_online_there_and_is_not_answered(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    alice2, bob2, dave = server.again("alice"), server.again("bob"), server.user("dave")
    carol.logout()
    alice.send("typing", group="staff")
    alice.send("typing", peer="bob")
    assert arrived(alice) == []
    for session in (bob, bob2):
        assert take(session, 2) == [
            {"cmd": "typing", "user": "alice", "group": "staff"},
            {"cmd": "typing", "user": "alice", "peer": "bob"},
        ]
    for session in (alice2, dave, server.again("carol")):
        assert arrived(session) == []
    assert alice.expect("sync", after=0)["messages"] == []


def test_typing_reaches_friends_and_strangers_alike(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    carol = server.user("carol")
    alice.send("typing", peer="bob")
    alice.send("typing", peer="carol")
    for session, name in ((bob, "bob"), (carol, "carol")):
        assert take(session, 1) == [{"cmd": "typing", "user": "alice", "peer": name}]
    server.connect().register("dave", "dave")
    alice.send("typing", peer="dave")
    alice.send("typing", peer="alice")
    assert arrived(alice) == []
    assert arrived(server.again("dave")) == []


def test_typing_passes_once_in_a_while_for_each_conversation(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = server.friends("alice", "bob", "carol")
    send_at_once(alice, *({"cmd": "typing", "peer": peer} for peer in ("bob", "bob", "carol", "bob", "carol")))
    assert arrived(alice) == []
    assert len(arrived(bob)) == 1
    assert len(arrived(carol)) == 1
    monkeypatch.setattr(chat, "TYPING_GAP", 0.0)
    alice.send("typing", peer="bob")
    assert len(take(bob, 1)) == 1


def test_marks_say_what_is_wrong(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    bob.expect("create_group", group="his")
    for cmd, fields in (("typing", {}), ("read", {"mid": 0})):
        assert result(alice, cmd, peer="nobody", **fields) == "user_not_exist"
        assert result(alice, cmd, group="nothing", **fields) == "group_not_exist"
        assert result(alice, cmd, group="his", **fields) == "not_in_group"
        assert result(alice, cmd, **fields) == "bad_request"
        assert result(alice, cmd, peer="bob", group="his", **fields) == "bad_request"
    for cmd in ("read", "ack"):
        for mid in (None, -1, "1", 1.0, True, 2**53):
            assert result(alice, cmd, mid=mid, **({"peer": "bob"} if cmd == "read" else {})) == "bad_request", mid
    assert arrived(bob) == []


def test_read_is_pushed_to_my_other_sessions_and_to_the_peer(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    alice2, bob2 = server.again("alice"), server.again("bob")
    mid = alice.private_chat("bob", "x")["mid"]
    take(alice2, 1)
    for session in (bob, bob2):
        take(session, 1)
    reply = bob.expect("read", peer="alice", mid=mid)
    assert reply["mid"] == mid
    for session in (alice, alice2, bob2):
        assert arrived(session) == [{"cmd": "read", "user": "bob", "peer": "alice", "mid": mid}]
    assert arrived(bob) == []


def test_read_in_a_group_is_pushed_to_my_other_sessions_only(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    elsewhere = server.again("bob")
    mid = alice.group_chat("staff", "x")["mid"]
    take(elsewhere, 1)
    bob.expect("read", group="staff", mid=mid)
    assert take(elsewhere, 1) == [{"cmd": "read", "user": "bob", "group": "staff", "mid": mid}]
    assert arrived(alice) == []


def test_read_works_among_strangers(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    mid = alice.private_chat("bob", "x")["mid"]
    bob.expect("read", peer="alice", mid=mid)
    assert take(alice, 1) == [{"cmd": "read", "user": "bob", "peer": "alice", "mid": mid}]


def test_what_was_read_is_unread_no_more_and_never_becomes_so_again(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    private = [alice.private_chat("bob", str(n))["mid"] for n in range(4)]
    group = [alice.group_chat("staff", str(n))["mid"] for n in range(3)]
    bob.private_chat("alice", "mine does not count")
    bob.group_chat("staff", "nor does this")
    assert _unread(server, "bob") == {"alice": (4, 0), "staff": (3, 0)}
    bob.expect("read", peer="alice", mid=private[1])
    bob.expect("read", group="staff", mid=group[0])
    assert _unread(server, "bob") == {"alice": (2, private[1]), "staff": (2, group[0])}
    bob.expect("read", peer="alice", mid=private[0])
    bob.expect("read", group="staff", mid=0)
    assert _unread(server, "bob") == {"alice": (2, private[1]), "staff": (2, group[0])}
    bob.expect("read", peer="alice", mid=private[3])
    bob.expect("read", group="staff", mid=group[2])
    assert _unread(server, "bob") == {}
    last = alice.private_chat("bob", "again")["mid"]
    assert _unread(server, "bob") == {"alice": (1, private[3])}
    assert last > private[3]


def test_a_read_position_cannot_run_ahead_of_the_messages(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    mid = alice.private_chat("bob", "x")["mid"]
    assert bob.expect("read", peer="alice", mid=MAX_MID)["mid"] == mid
    alice.private_chat("bob", "y")
    assert _unread(server, "bob") == {"alice": (1, mid)}


def test_a_read_position_behind_the_stored_one_is_answered_with_that_and_told_to_nobody(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    elsewhere = server.again("bob")
    cases: list[tuple[Object, list[int]]] = [
        ({"peer": "alice"}, [alice.private_chat("bob", str(number))["mid"] for number in range(3)]),
        ({"group": "staff"}, [carol.group_chat("staff", str(number))["mid"] for number in range(3)]),
    ]
    for where, sent in cases:
        for session in (alice, elsewhere):
            arrived(session)
        assert [bob.expect("read", mid=mid, **where)["mid"] for mid in (sent[1], sent[0], 0)] == [sent[1]] * 3
        assert elsewhere.expect("read", mid=sent[1], **where)["mid"] == sent[1]
        assert elsewhere.expect("read", mid=sent[2], **where)["mid"] == sent[2]
        assert bob.expect("read", mid=sent[0], **where)["mid"] == sent[2]
        moves = [{"cmd": "read", "user": "bob", **where, "mid": mid} for mid in (sent[1], sent[2])]
        assert arrived(alice) == (moves if "peer" in where else [])
        assert arrived(elsewhere) == moves[:1]
        assert [push for push in arrived(bob) if push["cmd"] == "read"] == moves[1:]


def test_positions_of_several_sessions_that_are_stored_together_never_seem_to_go_back(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    sent = [alice.private_chat("bob", str(number))["mid"] for number in range(4)]
    sessions = [bob, *(server.again("bob", after=-1) for _ in range(3))]
    arrived(bob)
    journal = server.server.services.journal
    with journal_held(server):
        for count, (session, mid) in enumerate(zip(sessions, (sent[1], sent[3], sent[3], sent[2]), strict=True)):
            session.send("read", peer="alice", mid=mid)
            wait_until(lambda count=count: len(journal._queue) > count, "the journal has it")  # type: ignore[misc]
    push = {"cmd": "read", "user": "bob", "peer": "alice", "mid": sent[3]}
    assert arrived(alice) == [push]
    for session in sessions:
        told = arrived(session)
        assert [obj["mid"] for obj in told] == [sent[3]] * len(told)
        assert [obj["cmd"] for obj in told].count("read_reply") == 1
        assert told.count(push) == (session is not sessions[1])  # the first that came so far knows it from its reply


def test_what_was_said_before_joining_is_not_unread(server: RunningServer) -> None:
    alice = server.group("staff", "alice")[0]
    bob = server.user("bob")
    alice.group_chat("staff", "before")
    bob.expect("add_group", group="staff")
    assert _unread(server, "bob") == {}
    alice.group_chat("staff", "after")
    assert [count for count, _ in _unread(server, "bob").values()] == [1]


def test_an_ack_is_where_the_next_login_begins_and_only_moves_forward(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    sent = [alice.private_chat("bob", str(number))["mid"] for number in range(4)]
    assert bob.expect("ack", mid=sent[2])["mid"] == sent[2]
    assert mids(arrived(server.again("bob"))) == sent[3:]
    assert bob.expect("ack", mid=sent[0])["mid"] == sent[2]
    assert bob.expect("ack", mid=0)["mid"] == sent[2]
    assert mids(arrived(server.again("bob"))) == sent[3:]
    again = server.connect()
    again.resume("bob", bob.token)
    assert mids(arrived(again)) == sent[3:], "resume begins there, too"


def test_an_ack_cannot_run_ahead_of_the_messages(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    mid = alice.private_chat("bob", "x")["mid"]
    assert bob.expect("ack", mid=MAX_MID)["mid"] == mid
    later = alice.private_chat("bob", "y")["mid"]
    assert mids(arrived(server.again("bob"))) == [later]


def test_acks_of_several_sessions_and_in_one_segment_give_the_highest(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    elsewhere = server.again("bob")
    sent = [alice.private_chat("bob", str(number))["mid"] for number in range(6)]
    send_at_once(bob, *({"cmd": "ack", "mid": mid} for mid in (sent[1], sent[4], sent[2])))
    replies = [obj for obj in arrived(bob) if obj["cmd"] == "ack_reply"]
    assert [(reply["result"], reply["mid"]) for reply in replies] == [
        ("success", sent[1]), ("success", sent[4]), ("success", sent[4])
    ]  # fmt: skip
    assert elsewhere.expect("ack", mid=sent[3])["mid"] == sent[4]
    assert mids(arrived(server.again("bob"))) == sent[5:]


def _unread(server: RunningServer, user: str) -> dict[str, tuple[int, int]]:
    """What a new session is told: (count, read position) by conversation."""
    with server.connect() as client:
        unread: list[Object] = _login(client, user)["unread"]
        return {entry.get("peer") or entry["group"]: (entry["count"], entry["mid"]) for entry in unread}


def _login(client: Client, user: str) -> Object:
    return client.login(user, user, after=-1)
