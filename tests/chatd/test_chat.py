"""Private and group chat, as its users see it."""

from __future__ import annotations

from tests.support.running import RunningServer


def test_a_friend_gets_what_the_sender_sent(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    reply = alice.private_chat("bob", "hello, 世界", cid="c1")
    assert reply["result"] == "success"
    assert bob.next_push(15) == {
        "cmd": "private_chat", "user_from": "alice", "user_to": "bob", "text": "hello, 世界", "cid": "c1",
        "mid": reply["mid"], "ts": reply["ts"],
    }  # fmt: skip


def test_every_member_gets_a_group_message_and_the_sender_a_reply(server: RunningServer) -> None:
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    reply = alice.group_chat("staff", "to all")
    for member in (bob, carol):
        push = member.next_push(15)
        assert push is not None
        assert (push["cmd"], push["text"], push["mid"]) == ("group_chat", "to all", reply["mid"])
    assert alice.next_push(0) is None
