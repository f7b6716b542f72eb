"""Accounts: register, login, offline, change_password, and whom a session may speak for."""

from __future__ import annotations

import threading
from typing import Any

import argon2
import pytest

from chatbase.engine import Deadlock
from chatbase.insisting import TURNS
from chatd.commands import session_start
from chatd.registry.registry import OnlineRegistry
from chatd.security.passwords import Passwords
from chatd.store import missed, users
from chatwire.codec import Object
from chatwire.commands import COMMANDS
from chatwire.errors import LinkError, Refused
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, result, take
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

COMPOSED = "caf\u00e9"
DECOMPOSED = "cafe\u0301"


def test_register_says_what_is_wrong(server: RunningServer) -> None:
    client = server.connect()
    assert client.request("register", user="alice", password="x") == {
        "cmd": "register_reply", "id": 1, "result": "success",
    }  # fmt: skip
    for user, password, reason in (
        ("alice", "other", "user_exists"),
        ("", "x", "bad_name"),
        ("a" * 33, "x", "bad_name"),
        ("a|b", "x", "bad_name"),
        (" alice", "x", "bad_name"),
        ("al\nice", "x", "bad_name"),
        ("bob", "", "bad_password"),
    ):
        reply = client.request("register", user=user, password=password)
        assert (reply["result"], reply["reason"]) == ("failure", reason), user
    assert result(client, "register", user="bob") == "bad_request"
    assert result(client, "register", user=1, password="x") == "bad_request"
    client.register("a" * 32, "x")


def test_register_demands_as_long_a_password_as_the_server_is_told_to(make_server: ServerFactory) -> None:
    client = make_server("--password-min", "4").connect()
    assert client.request("register", user="alice", password="abc")["reason"] == "bad_password"
    client.register("alice", "äöüß")


def test_names_are_equal_after_normalisation_and_case_matters(server: RunningServer) -> None:
    client = server.connect()
    client.register(COMPOSED, "x")
    assert client.request("register", user=DECOMPOSED, password="x")["reason"] == "user_exists"
    client.register(COMPOSED.upper(), "y")
    assert result(client, "login", user=COMPOSED.upper(), password="x") == "password_error"
    client.login(DECOMPOSED, "x")
    bob = server.user("bob")
    assert bob.private_chat(DECOMPOSED, "hi")["result"] == "success"
    push = client.next_push(DEADLINE)
    assert push is not None
    assert push["user_to"] == COMPOSED
    assert result(client, "private_chat", user_from=DECOMPOSED, user_to="bob", text="hi") == "success"


def test_login_says_what_is_wrong(server: RunningServer) -> None:
    client = server.connect()
    client.register("alice", "secret")
    assert result(client, "login", user="nobody", password="x") == "user_not_exist"
    assert result(client, "login", user="alice", password="x") == "password_error"
    assert result(client, "login", user="alice", password="Secret") == "password_error"
    assert result(client, "login", user="alice") == "bad_request"
    assert result(client, "login", user="alice", password="secret", after=-2) == "bad_request"
    assert result(client, "add", friend="bob") == "not_logged_in"
    client.login("alice", "secret")


def test_login_reply_has_everything_a_client_shows_first(server: RunningServer) -> None:
    alice, bob, carol = server.friends("alice", "bob", "carol")
    alice.expect("create_group", group="staff")
    bob.expect("create_group", group="club")
    alice.expect("add_group", group="club")
    last = 0
    for text in ("one", "two"):
        last = carol.private_chat("alice", text)["mid"]
    group_mid = bob.group_chat("club", "three")["mid"]
    assert group_mid > last
    carol.logout()
    alice.logout()
    client = server.connect()
    reply = client.login("alice", "alice", after=-1)
    token = reply.pop("token")
    assert isinstance(token, str)
    assert len(token) >= 32
    assert reply.pop("id") == 1
    assert sorted(reply.pop("unread"), key=str) == [
        {"group": "club", "count": 1, "mid": 0},
        {"peer": "carol", "count": 2, "mid": 0},
    ]
    assert reply == {
        "cmd": "login_reply",
        "result": "success",
        "friend": "bob|carol",
        "group": "staff|club",
        "friends": [{"user": "bob", "online": True}, {"user": "carol", "online": False}],
        "groups": [
            {"group": "staff", "owner": "alice", "members": 1, "since": 0},
            {"group": "club", "owner": "bob", "members": 2, "since": 0},
        ],
        "mid": group_mid,
        "limits": {
            "max_frame": 65536, "max_text": 16384, "max_friends": 10_000, "max_groups": 500, "max_members": 5_000,
            "max_file": 4 * 2**30,
        },
    }  # fmt: skip
    assert arrived(client) == []


def test_login_reply_of_a_new_user_is_empty_but_complete(server: RunningServer) -> None:
    client = server.connect()
    client.register("alice", "x")
    reply = client.login("alice", "x")
    lists = {name: reply[name] for name in ("friend", "group", "friends", "groups", "unread", "mid")}
    assert lists == {"friend": "", "group": "", "friends": [], "groups": [], "unread": [], "mid": 0}


def test_a_connection_has_one_session_at_a_time(server: RunningServer) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    for user in ("alice", "bob"):
        assert result(alice, "login", user=user, password=user) == "bad_request"
        assert result(alice, "resume", user=user, token=alice.token) == "bad_request"
    assert alice.private_chat("alice", "still me")["result"] == "success"


