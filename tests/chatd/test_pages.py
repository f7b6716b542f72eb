"""sync and history: stored messages, page by page, to the end and to the beginning."""

from __future__ import annotations

import pytest

from chatwire.client import Client
from chatwire.codec import Object, encode
from tests.conftest import ServerFactory
from tests.support.chatting import mids, result, send_at_once, take, texts
from tests.support.running import RunningServer


def test_sync_pages_through_everything_of_mine(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    carol = server.user("carol")
    mine = []
    for number in range(4):
        mine.append(alice.private_chat("bob", f"{number} from me")["mid"])
        mine.append(bob.private_chat("alice", f"{number} to me")["mid"])
        mine.append(bob.group_chat("staff", f"{number} to all")["mid"])
        bob.private_chat("carol", "not mine")
        carol.private_chat("bob", "nor this")
    for limit in (1, 3, 12, 500):
        assert _all_pages(alice, limit) == mine, limit
    page = alice.expect("sync", after=mine[2], limit=2)
    assert (mids(page["messages"]), page["more"]) == (mine[3:5], True)
    assert alice.expect("sync", after=mine[-1])["messages"] == []


def test_sync_gives_messages_as_they_were_pushed(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    alice.private_chat("bob", "with cid", cid="c")
    alice.group_chat("staff", "without")
    pushes = take(bob, 2)
    assert bob.expect("sync", after=0)["messages"] == pushes
    assert bob.expect("history", peer="alice")["messages"] == pushes[:1]
    assert bob.expect("history", group="staff")["messages"] == pushes[1:]


def test_more_is_true_only_when_there_is_more(server: RunningServer) -> None:
    alice = server.user("alice")
    for number in range(3):
        alice.private_chat("alice", str(number))
    for limit, more in ((1, True), (2, True), (3, False), (4, False)):
        assert alice.expect("sync", after=0, limit=limit)["more"] is more, limit
        assert alice.expect("history", peer="alice", limit=limit)["more"] is more, limit


@pytest.mark.parametrize("cmd", ["sync", "history"])
def test_a_page_is_cut_at_the_frame_size_and_says_so(make_server: ServerFactory, cmd: str) -> None:
    server = make_server("--max-frame", "8192", "--max-text", "3000")
    alice, bob = server.friends("alice", "bob")
    sent = [alice.private_chat("bob", letter * 3000)["mid"] for letter in "abcdefg"]
    fields: Object = {"after": 0} if cmd == "sync" else {"peer": "alice"}
    page = bob.expect(cmd, limit=500, **fields)
    assert page["more"]
    assert mids(page["messages"]) == (sent[:2] if cmd == "sync" else sent[-2:])
    assert len(encode(page)) <= 8192
    assert (_all_pages(bob, 500) if cmd == "sync" else _back_to_the_beginning(bob, 500, peer="alice")) == sent


def test_a_message_that_is_longer_than_a_frame_is_a_page_of_its_own(make_server: ServerFactory) -> None:
    server = make_server("--max-frame", "4096", "--max-text", "3000")
    alice, bob = server.friends("alice", "bob")
    sent = [alice.private_chat("bob", text)["mid"] for text in ("\x01" * 600, "\x01" * 600, "short")]
    take(bob, 3)
    assert _all_pages(bob, 500) == sent
    assert _back_to_the_beginning(bob, 500, peer="alice") == sent


def test_history_pages_back_to_the_beginning(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    requests: list[Object] = []
    for number in range(60):
        requests.append({"cmd": "group_chat", "group": "staff", "text": f"g{number}"})
        requests.append({"cmd": "private_chat", "user_to": "bob", "text": f"p{number}"})
    send_at_once(alice, *requests)
    replies = take(alice, 120)
    group, private = ([r["mid"] for r in replies if r["cmd"] == f"{cmd}_chat_reply"] for cmd in ("group", "private"))
    for limit in (1, 7, 60, 500):
        assert _back_to_the_beginning(bob, limit, group="staff") == group, limit
        assert _back_to_the_beginning(bob, limit, peer="alice") == private, limit
    newest = bob.expect("history", group="staff", limit=3)
    assert texts(newest["messages"]) == ["g57", "g58", "g59"]
    assert newest["more"]
    first = bob.expect("history", peer="alice", before=private[2], limit=2)
    assert (texts(first["messages"]), first["more"]) == (["p0", "p1"], False)
    assert bob.expect("history", peer="alice", before=0)["messages"] == []


def test_pages_say_what_is_wrong(server: RunningServer) -> None:
    alice = server.user("alice")
    server.user("bob")
    assert result(alice, "sync") == "bad_request"
    for after in (-1, "0", 1.5, True, 2**53):
        assert result(alice, "sync", after=after) == "bad_request", after
    for limit in (0, -1, "5", True):
        assert result(alice, "sync", after=0, limit=limit) == "bad_request", limit
    assert result(alice, "history") == "bad_request"
    assert result(alice, "history", peer="bob", group="staff") == "bad_request"
    assert result(alice, "history", peer="nobody") == "user_not_exist"
    assert result(alice, "history", group="nothing") == "group_not_exist"
    assert alice.expect("history", peer="bob")["messages"] == []
    assert alice.expect("sync", after=0, limit=10**9) == {
        "cmd": "sync_reply", "id": alice._last_id, "result": "success", "messages": [], "more": False,
    }  # fmt: skip


def _all_pages(client: Client, limit: int) -> list[int]:
    found = [0]
    while True:
        page = client.expect("sync", after=found[-1], limit=limit)
        found += mids(page["messages"])
        if not page["more"]:
            return found[1:]
        assert page["messages"], "a page that says there is more has something"


def _back_to_the_beginning(client: Client, limit: int, **conversation: str) -> list[int]:
    found: list[int] = []
    while True:
        fields: Object = {**conversation, "limit": limit} | ({"before": found[0]} if found else {})
        page = client.expect("history", **fields)
        found = mids(page["messages"]) + found
        if not page["more"]:
            return found
        assert page["messages"], "a page that says there is more has something"
