"""Catch-up: what was missed arrives after the login, once, in order, while others go on talking."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chatd import delivery
from chatd.commands.session_start import FEW
from chatd.registry.registry import OnlineRegistry
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.fields import MAX_MID
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, mids, send_at_once, take, texts
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

UNLIMITED = ("--limits", "off")  # the traffic is as much as the machine permits


def test_what_was_missed_follows_the_login_reply_in_the_order_of_mid(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    carol = server.user("carol")
    bob.logout()
    sent = [
        alice.private_chat("bob", "1"),
        carol.private_chat("bob", "2"),
        alice.group_chat("staff", "3"),
        carol.private_chat("bob", "4"),
        alice.group_chat("staff", "5", cid="c"),
    ]
    carol.private_chat("alice", "not for bob")
    back = server.again("bob")
    pushes = arrived(back)
    assert mids(pushes) == mids(sent)
    assert [push["ts"] for push in pushes] == [reply["ts"] for reply in sent]
    assert pushes[0] == {
        "cmd": "private_chat", "user_from": "alice", "user_to": "bob", "text": "1", "mid": sent[0]["mid"],
        "ts": sent[0]["ts"],
    }  # fmt: skip
    assert pushes[4] == {
        "cmd": "group_chat", "user": "alice", "group": "staff", "text": "5", "cid": "c", "mid": sent[4]["mid"],
        "ts": sent[4]["ts"],
    }  # fmt: skip


def test_a_client_says_where_to_begin(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    sent = [alice.private_chat("bob", str(number))["mid"] for number in range(5)]
    mine = bob.private_chat("alice", "mine")["mid"]
    assert mids(arrived(server.again("bob"))) == sent, "without an ack everything that others said"
    assert mids(arrived(server.again("bob", after=0))) == [*sent, mine]
    assert mids(arrived(server.again("bob", after=sent[2]))) == [*sent[3:], mine]
    assert mids(arrived(server.again("bob", after=-1))) == []
    assert mids(arrived(server.again("bob", after=mine))) == []
    bob.expect("ack", mid=sent[3])
    assert mids(arrived(server.again("bob"))) == sent[4:]
    assert mids(arrived(server.again("bob", after=0))) == [*sent, mine], "what the client says goes before the ack"


@pytest.mark.parametrize("after", [-1, MAX_MID])
def test_live_messages_come_however_strange_the_place_to_begin_is(server: RunningServer, after: int) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    alice.private_chat("bob", "missed")
    bob = server.again("bob", after=after)
    alice.private_chat("bob", "live")
    assert texts(arrived(bob)) == ["live"]


def test_hundreds_of_missed_messages_meet_live_ones_without_a_gap_or_a_repeat(make_server: ServerFactory) -> None:
    _meet_live_traffic(make_server(*UNLIMITED))


def test_the_same_with_little_room_for_output(make_server: ServerFactory) -> None:
    _meet_live_traffic(make_server("--output-soft", "4096", *UNLIMITED))


def test_the_same_when_more_arrives_than_may_be_held_back(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "HOLD_LIMIT", 500)
    _meet_live_traffic(make_server(*UNLIMITED))


def test_a_client_that_resumes_over_and_over_where_it_was_gets_everything_once(server: RunningServer) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    token, sent = bob.token, [0] * 240
    bob.close()

    def talk() -> None:
        for start in range(0, len(sent), 8):
            send_at_once(alice, *({"cmd": "group_chat", "group": "staff", "text": str(n)} for n in range(8)))
            sent[start : start + 8] = mids(reply for reply in take_replies(alice, 8))

    thread = threading.Thread(target=talk)
    thread.start()
    got: list[int] = []
    turn = 0
    while len(got) < len(sent):
        turn += 1
        client = server.connect()
        client.seen = got[-1] if got else 0
        client.resume("bob", token, after=client.seen)
        wanted = min(1 + turn * 7 % 20, len(sent) - len(got))
        got += mids(take(client, wanted))
        client.close()
    thread.join()
    assert got == sent


def test_no_connection_is_sent_a_message_twice_or_a_lower_mid_after_a_higher_one(server: RunningServer) -> None:
    """The client library would hide it, so this one is read byte by byte."""
    alice, bob = server.group("staff", "alice", "bob")
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set():
            send_at_once(alice, *({"cmd": "group_chat", "group": "staff", "text": "x"} for _ in range(4)))
            take_replies(alice, 4)

    thread = threading.Thread(target=talk)
    thread.start()
    seen: list[int] = []
    for _ in range(10):
        with RawPeer(server) as peer:
            newest = peer.ask("resume", user="bob", token=bob.token, after=max(seen, default=0))["mid"]
            seen = [peer.read()["mid"]]
            while seen[-1] < newest + 8:
                seen.append(peer.read()["mid"])
            assert seen == list(range(seen[0], seen[-1] + 1)), "alice alone is talking, so mids have no gaps"
    stop.set()
    thread.join()


def test_a_message_that_was_read_as_missed_is_not_pushed_again_when_its_delivery_comes_late(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = server.group("staff", "alice", "bob")
    bob.close()
    stored, free, fanout = threading.Event(), threading.Event(), OnlineRegistry.fanout

    def late_fanout(*args: object) -> object:
        stored.set()
        assert free.wait(DEADLINE)
        find: Callable[..., object] = fanout
        return find(*args)

    monkeypatch.setattr(OnlineRegistry, "fanout", late_fanout)
    alice.send("group_chat", group="staff", text="first")
    assert stored.wait(DEADLINE)
    with RawPeer(server) as peer:
        peer.say("resume", user="bob", token=bob.token)
        wait_until(lambda: server.server.services.online.find("bob") is not None, "bob is there for what comes live")
        free.set()
        assert peer.read()["result"] == "success"
        assert peer.read()["text"] == "first"
        take(alice, 1)
        alice.group_chat("staff", "second")
        assert peer.read()["text"] == "second"


def take_replies(client: Client, count: int) -> list[Object]:
    """The next replies, passing over news about others."""
    replies: list[Object] = []
    while len(replies) < count:
        replies += [obj for obj in take(client, 1) if obj["cmd"].endswith("_reply")]
    return replies


def _meet_live_traffic(server: RunningServer) -> None:
    """450 missed messages, while another user goes on until the one who catches up has seen live ones, too."""
    alice, bob = server.group("staff", "alice", "bob")
    bob.close()
    missed = 450
    send_at_once(alice, *({"cmd": "group_chat", "group": "staff", "text": "m" * 40} for _ in range(missed)))
    sent = mids(take_replies(alice, missed))
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set() and len(sent) < 3000:
            send_at_once(alice, *({"cmd": "group_chat", "group": "staff", "text": "l" * 40} for _ in range(5)))
            sent.extend(mids(take_replies(alice, 5)))

    thread = threading.Thread(target=talk)
    thread.start()
    with RawPeer(server) as peer:
        newest = peer.ask("resume", user="bob", token=bob.token)["mid"]
        got = [peer.read()["mid"] for _ in range(missed)]
        while got[-1] < newest + 50:
            got.append(peer.read()["mid"])
        stop.set()
        thread.join()
        while got[-1] < sent[-1]:
            got.append(peer.read()["mid"])
    assert got == sent


def _miss_pages(server: RunningServer) -> list[str]:
    """Bob misses so much that it is read page by page; returns the texts."""
    alice, bob = server.friends("alice", "bob")
    bob.logout()
    said = [str(number) for number in range(FEW + 1)]
    for text in said:
        alice.private_chat("bob", text)
    return said


@pytest.mark.parametrize("where", ["chatd.store.messages.sync", "chatd.commands.catch_up.CatchUp._send"])
def test_a_defect_in_the_catch_up_costs_that_connection_only(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug of the tests' own")

    said = _miss_pages(server)
    with monkeypatch.context() as patched, RawPeer(server) as peer:
        patched.setattr(where, broken)
        assert peer.ask("login", user="bob", password="bob")["result"] == "success"
        assert peer.rest() == [{"cmd": "goodbye", "result": "internal"}]
    assert 'KeyError: "a bug of the tests\' own"' in caplog.text
    assert "unexpected error in the catch-up: user='bob'" in caplog.text
    wait_until(lambda: server.server.services.online.find("bob") is None, "the session has ended")
    assert texts(arrived(server.again("bob"))) == said
