"""A cid makes a retry safe: however a message is sent again, it is stored once and delivered once."""

from __future__ import annotations

from chatwire.client import Client
from tests.support.chatting import arrived, mids, send_at_once, take, texts
from tests.support.running import RunningServer


def test_a_retry_on_the_same_connection_gets_the_first_answer(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    for send in (_private, _group):
        first = send(alice, "text", "one " + send.__name__)
        again = send(alice, "text", "one " + send.__name__)
        other = send(alice, "text", "two " + send.__name__)
        assert (again["mid"], again["ts"]) == (first["mid"], first["ts"])
        assert other["mid"] > first["mid"]
        assert mids(arrived(bob)) == [first["mid"], other["mid"]]
    assert len(alice.expect("sync", after=0)["messages"]) == 4


def test_a_retry_on_another_connection_and_after_a_new_login_is_known(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    elsewhere = server.again("alice")
    first = _group(alice, "text", "c")["mid"]
    assert _group(elsewhere, "text", "c")["mid"] == first
    alice.logout()
    back = server.again("alice", after=-1)
    assert _group(back, "text", "c")["mid"] == first
    assert mids(arrived(bob)) == [first]
    assert mids(arrived(elsewhere)) == [first]
    assert arrived(back) == []


def test_a_retry_in_the_same_segment_is_known(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    elsewhere = server.again("alice")
    request = {"cmd": "group_chat", "group": "staff", "text": "x", "cid": "c"}
    send_at_once(alice, *({**request, "id": number} for number in range(5)), {**request, "cid": "d", "id": 5})
    replies = take(alice, 6)
    assert [reply["id"] for reply in replies] == list(range(6))
    assert {reply["result"] for reply in replies} == {"success"}
    assert len(set(mids(replies[:5]))) == 1
    both = [replies[0]["mid"], replies[5]["mid"]]
    assert mids(arrived(bob)) == both
    assert mids(arrived(elsewhere)) == both


def test_known_and_new_messages_in_one_segment_keep_their_order(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    known = _group(alice, "old", "old")["mid"]
    take(bob, 1)
    requests = [{"cmd": "group_chat", "group": "staff", "text": cid, "cid": cid} for cid in ("n1", "old", "n2", "n1")]
    send_at_once(alice, *requests)
    replies = take(alice, 4)
    first, second = replies[0]["mid"], replies[2]["mid"]
    assert mids(replies) == [first, known, second, first]
    assert known < first < second
    assert mids(arrived(bob)) == [first, second]


def test_a_cid_belongs_to_its_user(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    first = _group(alice, "from alice", "c")["mid"]
    second = _group(bob, "from bob", "c")["mid"]
    assert second > first
    assert texts(bob.expect("history", group="staff")["messages"]) == ["from alice", "from bob"]


def test_cids_are_compared_exactly(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    cids = ["c", "C", "c ", " c", "\u00e9", "e\u0301", "\U0001f600" * 64, "\U0001f600" * 63]
    found = [_private(alice, cid, cid)["mid"] for cid in cids]
    assert len(set(found)) == len(cids)
    assert [push["cid"] for push in take(bob, len(cids))] == cids
    assert [_private(alice, cid, cid)["mid"] for cid in cids] == found
    assert [message["cid"] for message in bob.expect("sync", after=0)["messages"]] == cids
    assert arrived(bob) == []


def _private(client: Client, text: str, cid: str) -> dict[str, int]:
    return client.private_chat("bob" if client.user == "alice" else "alice", text, cid=cid)


def _group(client: Client, text: str, cid: str) -> dict[str, int]:
    return client.group_chat("staff", text, cid=cid)
