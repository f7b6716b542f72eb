"""Private and group chat, as its users see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatd import delivery
from chatwire.codec import Object
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, mids, result, send_at_once, take, texts
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until


def test_a_friend_gets_what_the_sender_sent(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    reply = alice.private_chat("bob", "hello, 世界", cid="c1")
    assert reply["result"] == "success"
    assert bob.next_push(DEADLINE) == {
        "cmd": "private_chat", "user_from": "alice", "user_to": "bob", "text": "hello, 世界", "cid": "c1",
        "mid": reply["mid"], "ts": reply["ts"],
    }  # fmt: skip


def test_every_member_gets_a_group_message_and_the_sender_a_reply(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    reply = alice.group_chat("staff", "to all", cid="c1")
    for member in (bob, carol):
        assert member.next_push(DEADLINE) == {
            "cmd": "group_chat", "user": "alice", "group": "staff", "text": "to all", "cid": "c1",
            "mid": reply["mid"], "ts": reply["ts"],
        }  # fmt: skip
    assert arrived(alice) == []


def test_private_chat_says_whether_the_other_is_there(server: RunningServer) -> None:
    alice, bob, carol = server.friends("alice", "bob", "carol")
    before = alice.expect("ping")["ts"]
    online = alice.request("private_chat", user_to="bob", text="x")
    carol.logout()
    assert take(alice, 1) == [{"cmd": "friend_offline", "friend": "carol"}]
    offline = alice.request("private_chat", user_to="carol", text="y")
    after = alice.expect("ping")["ts"]
    assert (online["result"], offline["result"]) == ("success", "offline")
    assert 0 < online["mid"] < offline["mid"]
    assert before <= online["ts"] <= offline["ts"] <= after
    assert alice.request("private_chat", user_to="nobody", text="z") == {
        "cmd": "private_chat_reply", "id": alice._last_id, "result": "user_not_exist",
    }  # fmt: skip
    assert texts(take(bob, 1)) == ["x"]
    assert texts(take(server.again("carol"), 1)) == ["y"]


def test_strangers_may_write_to_each_other(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    server.connect().register("carol", "carol")
    assert alice.private_chat("bob", "hello stranger")["result"] == "success"
    assert alice.private_chat("carol", "hello absent stranger")["result"] == "offline"
    assert texts(take(bob, 1)) == ["hello stranger"]
    assert texts(take(server.again("carol"), 1)) == ["hello absent stranger"]


def test_a_note_to_oneself_reaches_the_other_sessions(server: RunningServer) -> None:
    alice = server.user("alice")
    elsewhere = server.again("alice")
    reply = alice.private_chat("alice", "buy milk")
    assert reply["result"] == "success"
    assert mids(arrived(elsewhere)) == [reply["mid"]]
    assert arrived(alice) == []
    assert texts(alice.expect("history", peer="alice")["messages"]) == ["buy milk"]


def test_all_sessions_of_both_sides_get_everything_but_the_sending_one(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    alice2, bob2, bob3 = server.again("alice"), server.again("bob"), server.again("bob")
    private = alice.private_chat("bob", "private")["mid"]
    group = alice2.group_chat("staff", "group")["mid"]
    for session in (bob, bob2, bob3):
        assert mids(arrived(session)) == [private, group]
    assert mids(arrived(alice)) == [group]
    assert mids(arrived(alice2)) == [private]


def test_a_chat_request_that_cannot_be_served_is_refused_and_reaches_nobody(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    assert result(alice, "private_chat", user_to="bob") == "bad_request"
    assert result(alice, "private_chat", text="x") == "bad_request"
    assert result(alice, "private_chat", user_to="bob", text=5) == "bad_request"
    assert result(alice, "private_chat", user_to="bob", text="x", cid="") == "bad_request"
    assert result(alice, "private_chat", user_to="bob", text="x", cid="c" * 65) == "bad_request"
    assert result(alice, "group_chat", group="nothing", text="x") == "group_not_exist"
    bob.expect("create_group", group="his")
    assert result(alice, "group_chat", group="his", text="x") == "not_in_group"
    assert result(server.connect(), "private_chat", user_to="bob", text="x") == "not_logged_in"
    assert arrived(bob) == []


def test_the_limit_of_a_text_is_in_bytes(make_server: ServerFactory) -> None:
    server = make_server("--max-text", "12")
    alice, bob = server.group("staff", "alice", "bob")
    for text in ("a" * 12, "世界世界", "é" * 6, "😀" * 3, ""):
        assert alice.private_chat("bob", text)["result"] == "success"
        assert alice.group_chat("staff", text)["result"] == "success"
        assert texts(take(bob, 2)) == [text, text]
    for text in ("a" * 13, "世界世界a", "é" * 6 + "a", "😀" * 3 + "a"):
        for cmd, where in (("private_chat", {"user_to": "bob"}), ("group_chat", {"group": "staff"})):
            reply = alice.request(cmd, text=text, **where)
            assert reply["result"] == "bad_request"
            assert "text" in reply["detail"]
    assert arrived(bob) == []


def test_a_text_of_the_largest_size_goes_through_and_comes_back(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    text = "\U0001f600" * 4096
    alice.private_chat("bob", text)
    assert texts(take(bob, 1)) == [text]
    assert texts(bob.expect("history", peer="alice")["messages"]) == [text]
    assert result(alice, "private_chat", user_to="bob", text=text + "a") == "bad_request"


def test_unknown_fields_are_ignored_and_not_passed_on(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    reply = alice.expect(
        "private_chat", user_to="bob", text="x", colour="red", mid=7, ts=7, user="mallory", nested={"deep": [1]}
    )
    assert set(reply) == {"cmd", "id", "result", "mid", "ts"}
    [push] = take(bob, 1)
    assert set(push) == {"cmd", "user_from", "user_to", "text", "mid", "ts"}
    assert (push["mid"], push["ts"], push["user_from"]) == (reply["mid"], reply["ts"], "alice")


def test_a_reply_repeats_the_id_as_it_was_given(server: RunningServer) -> None:
    alice = server.user("alice")
    for given in ("request 1", "x" * 64, "", 0, -5, 2**63 - 1):
        send_at_once(alice, *({"cmd": cmd, "id": given, **fields} for cmd, fields in _ONE_OF_EACH_KIND))
        for (cmd, _), reply in zip(_ONE_OF_EACH_KIND, take(alice, len(_ONE_OF_EACH_KIND)), strict=True):
            assert (reply["cmd"], reply["id"]) == (cmd + "_reply", given)


def test_a_request_without_an_id_gets_a_reply_without_and_a_wrong_one_is_refused(server: RunningServer) -> None:
    alice = server.user("alice")
    send_at_once(alice, {"cmd": "ping"}, {"cmd": "private_chat", "user_to": "alice", "text": "x"})
    assert all("id" not in reply for reply in take(alice, 2))
    wrong_ones: list[object] = ["x" * 65, 1.5, True, [1], {}, 2**63]
    for wrong in wrong_ones:
        send_at_once(alice, {"cmd": "ping", "id": wrong})
        [reply] = take(alice, 1)
        assert (reply["cmd"], reply["result"]) == ("ping_reply", "bad_request")
        assert "id" not in reply


def test_what_was_on_its_way_to_a_user_is_not_shown_to_the_next_one_on_that_connection(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.friends("alice", "bob")
    server.connect().register("carol", "carol")
    held: list[tuple[object, ...]] = []
    post = delivery._post
    monkeypatch.setattr(delivery, "_post", lambda *args: held.append(args))
    alice.send("private_chat", user_to="bob", text="for Bob's eyes only")
    wait_until(lambda: bool(held), "it is stored and on its way")
    monkeypatch.setattr(delivery, "_post", post)
    bob.expect("offline")
    bob.login("carol", "carol")
    (_untyped(post))(*held[0])
    assert texts(push for push in arrived(bob) if "text" in push) == []
    assert texts(take(server.again("bob"), 1)) == ["for Bob's eyes only"]


def _untyped(function: Callable[..., None]) -> Callable[..., None]:
    return function


_ONE_OF_EACH_KIND: list[tuple[str, Object]] = [
    ("ping", {}),  # answered by the loop
    ("private_chat", {"user_to": "alice", "text": "x"}),  # by the journal's batch
    ("ack", {"mid": 0}),  # by the journal's callback
    ("sync", {"after": 0}),  # by a work thread
    ("add", {"friend": "nobody"}),  # refused
]