def test_after_offline_the_token_is_dead_and_the_connection_can_log_in_again(server: RunningServer) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    token = alice.token
    assert alice.expect("offline", user="alice")["cmd"] == "offline_reply"
    assert result(alice, "private_chat", user_to="bob", text="x") == "not_logged_in"
    assert result(alice, "resume", user="alice", token=token) == "token_error"
    alice.login("bob", "bob")
    assert result(alice, "private_chat", user_from="alice", user_to="bob", text="x") == "forbidden"
    alice.expect("offline")
    alice.login("alice", "alice")
    assert alice.token != token
    assert server.user("carol").private_chat("bob", "x")["result"] == "offline"


def test_change_password_ends_every_other_way_in(server: RunningServer) -> None:
    alice, elsewhere = server.user("alice"), server.again("alice")
    assert result(alice, "change_password", password="wrong", new_password="new") == "password_error"
    refused = alice.request("change_password", password="alice", new_password="")
    assert (refused["result"], refused["reason"]) == ("failure", "bad_password")
    new_token = alice.expect("change_password", password="alice", new_password="new")["token"]
    assert elsewhere.next_push(DEADLINE) == {"cmd": "goodbye", "result": "password_changed"}
    with pytest.raises(LinkError):
        elsewhere.next_push(DEADLINE)
    late = server.connect()
    for token in (alice.token, elsewhere.token):
        assert result(late, "resume", user="alice", token=token) == "token_error"
    assert result(late, "login", user="alice", password="alice") == "password_error"
    late.resume("alice", new_token)
    server.connect().login("alice", "new")
    assert alice.private_chat("alice", "this session goes on")["result"] == "success"


@pytest.mark.parametrize(
    ("cmd", "where", "name"),
    [
        ("login", Passwords, "verify"),  # a resume verifies no password
        *(
            (cmd, where, name)
            for where, name in ((session_start, "begin"), (OnlineRegistry, "enter"), (missed, "newest"))
            for cmd in ("login", "resume")
        ),
    ],
)
def test_whoever_is_on_the_way_in_when_the_password_changes_stays_out(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, cmd: str, where: Any, name: str
) -> None:
    """However far it has come: before its token is stored, before or after it was looked at, or inside already."""
    alice, late = server.user("alice"), server.connect()
    here, free, real = threading.Event(), threading.Event(), getattr(where, name)

    def held(*args: Any) -> Any:
        monkeypatch.setattr(where, name, real)
        here.set()
        assert free.wait(DEADLINE)
        return real(*args)

    monkeypatch.setattr(where, name, held)
    late.send(cmd, user="alice", **({"password": "alice"} if cmd == "login" else {"token": alice.token}))
    assert here.wait(DEADLINE)
    alice.expect("change_password", password="alice", new_password="new")
    free.set()
    [reply] = take(late, 1)
    if reply["result"] == "success":
        [reply] = take(late, 1)
    assert reply["result"] in ("password_error", "token_error", "password_changed")
    node = server.server.services.online.find("alice")
    assert node is not None
    wait_until(lambda: len(node.sessions) == 1, "the late session has ended")


def test_the_new_token_of_change_password_is_the_one_that_offline_ends(server: RunningServer) -> None:
    alice = server.user("alice")
    new_token = alice.expect("change_password", password="alice", new_password="new")["token"]
    alice.expect("offline")
    assert result(alice, "resume", user="alice", token=new_token) == "token_error"


def test_a_cheaper_hash_is_renewed_at_the_next_login(server: RunningServer) -> None:
    server.connect().register("alice", "secret")
    old = argon2.PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash("secret")
    database = server.server.services.database
    with database.transaction(write=True) as tx:
        tx.execute("UPDATE users SET password = ? WHERE name = ?", old, "alice")
    stored = []
    for _ in range(2):
        server.connect().login("alice", "secret")
        with database.transaction() as tx:
            stored.append(tx.rows("SELECT password FROM users WHERE name = ?", "alice")[0][0])
    assert stored[0] != old
    assert stored[1] == stored[0]
    assert not server.server.services.passwords.outdated(stored[0])


def test_a_request_that_claims_another_user_is_forbidden(server: RunningServer) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    values = {"friend": "bob", "group": "g", "user_to": "bob", "text": "x", "filename": "f", "length": 1}
    seen = []
    for command in COMMANDS.values():
        own = [field.name for field in command.fields if field.own]
        if not own:
            continue
        fields: Object = {field.name: values[field.name] for field in command.fields if field.required}
        if command.one_of:
            fields[command.one_of[0]] = "bob"
        with pytest.raises(Refused) as refused:
            alice.expect(command.name, **fields | {own[0]: "bob"})
        assert refused.value.result == "forbidden", command.name
        seen.append(command.name)
    assert set(seen) >= {"add", "create_group", "add_group", "private_chat", "group_chat", "offline", "send_file"}
    assert alice.expect("add", user="alice", friend="bob")["friend"] == "bob"


def test_a_login_that_has_to_make_way_is_neither_busy_nor_counted_again(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.connect().register("alice", "secret")
    real, services, turns = users.add_token, server.server.services, 0
    counted, proven = [], []

    def add_token(*args: Any) -> bool:
        nonlocal turns
        turns += 1
        if turns < TURNS:
            raise Deadlock("made way")
        return real(*args)

    def wait_ms(name: str) -> int:
        counted.append(name)
        return 0

    def verify(stored: str, password: str) -> bool:
        proven.append(password)
        return True

    monkeypatch.setattr(users, "add_token", add_token)
    monkeypatch.setattr(services.session_starts, "wait_ms", wait_ms)
    monkeypatch.setattr(services.passwords, "verify", verify)
    server.connect().login("alice", "secret")
    assert (turns, counted, proven) == (TURNS, ["alice"], ["secret"])
