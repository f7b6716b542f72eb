"""Which objects a legacy connection is told, and in which words."""

from __future__ import annotations

import pytest

from chatd.commands.legacy_words import _PUSHES, _REPLIES, told
from chatwire.codec import Object
from chatwire.commands import COMMANDS, GENERIC_RESULTS, PUSHES, reply_name

ORIGINAL = {name for name, command in COMMANDS.items() if command.original}


def said(obj: Object) -> Object | None:
    """What Ann is told of it."""
    found = told(obj, "ann")
    return found.obj if found else None


def test_pushes_are_told_only_when_the_original_server_sent_them() -> None:
    pushes = {name for command in COMMANDS.values() for name in command.pushes} | PUSHES.keys() | {"of the future"}
    shown = {name for name in pushes if said({"cmd": name, "result": "x", "user_from": "b", "user_to": "ann"})}
    assert shown == _PUSHES - {"send_file_port_reply"}
    assert not shown & {"typing", "read", "group_joined", "group_left", "friend_removed", "goodbye", "error"}


@pytest.mark.parametrize("cmd", sorted(ORIGINAL - {"offline", "get_group_member"}))
def test_a_result_is_a_word_of_the_original(cmd: str) -> None:
    for word in {*COMMANDS[cmd].results, *GENERIC_RESULTS, "of the future"}:
        reply = said({"cmd": reply_name(cmd), "result": word, "detail": "x"})
        assert reply is not None
        assert reply["result"] in _REPLIES[reply["cmd"]].shown, word


def test_offline_has_no_answer_and_others_may_ask_what_they_like() -> None:
    assert said({"cmd": "offline_reply", "result": "not_logged_in"}) is None
    assert said({"cmd": "sync_reply", "result": "busy"}) == {"cmd": "sync_reply", "result": "busy"}


def test_an_id_stays() -> None:
    reply = said({"cmd": "add_reply", "result": "limit_reached", "detail": "x", "id": 0})
    assert reply == {"cmd": "add_reply", "result": "user_not_exist", "id": 0}


def test_the_reply_to_a_login_is_small_however_much_there_is() -> None:
    friends = [{"user": f"friend {number}", "online": True} for number in range(1000)]
    reply = {"cmd": "login_reply", "result": "success", "friend": "a|b", "group": "", "friends": friends, "token": "x"}
    assert said(reply) == {"cmd": "login_reply", "result": "success", "friend": "a|b|", "group": ""}
