"""send_file: who gets an offer, in which form, when it comes again, and when it is refused."""

from __future__ import annotations

import re
import time

import pytest

from chatbase import files
from chatwire.codec import Object
from chatwire.tickets import Ticket
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, journal_held, mids, result, send_at_once, take, texts
from tests.support.file_daemon import HASH, PORT, attach, base_of, offer, queued, row
from tests.support.running import RunningServer

ID = re.compile(r"[A-Za-z0-9_-]{22}")


def test_an_offer_goes_to_all_sessions_of_both_but_the_sending_one(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.friends("alice", "bob")
    elsewhere, bob_too = server.again("alice"), server.again("bob")
    reply = offer(alice, "bob", from_user="alice", filename="C:\\Docs\\世界 1.txt", length=1000, sha256=HASH, cid="c")
    file = reply["file"]
    assert ID.fullmatch(file)
    url, mid, ts = reply.pop("url"), reply["mid"], reply["ts"]
    assert reply == {
        "cmd": "send_file_port_reply", "id": alice._last_id, "result": "success", "port": PORT, "state": "waiting",
        "filename": "世界 1.txt", "length": 1000, "file": file, "delivered": True, "mid": mid, "ts": ts,
    }  # fmt: skip
    assert daemon.ticket(url, base_of(server)) == Ticket(file, "up", 1000)
    for client in (bob, bob_too, elsewhere):
        [push] = arrived(client)
        assert daemon.ticket(push.pop("url"), base_of(server)) == Ticket(file, "down", 1000)
        assert push == {
            "cmd": "recv_file_port_reply", "port": PORT, "filename": "世界 1.txt", "length": 1000, "file": file,
            "from_user": "alice", "to_user": "bob", "cid": "c", "mid": mid, "ts": ts, "state": "waiting",
            "sha256": HASH,
        }  # fmt: skip
    assert arrived(alice) == []
    stored = row(server, file)
    assert (stored.mid, stored.state, stored.size, stored.name, stored.announced) == (mid, "waiting", 1000,
        "世界 1.txt", HASH)  # fmt: skip
    assert stored.created == ts <= time.time() * 1000
    assert stored.expires == ts + files.PARTIAL_LIFE * 1000


def test_an_offer_to_a_group_goes_to_every_member(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    stranger, elsewhere = server.user("dave"), server.again("alice")
    reply = offer(alice, group="staff", length=0)
    assert "delivered" not in reply, "that would be a question of who"
    for client in (bob, carol, elsewhere):
        [push] = arrived(client)
        assert daemon.ticket(push.pop("url"), base_of(server)) == Ticket(reply["file"], "down", 0)
        assert (push["group"], push["from_user"], push["mid"]) == ("staff", "alice", reply["mid"])
        assert not push.keys() & {"to_user", "sha256", "cid"}
    assert arrived(alice) == arrived(stranger) == []
    stored = row(server, reply["file"])
    assert (stored.recipient, stored.announced) == (None, None)


def test_an_offer_to_somebody_who_is_offline_is_a_success_and_comes_later(server: RunningServer) -> None:
    daemon = attach(server)
    alice = server.user("alice")
    server.user("bob").logout()
    alice.private_chat("bob", "before")
    reply = offer(alice, "bob")
    assert reply["result"] == "success"
    assert "delivered" not in reply
    alice.private_chat("bob", "after")
    before, push, after = arrived(server.again("bob"))
    assert (before["text"], after["text"]) == ("before", "after")
    assert before["mid"] < push["mid"] == reply["mid"] < after["mid"]
    assert daemon.ticket(push.pop("url"), base_of(server)).file == reply["file"]
    assert push["cmd"] == "recv_file_port_reply"


def test_offers_and_texts_said_in_one_breath_keep_their_order(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.group("staff", "alice", "bob")
    text: Object = {"cmd": "group_chat", "group": "staff"}
    file: Object = {"cmd": "send_file", "group": "staff", "filename": "a", "length": 1}
    send_at_once(alice, {**text, "text": "1"}, {**text, "text": "2"}, file, {**text, "text": "3"}, file)
    replies = take(alice, 5)
    cmds = ["group_chat_reply", "group_chat_reply", "send_file_port_reply", "group_chat_reply", "send_file_port_reply"]
    assert [reply["cmd"] for reply in replies] == cmds
    pushes = arrived(bob)
    assert mids(pushes) == mids(replies) == sorted(mids(replies))
    assert [push["cmd"].startswith("recv") for push in pushes] == [False, False, True, False, True]


def test_offers_of_many_in_one_batch_reach_everybody_once(server: RunningServer) -> None:
    daemon = attach(server)
    clients = server.group("staff", "alice", "bob", "carol")
    others = [server.again(client.user) for client in clients]
    with journal_held(server):
        for client, other in zip(clients, others, strict=True):
            client.send("send_file", group="staff", filename=client.user, length=5)
            for _ in range(2):
                other.send("group_chat", group="staff", text="text of " + client.user)
        queued(server, 9)
    for client in clients:
        got = take(client, 9)
        assert mids(got) == sorted(mids(got))
        pushes = [obj for obj in got if "from_user" in obj]
        assert {push["filename"] for push in pushes} == {"alice", "bob", "carol"} - {client.user}
        assert {daemon.ticket(push["url"], base_of(server)).direction for push in pushes} == {"down"}
        [reply] = [obj for obj in got if obj["cmd"] == "send_file_port_reply"]
        assert daemon.ticket(reply["url"], base_of(server)) == Ticket(reply["file"], "up", 5)


def test_a_text_cannot_put_anything_into_a_url(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.group("staff", "alice", "bob")
    with journal_held(server):
        alice.send("group_chat", group="staff", text="a\0b", cid="\0/files")
        bob.send("send_file", group="staff", filename="f", length=1)
        queued(server, 2)
    push, reply = sorted(take(bob, 2), key=lambda obj: "text" not in obj)
    assert (push["text"], push["cid"], reply["result"]) == ("a\0b", "\0/files", "success")


# -- retries -------------------------------------------------------------------


def test_a_retry_with_its_cid_is_the_same_offer(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    first = offer(alice, "bob", cid="c")
    alice.logout()
    back = server.again("alice", after=-1)
    again, other = offer(back, "bob", cid="c"), offer(back, "bob", cid="d")
    for name in ("file", "mid", "ts", "filename", "length", "state", "cmd", "port"):
        assert again[name] == first[name], name
    assert daemon.ticket(again["url"], base_of(server)) == Ticket(first["file"], "up", 1000)
    assert other["file"] != first["file"]
    assert mids(arrived(bob)) == [first["mid"], other["mid"]]


def test_a_retry_tells_the_state_of_now(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.friends("alice", "bob")
    file = offer(alice, "bob", cid="c")["file"]
    daemon.uploading(file, 7)
    assert offer(alice, "bob", cid="c")["state"] == "uploading"
    bob.expect("decline_file", file=file)
    again = offer(alice, "bob", cid="c")
    assert (again["result"], again["file"], again["state"]) == ("success", file, "declined")
    assert "url" not in again


def test_two_of_one_cid_in_one_batch_are_one_offer(server: RunningServer) -> None:
    daemon = attach(server)
    alice, bob = server.friends("alice", "bob")
    elsewhere = server.again("alice")
    with journal_held(server):
        for client in (alice, elsewhere):
            client.send("send_file", to_user="bob", filename="a", length=3, cid="c")
        queued(server, 2)
    objects = [take(client, 1)[0] for client in (alice, elsewhere)]
    [push] = arrived(bob)
    assert {obj["file"] for obj in objects} == {push["file"]}
    for obj in arrived(alice) + arrived(elsewhere) + objects:
        assert obj["mid"] == push["mid"]
        if obj["cmd"] == "send_file_port_reply":
            assert daemon.ticket(obj["url"], base_of(server)) == Ticket(push["file"], "up", 3)
    assert len(bob.expect("history", peer="alice")["messages"]) == 1


def test_the_cid_of_a_text_is_not_one_for_a_file(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.friends("alice", "bob")
    alice.private_chat("bob", "text", cid="c")
    assert offer(alice, "bob", cid="c")["result"] == "bad_request"
    assert texts(arrived(bob)) == ["text"]


def test_the_same_cid_of_two_users_names_two_files(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.friends("alice", "bob")
    assert offer(alice, "bob", cid="c")["file"] != offer(bob, "alice", cid="c")["file"]


# -- refusals ------------------------------------------------------------------


def test_what_is_too_large_is_refused_with_the_limit(make_server: ServerFactory) -> None:
    server = make_server("--max-file", "5000", "--quota", "8000")
    daemon = attach(server)
    alice, bob = server.friends("alice", "bob")
    assert server.again("bob").expect("ping")["result"] == "success"
    too_large = offer(alice, "bob", length=5001)
    assert (too_large["cmd"], too_large["result"]) == ("send_file_reply", "too_large")
    assert (too_large["limit"], too_large["detail"]) == (5000, "file")
    first = offer(alice, "bob", length=5000, cid="c")["file"]
    quota = offer(alice, "bob", length=3001)
    assert (quota["result"], quota["limit"], quota["used"], quota["detail"]) == ("too_large", 8000, 5000, "quota")
    assert offer(alice, "bob", length=5000, cid="c")["file"] == first, "a retry takes no more room"
    daemon.complete(first)
    assert offer(alice, "bob", length=3001)["result"] == "too_large"
    alice.expect("cancel_file", file=first)
    assert offer(alice, "bob", length=3001)["result"] == "success"
    assert offer(bob, "alice", length=5000)["result"] == "success", "everybody has their own"


def test_the_limit_is_told_at_login(make_server: ServerFactory) -> None:
    server = make_server("--max-file", "5000")
    client = server.connect()
    client.register("alice", "alice")
    assert client.login("alice", "alice")["limits"]["max_file"] == 5000


def test_wrong_targets(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.user("alice"), server.user("bob")
    bob.expect("create_group", group="bob's")
    for words, fields in (
        ("user_not_exist", {"to_user": "nobody"}),
        ("group_not_exist", {"group": "nothing"}),
        ("not_in_group", {"group": "bob's"}),
        ("bad_request", {}),
        ("bad_request", {"to_user": "bob", "group": "bob's"}),
        ("forbidden", {"to_user": "bob", "from_user": "bob"}),
    ):
        assert result(alice, "send_file", filename="a", length=1, **fields) == words, fields
    assert result(server.connect(), "send_file", filename="a", length=1, to_user="bob") == "not_logged_in"
    assert offer(alice, "bob")["result"] == "success", "a stranger may be sent a file"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("a\\..\\b", "b"), ("x" * 255, "x" * 255), ("\n/b", "b"), ("..a", "..a")],
)
def test_of_a_path_only_the_last_part_is_kept(server: RunningServer, name: str, kept: str) -> None:
    attach(server)
    alice, bob = server.friends("alice", "bob")
    assert offer(alice, "bob", filename=name)["filename"] == kept
    [push] = arrived(bob)
    assert push["filename"] == kept


def test_names_and_numbers_that_are_none(server: RunningServer) -> None:
    attach(server)
    alice, bob = server.friends("alice", "bob")
    for name in ("..", "../", "", "a\0b", "a\nb", "x" * 300, "a\u202eb", 5, ["a"], None):
        assert offer(alice, "bob", filename=name)["result"] == "bad_request", name
    for length in (-1, "-1", "", 1.5, 2**53, "x", True, [1], None):
        assert offer(alice, "bob", length=length)["result"] == "bad_request", length
    for digest in ("ab", "g" * 64, 5, ["ab"]):
        assert offer(alice, "bob", sha256=digest)["result"] == "bad_request", digest
    assert arrived(bob) == []
    assert offer(alice, "bob", length="77")["length"] == 77


def test_the_database_away_is_busy_by_the_usual_name(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    attach(server)
    alice, bob = server.friends("alice", "bob")
    journal = server.server.services.journal
    monkeypatch.setattr(journal, "_store", lambda chats, marks: False)
    refused = offer(alice, "bob")
    assert (refused["cmd"], refused["result"]) == ("send_file_reply", "busy")
    monkeypatch.undo()
    assert offer(alice, "bob")["result"] == "success"
    assert len(arrived(bob)) == 1


def test_the_url_is_what_the_server_is_told(make_server: ServerFactory) -> None:
    server = make_server("--files-url", "https://files.example/some/path/")
    attach(server)
    alice, bob = server.friends("alice", "bob")
    reply = offer(alice, "bob")
    [push] = arrived(bob)
    [shown] = bob.expect("history", peer="alice")["messages"]
    for url in (reply["url"], push["url"], shown["url"], bob.expect("get_file", file=reply["file"])["url"]):
        assert url.startswith(f"https://files.example/some/path/files/{reply['file']}?ticket=")


@pytest.mark.parametrize(
    ("listen", "host", "shown"), [("[::]:0", "127.0.0.1", "127.0.0.1"), ("[::1]:0", "::1", "[::1]")]
)
def test_the_url_names_the_address_at_which_the_client_has_come(
    make_server: ServerFactory, listen: str, host: str, shown: str
) -> None:
    server = make_server("--listen", listen)
    server.host = host
    attach(server)
    alice = server.user("alice")
    assert offer(alice, "alice")["url"].startswith(f"{'https' if server.tls else 'http'}://{shown}:{PORT}/files/")
