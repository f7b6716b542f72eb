"""How far apart a legacy connection gets its objects: it takes all that is there as one, and has slow windows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatd.commands.legacy import GAPS, PASSED_OVER, Pacer
from chatwire.codec import Object, decode
from tests.support.chatting import texts
from tests.support.combinations import ENGINES, PLAIN
from tests.support.legacy_peer import Legacy, indented
from tests.support.pacing import HandTurned
from tests.support.running import RunningServer
from tests.support.waiting import wait_until

Connect = Callable[..., Legacy]
BETWEEN, OPENING, BOX = GAPS.between, GAPS.opening, GAPS.box


def entered(server: RunningServer, connect: Connect, gaps: HandTurned, *, known: bool = False) -> Legacy:
    """A legacy session of Ann; the gap after its login is over."""
    name = "ann"
    if not known:
        server.connect().register(name, name)
    peer = connect()
    peer.say(cmd="login", user=name, password=name)
    assert peer.read_segment()["result"] == "success"
    gaps.pass_one()
    return peer


def test_the_gaps_are_those_that_its_windows_need() -> None:
    assert (BETWEEN, OPENING) == (0.150, 0.250)
    assert 2 <= BOX <= 9, "a port for a file is open for ten seconds"


@ENGINES
def test_one_object_is_written_at_a_time(server: RunningServer, connect: Connect, gaps: HandTurned) -> None:
    ann = connect()
    requests: list[Object] = [
        {"cmd": "register", "user": "ann", "password": "ann"},
        {"cmd": "login", "user": "ann", "password": "ann"},
        {"cmd": "create_group", "group": "g"},
        *({"cmd": "group_chat", "group": "g", "text": str(number)} for number in range(3)),
        {"cmd": "get_group_member", "group": "g"},
        {"cmd": "sync", "after": 0},
    ]
    ann.socket.sendall(b"".join(map(indented, requests)))
    got, seconds = [], []
    for _ in requests:
        got.append(ann.read_segment()["cmd"])  # fails when it is more than one object, or less
        gap = gaps.next()
        seconds.append(gap.seconds)
        gap.end()
    assert sorted(got) == sorted(f"{request['cmd']}_reply" for request in requests)
    assert seconds == [OPENING if cmd == "login_reply" else BETWEEN for cmd in got]


@PLAIN
def test_the_first_of_a_conversation_has_more_time(server: RunningServer, connect: Connect, gaps: HandTurned) -> None:
    ben, cem = server.group("g", "ben", "cem")
    ann = entered(server, connect, gaps)
    server.again("ann").expect("add_group", group="g")
    for speaker, text in ((ben, "b1"), (ben, "b2"), (cem, "c1"), (ben, "b3")):
        speaker.private_chat("ann", text)
    ben.group_chat("g", "g1")
    cem.group_chat("g", "g2")
    seen = []
    for _ in range(6):
        text = ann.read_segment()["text"]
        gap = gaps.next()
        seen.append((text, gap.seconds))
        gap.end()
    assert seen == [
        ("b1", OPENING), ("b2", BETWEEN), ("c1", OPENING), ("b3", BETWEEN), ("g1", OPENING), ("g2", BETWEEN),
    ]  # fmt: skip


@PLAIN
def test_missed_messages_are_written_one_at_a_time_too(
    server: RunningServer, connect: Connect, gaps: HandTurned
) -> None:
    modern = server.user("modern")
    server.connect().register("ann", "ann")
    for number in range(3):
        modern.private_chat("ann", str(number))
    ann = connect()
    ann.say(cmd="login", user="ann", password="ann")
    got = []
    for _ in range(4):
        got.append(ann.read_segment())
        gaps.pass_one()
    assert texts(got[1:]) == ["0", "1", "2"]


@PLAIN
def test_replies_do_not_wait_behind_messages(server: RunningServer, connect: Connect, gaps: HandTurned) -> None:
    modern = server.user("modern")
    ann = entered(server, connect, gaps)
    for number in range(3):
        modern.private_chat("ann", str(number))
    assert ann.read_segment()["text"] == "0"
    ann.say(cmd="ping")
    wait_until(lambda: pacer_of(server)._urgent, "the reply waits for the gap")
    gaps.pass_one()
    assert ann.read_segment()["cmd"] == "ping_reply"
    gaps.pass_one()
    assert ann.read_segment()["text"] == "1"


@PLAIN
@pytest.mark.parametrize("box", ["friend_login", "friend_offline", "add_friend_reply", "private_chat_reply"])
def test_behind_a_box_everything_waits_for_the_next_request(
    server: RunningServer, connect: Connect, gaps: HandTurned, box: str
) -> None:
    modern, friend = server.friends("modern", "friend")
    first = server.user("ann")
    first.expect("add", friend="friend")
    first.close()
    if box != "friend_offline":
        friend.close()
        wait_until(lambda: not server.server.services.online.find("friend"), "the friend has gone")
    ann = entered(server, connect, gaps, known=True)
    if box == "friend_login":
        server.again("friend")
    elif box == "friend_offline":
        friend.close()
    elif box == "add_friend_reply":
        modern.expect("add", friend="ann")
    else:
        ann.say(cmd="private_chat", user_from="ann", user_to="friend", text="x")
    assert ann.read_segment()["cmd"] == box
    modern.private_chat("ann", "held")
    held = gaps.next()
    assert held.seconds == BOX
    wait_until(lambda: pacer_of(server)._waiting, "the message is held")
    ann.say(cmd="private_chat", user_from="ann", user_to="modern", text="the box is closed")
    released = gaps.next()
    assert (held.over, released.seconds) == (True, OPENING)
    wait_until(lambda: pacer_of(server)._urgent, "the reply waits, too")
    released.end()
    assert ann.read_segment()["result"] == "success"
    gaps.pass_one()
    assert ann.read_segment()["text"] == "held"


@PLAIN
def test_a_box_that_nobody_closes_holds_up_for_its_time_only(
    server: RunningServer, connect: Connect, gaps: HandTurned
) -> None:
    modern = server.user("modern")
    ann = entered(server, connect, gaps)
    modern.expect("add", friend="ann")
    assert ann.read_segment()["cmd"] == "add_friend_reply"
    modern.private_chat("ann", "later")
    held = gaps.next()
    wait_until(lambda: pacer_of(server)._waiting, "the message is held")
    held.end()
    assert ann.read_segment()["text"] == "later"
    gaps.pass_one()
    wait_until(lambda: not pacer_of(server)._running, "nothing is left")
    ann.say(cmd="ping")
    assert ann.read_segment() == decode(PASSED_OVER), "it takes with it what may lie behind the box"
    gaps.pass_one()
    assert ann.read_segment()["cmd"] == "ping_reply"


def pacer_of(server: RunningServer) -> Pacer:
    """That of the only legacy connection."""
    [pacer] = [p._pacer for peers in server.server._peers.values() for p in list(peers.values()) if p._pacer]
    return pacer
