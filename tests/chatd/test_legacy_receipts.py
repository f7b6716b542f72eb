"""What counts as received by a legacy client: what a later request of it shows it has read. The rest comes again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chatd.commands import legacy, legacy_receipts
from chatd.commands.legacy import Pacer
from chatd.commands.legacy_receipts import Had, HadBefore, Receipts
from chatd.net.connection import ConnectionSettings
from chatwire.codec import Object
from tests.support.chatting import arrived, texts
from tests.support.combinations import ENGINES, PLAIN, TRANSPORTS
from tests.support.legacy_peer import Legacy, indented
from tests.support.loops import Pair, hand_turned
from tests.support.pacing import HandTurned
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

no_gaps = pytest.mark.usefixtures("no_gaps")
Connect = Callable[..., Legacy]
LONG = "x" * 16_000  # more than a receive window of 4096 bytes takes


@ENGINES
@no_gaps
def test_what_a_request_has_confirmed_is_not_sent_again(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    ann = connect().log_in("ann")
    sent = [modern.private_chat("ann", str(number))["mid"] for number in range(3)]
    assert texts(ann.read() for _ in range(3)) == ["0", "1", "2"]
    ann.quiet()
    modern.private_chat("ann", "unconfirmed")
    assert ann.read()["text"] == "unconfirmed"
    leave(server, ann)
    wait_until(lambda: acked(server) == sent[-1], "what was confirmed counts as received")
    again = connect().log_in("ann", known=True)
    assert again.read()["text"] == "unconfirmed"
    again.say(cmd="offline", user="ann")
    wait_until(lambda: acked(server) > sent[-1], "offline is a request, too")
    again.log_in("ann", known=True).quiet()


@PLAIN
@no_gaps
def test_a_client_that_only_reads_gets_everything_again(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    ann = connect().log_in("ann")
    modern.private_chat("ann", "once")
    assert ann.read()["text"] == "once"
    leave(server, ann)
    modern.expect("ack", mid=0)  # the journal has written what that session left behind
    assert acked(server) == 0
    assert texts(arrived(server.again("ann"))) == ["once"]


@PLAIN
def test_a_request_that_came_before_the_message_confirms_nothing(
    server: RunningServer, connect: Connect, gaps: HandTurned
) -> None:
    modern = server.user("modern")
    ann = connect()
    ann.say(cmd="register", user="ann", password="ann")
    ann.read_segment()
    gaps.pass_one()
    ann.say(cmd="login", user="ann", password="ann")
    ann.read_segment()
    between = gaps.next()
    modern.private_chat("ann", "in between")
    pacer = pacer_of(server)
    wait_until(lambda: pacer._waiting, "the message waits for the gap")
    with held(server, then=between.end_here):
        ann.say(cmd="ping")
        wait_until(lambda: unread(server) > 0, "the request is in the kernel")
    wait_until(lambda: pacer._urgent, "the request has been read")
    assert (pacer.receipts.written > 0, pacer.receipts._had) == (True, 0)
    ann.read_segment()
    ann.say(cmd="ping")
    wait_until(lambda: pacer.receipts._had > 0, "a later one does")


@TRANSPORTS
@no_gaps
def test_what_is_still_on_its_way_is_not_confirmed(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = tiny_window(server)
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(6)]
    wait_until(lambda: pacer.receipts.written == sent[-1], "the kernel holds all of them")
    peer.send(indented({"cmd": "offline"}))
    gone(server, "ann")
    modern.expect("ack", mid=0)  # the journal has written what that session left behind
    assert acked(server) < sent[-1]
    assert numbers(peer.read() for _ in range(6)) == list(range(6))
    peer.close()
    again = numbers(arrived(server.again("ann")))
    assert again == list(range(again[0], 6)), "the rest comes again"


@TRANSPORTS
@no_gaps
def test_what_a_client_did_not_read_before_its_connection_broke_is_sent_again(server: RunningServer) -> None:
    modern = server.user("modern")
    peer, pacer = tiny_window(server)
    sent = [modern.private_chat("ann", f"{number} {LONG}")["mid"] for number in range(6)]
    wait_until(lambda: pacer.receipts.written == sent[-1], "the kernel holds all of them")
    peer.reset()
    gone(server, "ann")
    modern.expect("ack", mid=0)
    assert acked(server) == 0
    assert numbers(arrived(server.again("ann"))) == list(range(6))


@PLAIN
def test_what_waits_when_the_user_leaves_is_not_shown_to_the_next_one(
    server: RunningServer, connect: Connect, gaps: HandTurned
) -> None:
    modern = server.user("modern")
    for name in ("ann", "ben"):
        server.connect().register(name, name)
    for name in ("ann", "ben"):
        for number in range(2):
            modern.private_chat(name, f"for {name} {number}")
    peer = connect()
    for name in ("ann", "ben"):
        peer.say(cmd="login", user=name, password=name)
        assert peer.read_segment()["cmd"] == "login_reply"
        gaps.pass_one()
        assert peer.read_segment()["text"] == f"for {name} 0"
        peer.say(cmd="offline")
        gone(server, name)
        gaps.pass_one()
    for name in ("ann", "ben"):
        assert texts(arrived(server.again(name))) == [f"for {name} 1"]


@PLAIN
@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_box_may_have_hidden_comes_again_and_nothing_else(
    server: RunningServer, connect: Connect, gaps: HandTurned, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    monkeypatch.setattr(legacy, "GAPS", replace(legacy.GAPS, away=0.0))
    modern = server.user("modern")
    server.connect().register("ann", "ann")
    ann = connect()
    ann.say(cmd="login", user="ann", password="ann")

    def step() -> Object:
        obj = ann.read_segment()
        gaps.pass_one()
        return obj

    def say(text: str) -> None:
        modern.private_chat("ann", text)
        assert step()["text"] == text

    def confirm() -> Object:
        wait_until(lambda: not pacer_of(server)._running, "nothing is left")
        ann.say(cmd="ping")
        return step()

    step()
    say("before")
    confirm()
    modern.expect("add", friend="ann")
    assert step()["cmd"] == "add_friend_reply"  # its time is over, and nobody has closed it
    say("behind 1")
    say("behind 2")
    assert confirm()["cmd"] == "group_chat_reply"
    assert step()["cmd"] == "ping_reply"
    say("after")
    confirm()
    leave(server, ann)
    modern.expect("ack", mid=0)
    if restarted:
        server.server.services.had_before._users.clear()
    ann = connect()
    ann.say(cmd="login", user="ann", password="ann")
    step()
    again = ["behind 1", "behind 2", *(["after"] if restarted else [])]
    assert texts(step() for _ in again) == again
    confirm()
    leave(server, ann)
    modern.expect("ack", mid=0)
    assert arrived(server.again("ann")) == []


def test_a_line_that_the_kernel_refuses_counts_as_not_had() -> None:
    with hand_turned() as loop:
        pair = Pair(loop, ConnectionSettings(20_000, 100_000, None, 10.0, lambda peer: True))
        receipts = Receipts(pair.connection)
        pair.peer.close()
        receipts.wrote(7, receipts.mark(), doubtful=False)
        pair.connection.write(b"line\n")
        pair.connection.flush()  # before the loop has seen the end
        receipts.came()
        receipts.request()
        assert (pair.connection.closed, receipts.written, receipts.forget().mid) == (True, 7, 0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_receipts, "REMEMBERED", 3)
    with hand_turned() as loop:
        pair = Pair(loop, ConnectionSettings(20_000, 100_000, None, 10.0, lambda peer: True))
        receipts = Receipts(pair.connection)
        for mid in range(1, 2001):
            receipts.came()  # bytes that make no request
            receipts.wrote(mid, receipts.mark(), doubtful=mid > 1000)
        assert len(receipts._waiting) <= legacy_receipts.MOST_WAITING
        receipts.came()
        receipts.request()
        had = receipts.forget()
        assert had.mid == 1001 + legacy_receipts.MOST_DOUBTFUL, "what was not noted as doubtful does not count as had"
        assert (had.acknowledged, had.contains(1000), had.contains(1001)) == (1000, True, False)
        pair.close()
    before = HadBefore()
    for user in range(10):
        before.add(user, Had(9, frozenset((5,))))
    assert len(before._users) == 3


def test_sessions_that_follow_each_other_add_up() -> None:
    before = HadBefore()
    assert before.add(1, Had(100, frozenset((90, 95)))).acknowledged == 89
    assert [before.of(1).contains(mid) for mid in (89, 90, 91, 95, 100, 101)] == [True, False, True, False, True, False]
    assert before.add(1, Had(90, frozenset())).acknowledged == 94
    assert before.add(1, Had(110, frozenset((105,)))).acknowledged == 104
    assert before.add(1, Had(110, frozenset())).acknowledged == 110
    assert not before._users


def leave(server: RunningServer, peer: Legacy) -> None:
    """End the connection, and return when the session is over."""
    peer.socket.close()
    gone(server, "ann")


def gone(server: RunningServer, name: str) -> None:
    """Return when a user has no session."""
    wait_until(lambda: server.server.services.online.find(name) is None, "the session is over")


def acked(server: RunningServer) -> int:
    """What is stored of Ann."""
    with server.server.services.database.transaction() as tx:
        return int(tx.rows("SELECT acked FROM users WHERE name = 'ann'")[0][0])


def pacer_of(server: RunningServer) -> Pacer:
    """That of the only legacy connection."""
    [pacer] = [p._pacer for peers in server.server._peers.values() for p in list(peers.values()) if p._pacer]
    return pacer


def unread(server: RunningServer) -> int:
    """Bytes that wait in the kernel for the loop that is held: it does not mind who asks."""
    connection = pacer_of(server)._connection
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.loop, "assert_in_loop", lambda: None)
        return connection.unread_input()


@contextmanager
def held(server: RunningServer, then: Callable[[], None]) -> Iterator[None]:
    """The loop of Ann's session stands still within the block, and does something before it looks at its sockets."""
    node = server.server.services.online.find("ann")
    assert node is not None
    stopped, free = threading.Event(), threading.Event()

    def stand_still() -> None:
        stopped.set()
        free.wait(DEADLINE)
        then()

    node.present[0].loop.post(stand_still)
    assert stopped.wait(DEADLINE)
    try:
        yield
    finally:
        free.set()


def tiny_window(server: RunningServer) -> tuple[RawPeer, Pacer]:
    """A legacy session of Ann whose kernel takes next to nothing that is not read, and the server's side of it."""
    peer = RawPeer(server, receive_buffer=4096)
    for cmd in ("register", "login"):
        peer.send(indented({"cmd": cmd, "user": "ann", "password": "ann"}))
        assert peer.read()["result"] == "success"
    return peer, pacer_of(server)


def numbers(messages: Iterable[Object]) -> list[int]:
    return [int(text.split()[0]) for text in texts(messages)]
