"""Friendships and memberships whose commit is uncertain, or whose telling fails: clients are told what is true."""

from __future__ import annotations

from typing import Any

import pytest

from chatbase.engine import CommitUncertain
from chatd.store.claim import LockClaim
from chatwire.client import Client
from tests.support.chatting import result, take
from tests.support.running import RunningServer

PLAIN = pytest.mark.parametrize("tls", [False])


def _cut_next_commit(server: RunningServer, happened: bool) -> None:
    """The line is cut in the next commit; whether it ``happened`` is for the journal to find out."""
    claim = server.server._claim
    database = claim._database if isinstance(claim, LockClaim) else server.server._database

    def cut_off(connection: Any) -> None:
        del database._commit
        if happened:
            connection.commit()
        raise CommitUncertain("the line was cut")

    database._commit = cut_off  # type: ignore[method-assign]


@PLAIN
@pytest.mark.parametrize("happened", [True, False])
def test_every_change_whose_commit_is_uncertain_takes_place_once(server: RunningServer, happened: bool) -> None:
    alice, bob = server.user("alice"), server.user("bob")

    def change(client: Client, cmd: str, again: str, **fields: str) -> None:
        _cut_next_commit(server, happened)
        assert result(client, cmd, **fields) == "success"
        assert result(client, cmd, **fields) == again

    change(alice, "add", "already_friend", friend="bob")
    change(alice, "create_group", "group_exist", group="staff")
    change(bob, "add_group", "user_in_group", group="staff")
    assert take(bob, 1) == [{"cmd": "add_friend_reply", "result": "alice"}]
    assert take(alice, 1) == [{"cmd": "group_joined", "group": "staff", "user": "bob", "since": 0}]
    assert alice.group_chat("staff", "x")["result"] == "success"
    assert [push["text"] for push in take(bob, 1)] == ["x"]
    assert len(alice.expect("get_group_member", group="staff")["members"]) == 2
    change(bob, "leave_group", "not_in_group", group="staff")
    change(bob, "remove_friend", "not_friend", friend="alice")
    told = [{"cmd": "group_left", "group": "staff", "user": "bob"}, {"cmd": "friend_removed", "friend": "bob"}]
    assert take(alice, 2) == told
    assert len(alice.expect("get_group_member", group="staff")["members"]) == 1
    assert server.again("bob").expect("sync", after=0)["messages"]


@PLAIN
def test_a_change_that_is_stored_is_not_called_busy_when_telling_of_it_fails(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice, _ = server.user("alice"), server.user("bob")

    def broken(*_: object) -> None:
        raise KeyError("a bug of the tests' own")

    with monkeypatch.context() as patched:
        patched.setattr(server.server.services.online, "befriend", broken)
        assert result(alice, "add", friend="bob") == "internal"
    assert 'KeyError: "a bug of the tests\' own"' in caplog.text
    assert result(alice, "add", friend="bob") == "already_friend"
    assert alice.private_chat("bob", "x")["result"] == "success"
