"""Offers in history, sync and among what was missed: with the state of now, and URLs while there is something."""

from __future__ import annotations

from typing import Any

import pytest

from chatbase import files
from chatwire.client import Client
from chatwire.codec import Object, encode
from chatwire.tickets import Ticket
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, mids, result, send_at_once, take
from tests.support.file_daemon import HASH, attach, base_of, offer, state
from tests.support.running import RunningServer


def pages(client: Client, **conversation: Any) -> list[Object]:
    """The same offers, however they are asked for."""
    history: list[Object] = client.expect("history", **conversation)["messages"]
    found: list[Object] = client.expect("sync", after=0)["messages"]
    assert [dict(message, url="") for message in history] == [dict(message, url="") for message in found]
    return history


def test_a_page_shows_an_offer_as_it_was_pushed(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.friends("alice", "bob")
    alice.private_chat("bob", "")
    file = offer(alice, "bob", sha256=HASH, cid="c")["file"]
    bob.private_chat("alice", "thanks")
    text, push = take(bob, 2)
    for client in (alice, bob):
        shown = pages(client, peer="bob" if client is alice else "alice")
        assert (shown[0], shown[2]["text"]) == (text, "thanks")
        assert daemon.ticket(shown[1].pop("url"), base_of(server)) == Ticket(file, "down", 1000)
        assert shown[1] == {name: value for name, value in push.items() if name != "url"}


def test_a_page_of_a_group_too(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.group("staff", "alice", "bob")
    file = offer(alice, group="staff")["file"]
    [push] = arrived(bob)
    [shown] = pages(bob, group="staff")
    assert shown == push
    later = server.user("later")
    later.expect("add_group", group="staff")
    [shown] = later.expect("history", group="staff")["messages"]
    assert shown["file"] == file


def test_a_page_tells_the_state_of_now(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    found = [offer(alice, "bob")["file"] for _ in range(7)]
    _, uploading, complete, failed, expired, declined, cancelled = found
    daemon.uploading(uploading, 10)
    daemon.complete(complete)
    daemon.end(failed, files.FAILED, detail="a wrong hash")
    daemon.end(expired, files.EXPIRED)
    bob.expect("decline_file", file=declined)
    alice.expect("cancel_file", file=cancelled)
    bob.logout()
    again = server.again("bob", after=0)
    missed = [push for push in arrived(again) if push["cmd"] == "recv_file_port_reply"]
    for shown in (missed, pages(again, peer="alice"), pages(alice, peer="bob")):
        assert [message["file"] for message in shown] == found
        assert [message["state"] for message in shown] == [
            "waiting", "uploading", "complete", "failed", "expired", "declined", "cancelled",
        ]  # fmt: skip
        assert ["url" in message for message in shown] == [True] * 3 + [False] * 4
        assert [message.get("sha256") for message in shown] == [None, None, HASH] + [None] * 4


def test_get_file_tells_each_what_is_theirs(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    reply = offer(alice, "bob", length=50, sha256="CD" * 32)
    file = reply["file"]
    daemon.uploading(file, 20)
    for client in (alice, bob):
        got = client.expect("get_file", file=file)
        assert daemon.ticket(got.pop("url"), base_of(server)) == Ticket(file, "down", 50)
        if client is alice:
            assert daemon.ticket(got.pop("upload_url"), base_of(server)) == Ticket(file, "up", 50)
        assert got == {
            "cmd": "get_file_reply", "id": client._last_id, "result": "success", "file": file, "filename": "a.txt",
            "length": 50, "state": "uploading", "offset": 20, "sha256": "cd" * 32, "port": daemon.port,
            "from_user": "alice", "to_user": "bob", "mid": reply["mid"], "ts": reply["ts"],
        }  # fmt: skip
    daemon.complete(file)
    got = alice.expect("get_file", file=file)
    assert (got["state"], got["offset"], got["sha256"], "upload_url" in got) == ("complete", 50, HASH, False)
    alice.expect("cancel_file", file=file)
    got = bob.expect("get_file", file=file)
    assert (got["state"], "url" in got) == ("cancelled", False)


def test_get_file_of_a_group_is_for_its_members(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.group("staff", "alice", "bob")
    file = offer(alice, group="staff")["file"]
    got = bob.expect("get_file", file=file)
    assert (got["group"], "to_user" in got, "upload_url" in got) == ("staff", False, False)
    bob.expect("leave_group", group="staff")
    assert result(bob, "get_file", file=file) == "file_not_exist"
    alice.expect("leave_group", group="staff")
    assert "upload_url" in alice.expect("get_file", file=file), "it is still hers"


def test_the_files_of_others_do_not_exist(server: RunningServer) -> None:
    attach(server)
    alice, mallory = server.user("alice"), server.user("mallory")
    server.user("bob")
    file = offer(alice, "bob")["file"]
    for cmd in ("get_file", "decline_file", "cancel_file"):
        for wrong in (file, file[::-1], "x", file.swapcase()):
            assert result(mallory, cmd, file=wrong) == "file_not_exist", (cmd, wrong)
        for none in ("", "../" + file, "x" * 33, 7, None, [file], "a b"):
            assert result(mallory, cmd, file=none) == "bad_request", (cmd, none)
    assert alice.expect("get_file", file=file)["state"] == "waiting"


@pytest.mark.parametrize("after", [None, 0])
def test_missed_offers_come_page_by_page(server: RunningServer, after: int | None) -> None:
    attach(server)
    alice = server.user("alice")
    server.user("bob").logout()
    text: Object = {"cmd": "private_chat", "user_to": "bob", "text": ""}
    send_at_once(alice, *[text] * 150, {"cmd": "send_file", "to_user": "bob", "filename": "f", "length": 1},
                 *[text] * 150)  # fmt: skip
    sent = mids(take(alice, 301))
    bob = server.again("bob", after=after)
    pushes = take(bob, 301)
    assert mids(pushes) == sorted(sent)
    assert [push["cmd"] for push in pushes].index("recv_file_port_reply") == 150
    assert all(push["text"] == "" for push in pushes if push["cmd"] == "private_chat")


def test_pages_of_offers_fit_into_a_frame(make_server: ServerFactory) -> None:
    server = make_server("--max-frame", "8192", "--max-text", "3000")
    attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    sent = [offer(alice, "bob", filename="世" * 250)["mid"] for _ in range(20)]
    take(bob, 20)
    found = [0]
    while True:
        page = bob.expect("sync", after=found[-1], limit=500)
        assert len(encode(page)) <= 8192
        found += mids(page["messages"])
        if not page["more"]:
            break
    assert found[1:] == sent


def test_after_a_restart_offers_are_where_they_were(make_server: ServerFactory) -> None:
    server = make_server()
    attach(server)
    alice = server.user("alice")
    server.user("bob").logout()
    file = offer(alice, "bob", cid="c")["file"]
    server.stop()
    server = make_server()
    alice, bob = server.again("alice"), server.again("bob", after=0)
    [push] = take(bob, 1)
    assert (push["file"], push["state"], push["port"], "url" in push) == (file, "waiting", 0, False)
    got = alice.expect("get_file", file=file)
    assert (got["port"], "url" in got, "upload_url" in got) == (0, False, False)
    assert offer(alice, "bob", cid="c")["result"] == "busy"
    daemon = attach(server, 8112)
    daemon.uploading(file, 30)
    assert state(bob) == {"file": file, "state": "uploading", "offset": 30, "length": 1000}
    assert bob.expect("get_file", file=file)["offset"] == 30
    [shown] = bob.expect("history", peer="alice")["messages"]
    assert daemon.ticket(shown["url"], base_of(server, 8112)) == Ticket(file, "down", 1000)
    again = offer(alice, "bob", cid="c")
    assert (again["file"], again["state"], again["port"]) == (file, "uploading", 8112)
