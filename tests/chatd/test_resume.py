"""Tokens and failed logins: resume, back-off, what is logged."""

from __future__ import annotations

import socket

import pytest

from chatd.security.backoff import LONGEST_WAIT
from chatwire import transport
from chatwire.client import Client
from chatwire.codec import Object
from tests.conftest import ServerFactory
from tests.support.chatting import result
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

ADDRESS = "127.0.0.1"


def test_resume_begins_a_session_like_login(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    bob.close()
    assert alice.next_push(DEADLINE) == {"cmd": "friend_offline", "friend": "bob"}
    sent = alice.private_chat("bob", "while you were away")
    again = server.connect()
    reply = again.resume("bob", bob.token)
    assert reply["cmd"] == "resume_reply"
    assert (reply["friend"], reply["friends"]) == ("alice", [{"user": "alice", "online": True}])
    assert reply["token"] == bob.token
    assert (reply["mid"], reply["unread"]) == (sent["mid"], [{"peer": "alice", "count": 1, "mid": 0}])
    push = again.next_push(DEADLINE)
    assert push is not None
    assert push["text"] == "while you were away"
    assert alice.next_push(DEADLINE) == {"cmd": "friend_login", "friend": "bob"}


def test_a_token_may_be_used_by_several_connections_and_again(server: RunningServer) -> None:
    alice = server.user("alice")
    for _ in range(3):
        server.connect().resume("alice", alice.token)


def test_resume_says_what_is_wrong(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    client = server.connect()
    assert result(client, "resume", user="alice", token="x" * 43) == "token_error"
    assert result(client, "resume", user="alice", token=bob.token) == "token_error"
    assert result(client, "resume", user="nobody", token=alice.token) == "user_not_exist"
    assert result(client, "resume", user="alice", token="") == "bad_request"
    assert result(client, "resume", user="alice") == "bad_request"
    client.resume("alice", alice.token)


def test_an_expired_token_is_none_and_one_in_use_lives_on(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    database, now = server.server.services.database, alice.expect("ping")["ts"]
    soon = now + 3_600_000
    with database.transaction(write=True) as tx:
        tx.execute("UPDATE tokens SET expires = ? WHERE user_id = (SELECT id FROM users WHERE name = 'alice')", now)
        tx.execute("UPDATE tokens SET expires = ? WHERE user_id = (SELECT id FROM users WHERE name = 'bob')", soon)
    assert result(server.connect(), "resume", user="alice", token=alice.token) == "token_error"
    server.connect().resume("bob", bob.token)
    server.again("alice")
    with database.transaction() as tx:
        rows = tx.rows("SELECT u.name, t.expires FROM tokens t JOIN users u ON u.id = t.user_id ORDER BY u.name")
    assert [name for name, _ in rows] == ["alice", "bob"], "the next login has swept the expired one away"
    assert rows[1][1] > soon


def test_too_many_failures_close_an_account_for_that_address_only(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server("--limits", "off")
    for user in ("alice", "bob"):
        server.connect().register(user, user)
    reply = _fail_until_refused(server.connect(), "alice")
    assert reply["result"] == "rate_limited"
    assert 0 < reply["retry_after_ms"] <= LONGEST_WAIT * 1000
    _lock_for_long(server, "alice")
    assert result(server.connect(), "login", user="alice", password="alice") == "rate_limited"
    server.connect().login("bob", "bob")
    monkeypatch.setattr(transport, "connect", _from_elsewhere)
    server.connect().login("alice", "alice")


def _from_elsewhere(host: str, port: int, timeout: float) -> socket.socket:
    sock = socket.create_connection((host, port), timeout, ("127.0.0.2", 0))
    sock.setblocking(False)
    return sock


def test_names_that_do_not_exist_are_slowed_down_too(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    assert _fail_until_refused(server.connect(), "nobody")["result"] == "rate_limited"


def test_the_right_password_forgives_earlier_failures(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    client = server.connect()
    client.register("alice", "alice")
    for _ in range(3):
        for _ in range(4):
            assert result(client, "login", user="alice", password="wrong") == "password_error"
        client.login("alice", "alice")
        client.expect("offline")


def test_resume_is_not_hurt_by_the_back_off_of_its_account(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    alice = server.user("alice")
    _lock_for_long(server, "alice")
    assert result(server.connect(), "login", user="alice", password="alice") == "rate_limited"
    server.connect().resume("alice", alice.token)


def test_change_password_is_no_way_around_the_back_off(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    alice = server.user("alice")
    for _ in range(15):
        server.server.services.failures.session_failed("alice")
    reply = alice.request("change_password", password="alice", new_password="new")
    assert reply["result"] == "rate_limited"
    assert reply["retry_after_ms"] > 0


def test_guesses_elsewhere_lock_the_owner_out_of_nothing(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    alice = server.user("alice")
    for number in range(60):
        server.server.services.failures.failed("alice", f"127.0.1.{number}")
    with RawPeer(server, source="127.0.0.2") as stranger:
        reply = stranger.ask("login", user="alice", password="alice")
        assert reply["result"] == "rate_limited", "the guessers have to wait, wherever they come from"
        assert reply["retry_after_ms"] > 0
    server.connect().login("alice", "alice")
    alice.token = alice.expect("change_password", password="alice", new_password="new")["token"]
    server.connect().login("alice", "new")
    with RawPeer(server, source="127.0.0.2") as device:
        assert device.ask("resume", user="alice", token=alice.token)["result"] == "success"
        device.ask("offline")
        assert device.ask("login", user="alice", password="new")["result"] == "success", "known by its token"


def test_wrong_passwords_of_a_session_are_counted_for_sessions(server: RunningServer) -> None:
    alice = server.user("alice")
    words = (result(alice, "change_password", password="wrong", new_password="new") for _ in range(30))
    assert "rate_limited" in words
    server.connect().login("alice", "alice")


def test_every_failure_is_logged_in_the_form_that_fail2ban_matches(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = server.connect()
    client.register("alice", "alice")
    client.request("login", user="alice", password="hunter2")
    client.request("login", user="nobody", password="hunter2")
    client.request("resume", user="alice", token="tokentoken")
    failures = [record.getMessage() for record in caplog.records if "login failed" in record.getMessage()]
    assert failures == [f"login failed: address={ADDRESS} user={name!r}" for name in ("alice", "nobody", "alice")]
    assert "hunter2" not in caplog.text
    assert "tokentoken" not in caplog.text


def _fail_until_refused(client: Client, user: str) -> Object:
    """The wait doubles with every failure, so the next try comes too early sooner or later, however slow we are."""
    for _ in range(30):
        reply = client.request("login", user=user, password="wrong")
        if reply["result"] not in ("password_error", "user_not_exist"):
            return reply
    raise AssertionError("never refused")


def _lock_for_long(server: RunningServer, user: str) -> None:
    for _ in range(15):
        server.server.services.failures.failed(user, ADDRESS)
