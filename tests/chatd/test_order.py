"""Order: of mids, of what everybody sees, and of one connection's requests."""

from __future__ import annotations

import itertools
import threading

from chatwire.client import Client
from chatwire.codec import Object
from tests.support.chatting import mids, send_at_once, take, texts
from tests.support.running import RunningServer

NAMES = ("alice", "bob", "carol", "dave")
EACH = 24  # messages of one sender to each conversation


def test_everybody_sees_one_order_however_many_write_at_once(server: RunningServer) -> None:
    """Four write to the group and to each other; every connection sees growing mids over all conversations."""
    clients = server.group("staff", *NAMES)
    seen: dict[str, list[Object]] = {}
    threads = [threading.Thread(target=_write_and_collect, args=(client, seen)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == set(NAMES)
    for objects in seen.values():
        assert mids(objects) == sorted(set(mids(objects))), "pushes and replies in the order of mid, none twice"
    histories = [client.expect("history", group="staff", limit=500)["messages"] for client in clients]
    assert len(histories[0]) == EACH * len(NAMES)
    assert all(history == histories[0] for history in histories)
    in_group = set(mids(histories[0]))
    for objects in seen.values():
        assert [mid for mid in mids(objects) if mid in in_group] == mids(histories[0])
    for sender in NAMES:
        said = [m["text"] for m in histories[0] if m["user"] == sender]
        assert said == [f"{sender} {number}" for number in range(EACH)], "one sender's messages keep their order"
    for one, other in itertools.combinations(clients, 2):
        mine, theirs = one.expect("history", peer=other.user), other.expect("history", peer=one.user)
        assert mine["messages"] == theirs["messages"]
        assert len(mine["messages"]) == 2 * EACH


def test_mids_and_times_never_go_back(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    replies = []
    for number in range(10):
        replies.append(alice.private_chat("bob", str(number)))
        replies.append(bob.group_chat("staff", str(number)))
    assert mids(replies) == sorted(set(mids(replies)))
    assert [reply["ts"] for reply in replies] == sorted(reply["ts"] for reply in replies)


def test_requests_of_one_segment_take_effect_one_after_the_other(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    send_at_once(
        alice,
        {"cmd": "create_group", "group": "staff"},
        {"cmd": "group_chat", "group": "staff", "text": "first"},
        {"cmd": "get_group_member", "group": "staff"},
        {"cmd": "private_chat", "user_to": "bob", "text": "to a stranger"},
        {"cmd": "history", "peer": "bob"},
        {"cmd": "add", "friend": "bob"},
        {"cmd": "private_chat", "user_to": "bob", "text": "to a friend"},
        {"cmd": "sync", "after": 0},
        {"cmd": "leave_group", "group": "staff"},
        {"cmd": "group_chat", "group": "staff", "text": "too late"},
        {"cmd": "offline"},
        {"cmd": "ping"},
        {"cmd": "private_chat", "user_to": "bob", "text": "too late"},
    )
    replies = take(alice, 13)
    assert [reply["cmd"].removesuffix("_reply") for reply in replies] == [
        "create_group", "group_chat", "get_group_member", "private_chat", "history", "add", "private_chat", "sync",
        "leave_group", "group_chat", "offline", "ping", "private_chat",
    ]  # fmt: skip
    assert [reply["result"] for reply in replies] == [
        *["success"] * 9,
        "not_in_group",
        *["success"] * 2,
        "not_logged_in",
    ]
    assert texts(replies[4]["messages"]) == ["to a stranger"]
    assert texts(replies[7]["messages"]) == ["first", "to a stranger", "to a friend"]
    assert [push.get("text", push["cmd"]) for push in take(bob, 4)] == [
        "to a stranger", "add_friend_reply", "to a friend", "friend_offline",
    ]  # fmt: skip


def test_history_sees_what_was_sent_right_before_it(server: RunningServer) -> None:
    alice, _bob = server.friends("alice", "bob")
    for number in range(5):
        send_at_once(
            alice,
            {"cmd": "private_chat", "user_to": "bob", "text": f"{number}a"},
            {"cmd": "private_chat", "user_to": "bob", "text": f"{number}b"},
            {"cmd": "history", "peer": "bob", "limit": 2},
        )
        replies = take(alice, 3)
        assert texts(replies[2]["messages"]) == [f"{number}a", f"{number}b"]


def test_register_and_login_can_be_sent_at_once(server: RunningServer) -> None:
    client = server.connect()
    send_at_once(
        client,
        {"cmd": "register", "user": "alice", "password": "x"},
        {"cmd": "login", "user": "alice", "password": "x"},
        {"cmd": "private_chat", "user_to": "alice", "text": "in one go"},
        {"cmd": "sync", "after": 0},
    )
    replies = take(client, 4)
    assert [reply["result"] for reply in replies] == ["success"] * 4
    assert texts(replies[3]["messages"]) == ["in one go"]


def test_more_requests_than_may_be_in_flight_are_all_answered_in_order(server: RunningServer) -> None:
    [alice] = server.group("staff", "alice")
    count = 600
    send_at_once(alice, *({"cmd": "group_chat", "group": "staff", "text": "x", "id": n} for n in range(count)))
    replies = take(alice, count)
    assert [reply["id"] for reply in replies] == list(range(count))
    assert mids(replies) == sorted(set(mids(replies)))


def _write_and_collect(client: Client, seen: dict[str, list[Object]]) -> None:
    """Send everything without waiting for replies, then collect them together with what the others sent."""
    others = [name for name in NAMES if name != client.user]
    for number in range(EACH):
        client.send("group_chat", group="staff", text=f"{client.user} {number}")
        for other in others:
            client.send("private_chat", user_to=other, text=f"{client.user} {number}")
    per_sender = EACH * len(NAMES)  # to the group and to the three others
    received = EACH * 2 * len(others)  # what each of them says to the group and to this one
    seen[client.user] = take(client, per_sender + received)
