"""The original client: indented objects in, the original commands and words out; whatever it asks, it can show.

It is spoken to through bare sockets, always in plain text. Gaps are next to nothing here (see test_legacy_gaps).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chatd.commands.dispatch import REGISTER
from chatd.security import turns
from chatd.security.passwords import Passwords
from chatwire.codec import Object
from tests.support.chatting import arrived, texts
from tests.support.combinations import ENGINES, PLAIN
from tests.support.legacy_peer import Legacy, indented
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

pytestmark = pytest.mark.usefixtures("no_gaps")
Connect = Callable[..., Legacy]

NO_FILE = {"cmd": "send_file_reply", "result": "timeout"}
AWAY = {"cmd": "private_chat_reply", "result": "offline"}


@ENGINES
def test_the_original_commands_are_answered_in_the_original_words(server: RunningServer, connect: Connect) -> None:
    ann, ben = connect(), connect()
    assert ann.ask(cmd="register", user="ann", password="1") == {"cmd": "register_reply", "result": "success"}
    assert ann.ask(cmd="register", user="ann", password="2")["result"] == "failure"
    ben.ask(cmd="register", user="ben", password="1")
    assert ann.ask(cmd="login", user="who", password="1") == {"cmd": "login_reply", "result": "user_not_exist"}
    assert ann.ask(cmd="login", user="ann", password="2") == {"cmd": "login_reply", "result": "password_error"}
    nobody = {"cmd": "login_reply", "result": "success", "friend": "", "group": ""}
    assert ann.ask(cmd="login", user="ann", password="1") == nobody
    assert ben.ask(cmd="login", user="ben", password="1") == nobody
    assert ann.ask(cmd="add", user="ann", friend="who") == {"cmd": "add_reply", "result": "user_not_exist"}
    reply = ann.ask(cmd="add", user="ann", friend="ben")
    assert (reply["cmd"], reply["result"], reply["friend"]) == ("add_reply", "success", "ben")
    assert ben.read() == {"cmd": "add_friend_reply", "result": "ann"}
    assert ben.ask(cmd="add", user="ben", friend="ann") == {"cmd": "add_reply", "result": "already_friend"}
    reply = ann.ask(cmd="create_group", user="ann", group="g")
    assert (reply["cmd"], reply["result"], reply["group"]) == ("create_group_reply", "success", "g")
    reply = ann.ask(cmd="create_group", user="ann", group="g")
    assert reply == {"cmd": "create_group_reply", "result": "group_exist"}
    assert ben.ask(cmd="add_group", user="ben", group="x") == {"cmd": "add_group_reply", "result": "group_not_exist"}
    assert ben.ask(cmd="get_group_member", group="g")["result"] == "group_not_exist"
    reply = ben.ask(cmd="add_group", user="ben", group="g")
    assert (reply["cmd"], reply["result"], reply["group"]) == ("add_group_reply", "success", "g")
    assert ben.ask(cmd="add_group", user="ben", group="g") == {"cmd": "add_group_reply", "result": "user_in_group"}
    reply = ben.ask(cmd="get_group_member", group="g")
    assert reply == {"cmd": "get_group_member_reply", "result": "success", "group": "g", "member": "ann|ben|"}


@PLAIN
def test_lists_end_as_those_of_the_original_server(server: RunningServer, connect: Connect) -> None:
    ann, _ = server.friends("ann", "ben")
    for group in ("g", "h"):
        ann.expect("create_group", group=group)
    reply = connect().ask(cmd="login", user="ann", password="ann")
    assert reply == {"cmd": "login_reply", "result": "success", "friend": "ben|", "group": "g|h|"}


@ENGINES
def test_chat_is_delivered_as_the_object_that_was_sent(server: RunningServer, connect: Connect) -> None:
    ann, ben = connect().log_in("ann"), connect().log_in("ben")
    said: Object = {"cmd": "private_chat", "user_from": "ann", "user_to": "ben", "text": "zwei\nZeilen 世界"}
    reply = ann.ask(**said)
    assert (reply["cmd"], reply["result"]) == ("private_chat_reply", "success")
    push = ben.read()
    assert {name: push[name] for name in said} == said
    ben.say(cmd="offline", user="ben")
    ben.quiet()
    reply = ann.ask(cmd="private_chat", user_from="ann", user_to="ben", text="later")
    assert reply["result"] == "offline"
    again = connect()
    again.ask(cmd="login", user="ben", password="ben")
    assert again.read()["text"] == "later"


@PLAIN
def test_a_group_message_does_not_come_back_to_the_session_that_sent_it(
    server: RunningServer, connect: Connect
) -> None:
    modern = server.user("modern")
    modern.expect("create_group", group="g")
    ann, elsewhere = connect().log_in("ann"), connect()
    ann.ask(cmd="add_group", user="ann", group="g")
    elsewhere.log_in("ann", known=True)
    said: Object = {"cmd": "group_chat", "user": "ann", "group": "g", "text": "hi"}
    reply = ann.ask(**said)
    assert (reply["cmd"], reply["result"]) == ("group_chat_reply", "success")
    push = elsewhere.read()
    assert push == {**said, "mid": reply["mid"], "ts": reply["ts"]}
    assert texts(obj for obj in arrived(modern) if "text" in obj) == ["hi"]
    modern.group_chat("g", "and back")
    assert ann.read()["text"] == "and back"
    ann.quiet()


@PLAIN
def test_what_the_user_said_elsewhere_opens_no_window_of_a_talk_with_oneself(
    server: RunningServer, connect: Connect
) -> None:
    server.user("ben")
    ann = connect().log_in("ann")
    modern = server.again("ann")
    modern.private_chat("ben", "from elsewhere")
    modern.private_chat("ann", "a note")
    assert ann.read()["text"] == "a note"
    ann.quiet()


@PLAIN
def test_friends_hear_of_a_legacy_user_who_comes_and_goes(server: RunningServer, connect: Connect) -> None:
    modern = server.user("modern")
    ann = connect().log_in("ann")
    ann.ask(cmd="add", user="ann", friend="modern")
    ann.say(cmd="offline", user="ann")
    ann.log_in("ann", known=True)
    ann.socket.close()
    pushes = [modern.next_push(DEADLINE) for _ in range(4)]
    assert [push and push["cmd"] for push in pushes] == [
        "add_friend_reply", "friend_offline", "friend_login", "friend_offline",
    ]  # fmt: skip


@PLAIN
def test_nothing_comes_that_the_original_server_did_not_send(server: RunningServer, connect: Connect) -> None:
    modern, too = server.group("g", "modern", "too")
    ann = connect().log_in("ann")
    ann.ask(cmd="add_group", user="ann", group="g")
    modern.expect("add", friend="ann")
    assert ann.read() == {"cmd": "add_friend_reply", "result": "modern"}
    ann.ask(cmd="private_chat", user_from="ann", user_to="modern", text="hello")
    modern.send("typing", peer="ann")
    modern.send("typing", group="g")
    modern.expect("read", peer="ann", mid=2**50)
    server.user("third").expect("add_group", group="g")
    too.expect("leave_group", group="g")
    modern.expect("remove_friend", friend="ann")
    for odd in (b"[1]\n", indented({"cmd": "nonsense"})):
        ann.socket.sendall(odd)
    ann.say(cmd="offline", user="ann")
    ann.quiet()


@PLAIN
@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\n\n  \n"])
def test_objects_are_found_however_they_end_and_are_cut(server: RunningServer, connect: Connect, end: str) -> None:
    peer = connect()
    peer.say(end, cmd="register", user="ann", password='}\n{"')
    assert peer.read() == {"cmd": "register_reply", "result": "success"}
    login = indented({"cmd": "login", "user": "ann", "password": '}\n{"'}, end)
    ping = indented({"cmd": "ping"}, end)
    peer.socket.sendall(login + ping + ping[:9])
    assert [peer.read()["cmd"] for _ in range(2)] == ["login_reply", "ping_reply"]
    for index in range(9, len(ping)):
        peer.socket.sendall(ping[index : index + 1])
    assert peer.read()["cmd"] == "ping_reply"


@PLAIN
@pytest.mark.parametrize("legacy", [True, False])
def test_the_first_object_decides_what_a_connection_is(server: RunningServer, connect: Connect, legacy: bool) -> None:
    peer = connect()
    first: Object = {"cmd": "register", "user": "ann", "password": "ann"}
    rest: list[Object] = [{"cmd": "login", "user": "ann", "password": "ann"}, {"cmd": "offline"}, {"cmd": "ping"}]
    lines = b"".join(json.dumps(obj).encode() + b"\n" for obj in (rest if legacy else [first]))
    spread = b"".join(indented(obj) for obj in ([first] if legacy else rest))
    peer.socket.sendall(spread + lines if legacy else lines + spread)
    replies = [peer.read()["cmd"] for _ in range(4 - legacy)]
    assert ("offline_reply" not in replies) == legacy


# -- refusals ------------------------------------------------------------------


NAME = "x" * 33
LONG = "x" * 20_000
REFUSED: list[tuple[Object, Object]] = [
    ({"cmd": "register", "user": NAME, "password": "x"}, {"cmd": "register_reply", "result": "failure"}),
    ({"cmd": "register", "user": 5}, {"cmd": "register_reply", "result": "failure"}),
    ({"cmd": "login", "user": NAME, "password": "x"}, {"cmd": "login_reply", "result": "user_not_exist"}),
    ({"cmd": "login", "user": "a|b", "password": "x"}, {"cmd": "login_reply", "result": "user_not_exist"}),
    ({"cmd": "add", "user": "ann", "friend": NAME}, {"cmd": "add_reply", "result": "user_not_exist"}),
    ({"cmd": "add", "user": "ann", "friend": "ann"}, {"cmd": "add_reply", "result": "user_not_exist"}),
    ({"cmd": "add", "user": "ben", "friend": "ben"}, {"cmd": "add_reply", "result": "user_not_exist"}),
    ({"cmd": "create_group", "group": NAME}, {"cmd": "create_group_reply", "result": "group_exist"}),
    ({"cmd": "add_group", "group": " g"}, {"cmd": "add_group_reply", "result": "group_not_exist"}),
    ({"cmd": "private_chat", "user_to": "nobody", "text": "x"}, AWAY),
    ({"cmd": "private_chat", "user_to": NAME, "text": "x"}, AWAY),
    ({"cmd": "private_chat", "user_to": "ann", "text": LONG}, AWAY),
    ({"cmd": "group_chat", "group": "g", "text": "x"}, AWAY),
    ({"cmd": "group_chat", "group": NAME, "text": LONG}, AWAY),
    ({"cmd": "send_file", "to_user": "ann", "filename": "f", "length": 2**50}, NO_FILE),
    ({"cmd": "send_file", "to_user": "ann", "filename": "f", "length": -1}, NO_FILE),
    ({"cmd": "send_file", "to_user": "ann", "filename": "f", "length": 1}, NO_FILE),
]  # fmt: skip


@PLAIN
def test_a_refusal_is_a_word_that_its_window_shows(server: RunningServer, connect: Connect) -> None:
    before = connect()
    ann = connect().log_in("ann")
    for request, reply in REFUSED:
        peer = before if request["cmd"] in ("register", "login") else ann
        assert peer.ask(**request) == reply, request


@PLAIN
@pytest.mark.parametrize("cmd", ["add", "create_group", "add_group", "private_chat", "group_chat", "send_file"])
def test_after_offline_a_request_is_refused_in_a_way_that_is_seen(
    server: RunningServer, connect: Connect, cmd: str
) -> None:
    server.user("ben")
    ann = connect().log_in("ann")
    ann.say(cmd="offline", user="ann")
    fields = {"user_from": "ann", "user_to": "ben", "text": "x", "group": "g", "friend": "ben"}
    reply = ann.ask(cmd=cmd, **fields)
    expected: dict[str, Any] = {
        "add": {"cmd": "add_reply", "result": "user_not_exist"},
        "create_group": {"cmd": "create_group_reply", "result": "group_exist"},
        "add_group": {"cmd": "add_group_reply", "result": "group_not_exist"},
        "send_file": {"cmd": "send_file_reply", "result": "timeout"},
    }
    assert reply == expected.get(cmd, AWAY)
    ann.log_in("ann", known=True)
    assert ann.ask(cmd="private_chat", user_from="ann", user_to="ben", text="x")["result"] == "success"


@PLAIN
@pytest.mark.parametrize("pieces", [1, 1000])
def test_what_is_too_long_is_passed_over_and_answered(server: RunningServer, connect: Connect, pieces: int) -> None:
    ann = connect().log_in("ann")
    for cmd, more in (("private_chat", {"user_to": "ann"}), ("group_chat", {"group": "g"})):
        huge = indented({"cmd": cmd, "text": "}x" * 300_000, **more})
        for start in range(0, len(huge), len(huge) // pieces + 1):
            ann.socket.sendall(huge[start : start + len(huge) // pieces + 1])
        assert ann.read() == AWAY
        ann.quiet()


@PLAIN
def test_what_is_too_long_and_nothing_at_all_has_no_answer(server: RunningServer, connect: Connect) -> None:
    ann = connect().log_in("ann")
    ann.say(text="x" * 100_000, cmd="private_chat")
    ann.quiet()


@PLAIN
def test_a_guesser_is_told_that_the_password_is_wrong(server: RunningServer, connect: Connect) -> None:
    peer = connect().log_in("ann")
    peer.say(cmd="offline", user="ann")
    for _ in range(7):
        assert peer.ask(cmd="login", user="ann", password="x") == {"cmd": "login_reply", "result": "password_error"}
    assert peer.ask(cmd="login", user="ann", password="ann")["result"] == "password_error", "it has to wait"


@PLAIN
def test_many_who_log_in_at_once_from_one_address_wait_and_are_let_in(
    server: RunningServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", -1.0)  # nobody else would be let in
    assert server.connect().request("login", user="u0", password="x")["result"] == "rate_limited"
    peers = [connect() for _ in range(50)]
    for cmd in ("register", "login"):
        for number, peer in enumerate(peers):
            peer.say(cmd=cmd, user=f"u{number}", password="x")
        assert {peer.read()["result"] for peer in peers} == {"success"}


@PLAIN
def test_those_who_left_the_queue_of_logins_keep_nobody_waiting(
    server: RunningServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, hash_ = threading.Event(), Passwords.hash

    def slow(self: Passwords, password: str) -> str:
        assert free.wait(DEADLINE)
        return hash_(self, password)

    monkeypatch.setattr(Passwords, "hash", slow)
    peers = [connect() for _ in range(6)]
    queue = server.server.services.logins._kinds[REGISTER].queue
    for number, peer in enumerate(peers):
        peer.say(cmd="register", user=f"u{number}", password=f"p{number}")
        wait_until(lambda number=number: queue.running + queue.waiting == number + 1)  # type: ignore[misc]
    wait_until(lambda: (queue.running, queue.waiting) == (3, 3), "an address leaves a thread to others")
    peers[3].socket.close()
    free.set()
    for peer in peers[:3] + peers[4:]:
        assert peer.read() == {"cmd": "register_reply", "result": "success"}


@PLAIN
def test_a_login_waits_when_others_at_its_address_have_guessed(server: RunningServer, connect: Connect) -> None:
    server.connect().register("ann", "ann")
    failures = server.server.services.failures
    for number in range(50):
        failures.failed(f"other{number}", "127.0.0.1")
    assert failures.address_wait_ms("127.0.0.1") > 0
    peer = connect()
    peer.say(cmd="login", user="ann", password="ann")
    assert peer.read()["result"] == "success"
