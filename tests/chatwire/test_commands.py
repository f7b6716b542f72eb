"""The table of commands: complete, consistent, and a check that refuses with BadRequest and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatwire import fields as f
from chatwire.codec import Object, decode, encode
from chatwire.commands import (
    COMMANDS,
    GENERIC_RESULTS,
    PUSHES,
    Command,
    Field,
    reply,
    reply_name,
    text_size,
)
from chatwire.errors import BadRequest

ORIGINAL = {
    "register", "login", "add", "create_group", "add_group", "private_chat", "group_chat", "get_group_member",
    "offline", "send_file",
}  # fmt: skip
ADDED = {
    "resume", "sync", "history", "ack", "read", "read_by", "typing", "remove_friend", "leave_group",
    "change_password", "ping", "get_file", "decline_file", "cancel_file",
}  # fmt: skip
DAEMON = {"file_daemon", "file_report", "file_port"}
RATES = {"login", "edit", "query", "chat", "mark"}

GOOD: dict[f.Check, Any] = {
    f.name: "alice", f.new_name: "alice", f.string: "alice", f.password: "pw", f.text: "hi", f.cid: "c1",
    f.token: "t0", f.mid: 7, f.after: -1, f.limit: 10, f.length: 5, f.filename: "a.txt", f.sha256: "0" * 64,
    f.file_id: "abc-_0", f.ticket: "t0", f.number: 3, f.port: 80, f.report: "complete", f.role: "send",
    f.names: ["bob", "carol"],
}  # fmt: skip
BAD: dict[f.Check, list[Any]] = {
    f.name: [1, "", " a", "a|b", "a" * 33, "a\nb", "a\u202eb", [], {}, True],
    f.new_name: [1, "", "a|b", "ann\u200d"],
    f.string: [1, 1.5, False, [], {}],
    f.password: [1, [], "x" * 1025],
    f.text: [1, [], {}],
    f.cid: [1, "", "x" * 65],
    f.token: [1, "", "\u00e9", "x" * 129],
    f.mid: ["7", 7.0, -1, 2**53, True],
    f.after: ["7", -2, 7.5],
    f.limit: ["7", 0, -1, True],
    f.length: ["", "-1", "7.0", " 7", "0x7", "\u0667", "7" * 17, 7.0, -1, 2**53, str(2**53), True, [], {}],
    f.filename: [1, "", "a/", "a\\", ".", "..", "x/..", "a\0b", "a\nb", "a\x7f", "a\u202eb", "x" * 256, [], {}, True],
    f.sha256: [1, "", "0" * 63, "0" * 65, "g" * 64, [], {}],
    f.file_id: [1, "", "a/b", "..", "x" * 33, "\u00e9", [], {}],
    f.ticket: [1, "", "\u00e9", "x" * 1025],
    f.number: ["7", 7.0, -1, 2**53, True],
    f.port: ["80", -1, 65536, 80.0, True],
    f.report: [1, "", "waiting", "Complete", []],
    f.role: [1, "", "both", []],
    f.names: [1, "bob", [], [1], ["x" * 33], ["bob", None], ["bob"] * 101, {"bob": 1}],
}
SECRET = "hunter2 " * 200

untimed = settings(deadline=None)
brief = settings(deadline=None, max_examples=25)  # they run for every command
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
FIELDS = [pytest.param(c, spec, id=f"{c.name}-{spec.name}") for c in COMMANDS.values() for spec in c.fields]
every_field = pytest.mark.parametrize(("command", "spec"), FIELDS)


def good_request(command: Command) -> Object:
    """A request with every field that may be there."""
    request: Object = {"cmd": command.name} | {spec.name: GOOD[spec.check] for spec in command.fields}
    if command.one_of:
        del request[command.one_of[1]]
    return request


def refusal(command: Command, request: Object) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        command.check(request)
    return caught.value


# -- the table -----------------------------------------------------------------


def test_the_original_commands_are_all_there() -> None:
    assert {c.name for c in COMMANDS.values() if c.original} == ORIGINAL


def test_the_added_commands_are_all_there() -> None:
    assert {c.name for c in COMMANDS.values() if not c.original and not c.daemon} == ADDED


def test_the_file_daemon_has_its_own() -> None:
    assert {c.name for c in COMMANDS.values() if c.daemon} == DAEMON


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("register", ["user", "password"]),
        ("login", ["user", "password", "after"]),
        ("add", ["user", "friend"]),
        ("create_group", ["user", "group"]),
        ("add_group", ["user", "group"]),
        ("private_chat", ["user_from", "user_to", "text", "cid"]),
        ("group_chat", ["user", "group", "text", "cid"]),
        ("get_group_member", ["group", "limit", "after"]),
        ("offline", ["user"]),
        ("send_file", ["from_user", "to_user", "group", "filename", "length", "sha256", "cid"]),
    ],
)
def test_the_original_fields_have_their_names(name: str, names: list[str]) -> None:
    assert [spec.name for spec in COMMANDS[name].fields] == names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("register", {"success", "failure"}),
        ("login", {"success", "user_not_exist", "password_error"}),
        ("add", {"success", "user_not_exist", "already_friend"}),
        ("create_group", {"success", "group_exist"}),
        ("add_group", {"success", "group_not_exist", "user_in_group"}),
        ("private_chat", {"success", "offline", "user_not_exist"}),
        ("group_chat", {"success", "group_not_exist", "not_in_group"}),
        (
            "send_file",
            {"success", "offline", "timeout", "too_large", "user_not_exist", "group_not_exist", "not_in_group"},
        ),
    ],
)
def test_the_original_result_words(name: str, words: set[str]) -> None:
    assert set(COMMANDS[name].results) == words


@every_command
def test_an_entry_is_consistent(command: Command) -> None:
    names = [spec.name for spec in command.fields]
    assert COMMANDS[command.name] is command
    assert re.fullmatch(r"[a-z_]+", command.name)
    assert command.doc
    assert command.rate in RATES
    assert len(names) == len(set(names))
    assert not {"cmd", "id", "result"} & set(names)
    assert not GENERIC_RESULTS.keys() & command.results.keys()
    assert set(command.one_of or ()) <= set(names)
    assert "success" in command.results or command.name == "typing"


@every_command
def test_only_what_needs_no_session_goes_without_one(command: Command) -> None:
    assert command.login == (command.name not in {"register", "login", "resume", "ping"} | DAEMON)


@every_command
def test_own_names_are_optional_and_need_a_session(command: Command) -> None:
    own = [spec for spec in command.fields if spec.own]
    assert all(not spec.required and spec.check is f.name for spec in own)
    assert not own or command.login


def test_no_push_can_be_taken_for_the_reply_to_a_request() -> None:
    replies = {reply_name(name) for name in COMMANDS} | {c.success for c in COMMANDS.values() if c.success}
    pushes = {name for command in COMMANDS.values() for name in command.pushes} | PUSHES.keys()
    assert not replies & pushes


# -- check ---------------------------------------------------------------------


@every_command
def test_a_good_request_passes(command: Command) -> None:
    request = good_request(command)
    expected = {name: value for name, value in request.items() if name != "cmd"}
    assert command.check(request) == expected
    assert command.check(decode(encode(request))) == expected


@every_command
def test_unknown_fields_are_ignored_and_the_request_is_left_alone(command: Command) -> None:
    request = good_request(command) | {"x": [1], "id": 5, "password2": {}, "": None}
    before = dict(request)
    assert command.check(request) == command.check(good_request(command))
    assert request == before


@every_field
@pytest.mark.parametrize("value", [None, ...], ids=["null", "absent"])
def test_a_missing_field_is_named(command: Command, spec: Field, value: Any) -> None:
    request = good_request(command) | {spec.name: None}
    if value is ...:
        del request[spec.name]
    if spec.required:
        error = refusal(command, request)
        assert (error.field, error.detail) == (spec.name, f"{spec.name}: is missing")
    elif spec.name not in (command.one_of or ()):
        assert spec.name not in command.check(request)


@every_field
def test_a_wrong_field_is_named(command: Command, spec: Field) -> None:
    for value in BAD[spec.check]:
        error = refusal(command, good_request(command) | {spec.name: value})
        assert error.field == spec.name
        assert error.detail.startswith(f"{spec.name}: ")
        assert error.result == "bad_request"
        assert not error.fatal


@every_command
def test_of_two_fields_exactly_one_is_given(command: Command) -> None:
    if command.one_of is None:
        return
    one, other = command.one_of
    for given_fields in ({}, {one: "a", other: "b"}, {one: None, other: None}):
        request = {n: v for n, v in good_request(command).items() if n not in command.one_of} | given_fields
        error = refusal(command, request)
        assert error.field == one
        assert error.detail == f"{one}: give either {one} or {other}"
    for name in command.one_of:
        request = {n: v for n, v in good_request(command).items() if n not in command.one_of}
        assert command.check(request | {name: "a"})[name] == "a"


@every_command
def test_names_go_on_in_nfc(command: Command) -> None:
    names = [s.name for s in command.fields if s.check is f.name and s.name in good_request(command)]
    checked = command.check(good_request(command) | dict.fromkeys(names, "Jose\u0301"))
    assert [checked[name] for name in names] == ["Jos\u00e9"] * len(names)


def test_the_name_to_register_is_judged_by_its_own_result_word() -> None:
    assert COMMANDS["register"].check({"user": "a|b", "password": ""}) == {"user": "a|b", "password": ""}


@every_field
@untimed
@given(st.sampled_from([SECRET, "|" + SECRET, "\ud800" + SECRET, [SECRET], {SECRET: SECRET}]))
def test_a_refusal_never_repeats_a_value(command: Command, spec: Field, value: Any) -> None:
    said = ""
    try:
        command.check(good_request(command) | {spec.name: value})
    except BadRequest as error:
        said = f"{error}{error.detail}{error.args}"
    assert "hunter2" not in said
    assert "ud800" not in said


NAMES = sorted({spec.name for command in COMMANDS.values() for spec in command.fields} | {"cmd", "id", "x"})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70) | st.just("\ud800")
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=2) | st.dictionaries(st.text(), v, max_size=2))


@every_command
@brief
@given(request=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
def test_any_object_passes_or_is_a_bad_request(command: Command, request: Object) -> None:
    try:
        args = command.check(request)
    except BadRequest as error:
        assert error.field in {spec.name for spec in command.fields}  # noqa: PT017 - it may also pass
    else:
        assert args.keys() <= {spec.name for spec in command.fields}
        assert {spec.name for spec in command.fields if spec.required} <= args.keys()


# -- replies -------------------------------------------------------------------


def test_a_reply_has_its_fields_in_order() -> None:
    assert list(reply("add", "success", 7, friend="bob").items()) == [
        ("cmd", "add_reply"), ("result", "success"), ("id", 7), ("friend", "bob"),
    ]  # fmt: skip


@pytest.mark.parametrize("request_id", [0, "", -1, "x"])
def test_a_reply_repeats_any_id_that_was_given(request_id: Any) -> None:
    assert reply("ping", "success", request_id)["id"] == request_id
    assert "id" not in reply("ping", "success")


@untimed
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_size_is_in_bytes(text: str) -> None:
    assert text_size(text) == len(text.encode())
