"""What clients must not send: it is refused in one clear object, and nobody else notices."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from chatwire import fields
from chatwire.commands import BAD_OBJECTS_IN_A_ROW, COMMANDS
from tests.conftest import ServerFactory
from tests.support.peers import Neighbours, RawPeer, assert_log_is_clean, lines_about
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

GOOD: dict[fields.Check, Any] = {
    fields.string: "x", fields.name: "x", fields.password: "x", fields.token: "x", fields.text: "x", fields.cid: "x",
    fields.mid: 1, fields.after: 1, fields.limit: 1, fields.length: 1, fields.filename: "x", fields.sha256: "0" * 64,
    fields.file_id: "x", fields.ticket: "x", fields.number: 1, fields.port: 1, fields.report: "complete",
    fields.role: "send", fields.names: ["x"], fields.new_name: "x",
}  # fmt: skip
NOT_STRINGS: list[Any] = [42, 1.5, True, [], {}, ["x"], {"x": "x"}]
NOT_NUMBERS: list[Any] = ["1", 1.5, True, [], {}, -2, 2**70, 1e300]
NAMES = (
    "",
    " a",
    "a ",
    "a|b",
    "a\nb",
    "a\rb",
    "a\0b",
    "\x7f",
    "a\u2028b",
    "a\u202eb",
    "a\u200bb",
    "x" * 33,
    "e\u0301" * 33,
)
NO_COMMANDS: list[Any] = [
    "",
    "PING",
    "ping ",
    "pïng",
    "_frame",
    "__class__",
    "login_reply",
    1,
    None,
    True,
    ["ping"],
    {},
]
HOSTILE = (
    "'; DROP TABLE users; --", '"; DROP TABLE users; --', "' OR '1'='1", "%s", "%d%%s%", "?", ":name", "\\", "\\'",
    "\\0\\n", "`", "''", '""', "a\\", "{}", "<b>", "NULL", "_", "%", "*/", "/*! x */", "你好", "😀", "é",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _log_from_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _still_served(peer: RawPeer) -> None:
    assert peer.ask("ping", id="still")["result"] == "success"


def test_what_is_no_json_object_is_refused_and_the_connection_lives(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        for line in (
            b"nonsense", b'{"cmd":', b'{"cmd":"ping"', b"{]", b"}{", b"{'cmd':'ping'}", b'{"cmd":"ping",}', b"[", b"[]",
            b'[{"cmd":"ping"}]', b"1", b"-", b'"ping"', b"null", b"true", b"NaN", b'{"cmd":"ping"}{"cmd":"ping"}',
            b'{"cmd":"ping"}x', b"\0", b'{"cmd":"pi\0ng"}', b'\0{"cmd":"ping"}', b'{"cmd":"\xff"}', b"\xff\xfe",
            b'{"cmd":"\xed\xa0\x80"}', b'{"cmd":"\\ud800"}', b'{"cmd":"ping","x":"\xc3("}', b"\xef\xbb\xbf{}",
            b'{"cmd":"ping","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", b"[" * 10_000, b'{"a":' * 10_000,
        ):  # fmt: skip
            peer.send(line + b"\n")
            error = peer.read()
            assert (error["cmd"], error["result"]) == ("error", "bad_json"), line[:50]
            _still_served(peer)
        neighbours.chat()
    neighbours.chat()
    assert_log_is_clean(caplog, "nonsense")


def test_what_names_no_command_is_refused_and_the_connection_lives(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        for cmd in NO_COMMANDS:
            error = peer.ask(cmd)
            assert (error["cmd"], error["result"]) == ("error", "unknown_cmd"), cmd
            _still_served(peer)
        peer.send(b"{}\n")
        assert peer.read()["result"] == "unknown_cmd"
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_eight_bad_objects_in_a_row_end_the_connection_and_seven_do_not(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        for bad in (b"bad\n", b'{"cmd":"no such"}\n'):
            peer.send(bad * (BAD_OBJECTS_IN_A_ROW - 1))
            for _ in range(BAD_OBJECTS_IN_A_ROW - 1):
                assert peer.read()["cmd"] == "error"
            _still_served(peer)
        assert lines_about(caplog, "too_many_errors") == 0
        peer.send(b"bad\n" * (BAD_OBJECTS_IN_A_ROW + 5))
        answers = peer.rest()
    assert [answer["cmd"] for answer in answers] == ["error"] * BAD_OBJECTS_IN_A_ROW + ["goodbye"]
    assert answers[-1]["result"] == "too_many_errors"
    assert lines_about(caplog, "too_many_errors") == 1
    neighbours.chat()
    assert_log_is_clean(caplog)


@pytest.mark.parametrize("beginning", [b'{"cmd":"ping","x":"', b'{\n"cmd":"ping",\n"x":"'])
def test_an_object_that_is_too_long_is_refused_before_its_end_has_come(
    server: RunningServer, caplog: pytest.LogCaptureFixture, beginning: bytes
) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        peer.send(beginning.ljust(70_000, b"x"))  # nothing more comes, and the answer does not wait for it
        assert [(answer["cmd"], answer["result"]) for answer in peer.rest()] == [
            ("error", "frame_too_long"), ("goodbye", "frame_too_long"),
        ]  # fmt: skip
    with RawPeer(server) as peer:
        try:
            peer.send(beginning + b"x" * 1_000_000)
        except OSError:
            pass  # the server need not wait until all of it has come
        assert [answer["result"] for answer in peer.rest()] in ([], ["frame_too_long"] * 2)
    assert lines_about(caplog, "frame_too_long") == 2
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_a_field_of_the_wrong_type_is_refused_by_its_name(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--limits", "off")
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        peer.log_in("eve")
        for command in COMMANDS.values():
            good = {spec.name: GOOD[spec.check] for spec in command.fields if not spec.own}
            if command.one_of:
                del good[command.one_of[1]]
            for spec in command.fields:
                for wrong in NOT_STRINGS if isinstance(GOOD[spec.check], str) else NOT_NUMBERS:
                    if spec.check is fields.length and wrong == "1":
                        continue  # digits will do
                    reply = peer.ask(command.name, id=7, **{**good, spec.name: wrong})
                    assert (reply["cmd"], reply["result"], reply["id"]) == (f"{command.name}_reply", "bad_request", 7)
                    assert reply["detail"].startswith(f"{spec.name}: "), (command.name, spec.name, wrong)
                if spec.required:
                    missing = {name: value for name, value in good.items() if name != spec.name}
                    assert peer.ask(command.name, **missing)["detail"] == f"{spec.name}: is missing"
        assert peer.ask("sync", after=2**53)["result"] == "bad_request"
        for wrong in (1.5, True, [], {}, "x" * 65, 2**63):
            reply = peer.ask("ping", id=wrong)
            assert (reply["result"], reply["detail"][:3]) == ("bad_request", "id:")
            assert "id" not in reply
        neighbours.chat()
    assert_log_is_clean(caplog)


def test_names_that_would_break_a_list_or_a_line_are_refused(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--limits", "off")
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        for name in NAMES:
            reply = peer.ask("register", user=name, password="secret pass")
            assert (reply["result"], reply["reason"]) == ("failure", "bad_name"), name
            assert peer.ask("login", user=name, password="secret pass")["result"] == "bad_request"
        peer.log_in("eve")
        for name in NAMES:
            for cmd, field in (("create_group", "group"), ("add_group", "group"), ("add", "friend")):
                reply = peer.ask(cmd, **{field: name})
                assert (reply["result"], reply["detail"].partition(":")[0]) == ("bad_request", field)
    neighbours.chat()
    assert_log_is_clean(caplog, "secret pass")


def test_sql_and_its_like_is_stored_and_returned_as_it_came(
    make_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--limits", "off")
    neighbours = Neighbours(server)
    with RawPeer(server) as peer, RawPeer(server) as other:
        other.log_in("other")
        for number, evil in enumerate(HOSTILE):
            assert peer.ask("register", user=evil, password=f"pw {evil}")["result"] == "success", evil
            assert peer.ask("login", user=evil, password=f"pw {evil}'")["result"] == "password_error"
            assert peer.ask("resume", user=evil, token=f"{number}' OR 1=1 --")["result"] == "token_error"
            assert peer.ask("login", user=evil, password=f"pw {evil}")["result"] == "success"
            assert peer.ask("add", user=evil, friend="other")["friend"] == "other"
            assert other.read() == {"cmd": "add_friend_reply", "result": evil}
            assert peer.ask("create_group", group=evil)["group"] == evil
            reply = peer.ask("private_chat", user_to="other", text=f"text {evil}", cid=evil)
            push = other.read()
            assert (push["user_from"], push["text"], push["cid"]) == (evil, f"text {evil}", evil)
            assert peer.ask("private_chat", user_to="other", text="again", cid=evil)["mid"] == reply["mid"]
            assert peer.ask("group_chat", group=evil, text=evil)["result"] == "success"
            page = peer.ask("history", peer="other")["messages"]
            assert [(message["text"], message["cid"]) for message in page] == [(f"text {evil}", evil)]
            assert [message["group"] for message in peer.ask("history", group=evil)["messages"]] == [evil]
            assert peer.ask("get_group_member", group=evil)["member"] == evil
            assert peer.ask("offline")["result"] == "success"
            assert other.read() == {"cmd": "friend_offline", "friend": evil}
            reply = peer.ask("login", user=evil, password=f"pw {evil}", after=-1)
            assert (reply["friend"], reply["group"]) == ("other", evil)
            assert peer.ask("offline")["result"] == "success"
            assert [other.read()["cmd"] for _ in range(2)] == ["friend_login", "friend_offline"]
        neighbours.chat()
    assert_log_is_clean(caplog, "pw ", "text ", "OR 1=1")


def test_any_text_is_stored_and_returned_as_it_came(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    neighbours = Neighbours(server)
    alice, bob = server.friends("alice", "bob")
    texts = ["", "\0", "a\0b", "\r\n\t", "\u2028\u2029", "\x7f\x1b[31m", " ends ", "\ufeff", "\uffff", "𝕏" * 4000, "|"]
    for text in texts:
        mid = alice.private_chat("bob", text)["mid"]
        push = bob.next_push(DEADLINE)
        assert push is not None
        assert (push["mid"], push["text"]) == (mid, text)
    assert [message["text"] for message in bob.expect("sync", after=0)["messages"]] == texts
    reply = alice.request("private_chat", user_to="bob", text="é" * 8193)
    assert (reply["result"], reply["detail"][:5]) == ("bad_request", "text:")
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_nobody_speaks_in_another_users_name(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        peer.log_in("eve")
        for command in COMMANDS.values():
            needed = command.one_of[:1] if command.one_of else ()
            good = {spec.name: GOOD[spec.check] for spec in command.fields if spec.required or spec.name in needed}
            for spec in command.fields:
                if spec.own:
                    reply = peer.ask(command.name, **{**good, spec.name: "ann"})
                    assert (reply["result"], reply["detail"].partition(":")[0]) == ("forbidden", spec.name)
        reply = peer.ask("private_chat", user_from="ann", user_to="ben", text="give eve your money")
        assert reply["result"] == "forbidden"
        assert peer.ask("login", user="ann", password="ann")["result"] == "bad_request"
        assert peer.ask("sync", after=0)["messages"] == []
        assert peer.ask("history", group="quiet corner")["result"] == "not_in_group"
        assert peer.ask("group_chat", group="quiet corner", text="let me in")["result"] == "not_in_group"
    neighbours.chat()
    assert_log_is_clean(caplog, "money")


def test_nothing_can_be_done_before_login(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    neighbours = Neighbours(server)
    with RawPeer(server) as peer:
        for command in COMMANDS.values():
            if command.login:
                good = {spec.name: GOOD[spec.check] for spec in command.fields if spec.required}
                assert peer.ask(command.name, id="i", **good) == {
                    "cmd": f"{command.name}_reply", "result": "not_logged_in", "id": "i",
                }  # fmt: skip
        assert peer.ask("private_chat", user_from="ann", user_to="ben", text="boo")["result"] == "not_logged_in"
        peer.log_in("eve")
        assert peer.ask("offline")["result"] == "success"
        assert peer.ask("sync", after=0)["result"] == "not_logged_in"
    neighbours.chat()
    assert_log_is_clean(caplog)


def test_wrong_passwords_and_tokens_are_logged_without_being_told(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    neighbours = Neighbours(server)
    token = neighbours.ann.token
    with RawPeer(server) as peer:
        assert peer.ask("login", user="ann", password="hunter2-guess")["result"] == "password_error"
        assert peer.ask("resume", user="ben", token=token)["result"] == "token_error"
        assert peer.ask("resume", user="nobody", token=token)["result"] == "user_not_exist"
        assert peer.ask("login", user="ab' x\\", password="hunter2-guess")["result"] == "user_not_exist"
    assert lines_about(caplog, "login failed: address=127.0.0.1 user='ann'") == 1
    assert lines_about(caplog, "login failed") == 4
    neighbours.chat()
    assert_log_is_clean(caplog, "hunter2", token)


def test_a_line_may_be_as_long_as_the_limit_and_no_longer(server: RunningServer) -> None:
    with RawPeer(server) as peer:
        for size, fits in ((65_536, True), (65_537, False)):
            start = json.dumps({"cmd": "ping", "x": ""}).encode()[:-2]
            peer.send(start + b"x" * (size - len(start) - 2) + b'"}\n')
            assert (peer.read().get("result") == "success") == fits
