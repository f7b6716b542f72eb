"""What one user or one address may not do to the others, however patiently it tries."""

from __future__ import annotations

import itertools
import threading

import pytest

import chatd.server
from chatbase.engine import CommitUncertain, Database
from chatd.commands import session_start
from chatd.executor import FIRST_GUESS
from chatd.security.passwords import Passwords
from chatd.security.rates import SESSION_STARTS, Rate
from chatd.security.turns import PATIENCE
from chatd.store import groups, messages
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, mids, result, take
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until


def test_wrong_tokens_do_not_close_an_account(make_server: ServerFactory) -> None:
    server = make_server("--login-deadline", "120")  # sixty connect before the first one asks
    alice = server.user("alice")
    guessers = [server.connect() for _ in range(60)]
    for guesser in guessers:
        guesser.send("resume", user="alice", token="x" * 43)
    assert {take(guesser, 1)[0]["result"] for guesser in guessers} <= {"token_error", "rate_limited"}
    with RawPeer(server, source="127.0.0.2") as elsewhere:
        assert elsewhere.ask("login", user="alice", password="alice")["result"] == "success"
    assert result(alice, "ping") == "success"


def test_an_account_cannot_come_and_go_for_ever(make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatd.server, "SESSION_STARTS", Rate(1e-6, SESSION_STARTS.burst))  # however slow this machine
    server = make_server()
    alice, bob = server.friends("alice", "bob")
    words = [result(server.connect(), "resume", user="bob", token=bob.token) for _ in range(SESSION_STARTS.burst + 5)]
    assert words == ["success"] * (SESSION_STARTS.burst - 1) + ["rate_limited"] * 6, "registering bob took one token"
    assert result(alice, "ping") == "success"
    again = server.connect().request("resume", user="alice", token=alice.token)
    assert again["result"] == "success", "nobody else is held back"


def test_the_logins_of_one_address_wait_in_a_queue_of_their_own(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    server.connect().register("alice", "alice")
    free, verify = threading.Event(), Passwords.verify

    def slow(self: Passwords, stored: str, password: str) -> bool:
        assert free.wait(DEADLINE)
        return verify(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", slow)
    greedy = [server.connect() for _ in range(40)]
    queue = server.server.services.logins._kinds[0].queue
    for number, client in enumerate(greedy):
        client.send("login", user="alice", password="alice")
        wait_until(lambda number=number: number > 1 or queue.running == number + 1)  # type: ignore[misc]
    most = int(PATIENCE / FIRST_GUESS)
    wait_until(lambda: queue.waiting_at("127.0.0.1") > most, "as many wait as can be served soon")
    refused = server.connect().request("login", user="alice", password="alice")
    assert refused["result"] == "rate_limited"
    assert refused["retry_after_ms"] > 0
    with RawPeer(server, source="127.0.0.2") as elsewhere:
        elsewhere.say("login", user="alice", password="alice")
        wait_until(lambda: queue.running == 3, "another address has a thread at once")
        free.set()
        assert elsewhere.read()["result"] == "success"
    words = [take(client, 1)[0]["result"] for client in greedy]
    assert words.count("success") >= most + 3
    assert set(words) == {"success", "rate_limited"}


def test_a_page_is_bounded_in_bytes_and_nothing_is_missing(server: RunningServer) -> None:
    alice, _ = server.friends("alice", "bob")
    text = "\x01" * 10_000
    count = 4 * messages.PAGE_TEXT // len(text)
    sent = [alice.private_chat("bob", text)["mid"] for _ in range(count)]
    server.server.services.journal.make_readable()
    with server.server.services.database.transaction() as tx:
        user_id = server.server.services.online.find("bob").id  # type: ignore[union-attr]
        page, more = messages.sync(tx, user_id, 0, 500)
        newest, older = messages.history(tx, messages.private(1, 2), sent[-1] + 1, 500)
    for rows in (page, newest):
        assert 0 < sum(len(row["text"]) for row in rows) <= messages.PAGE_TEXT
    assert more
    assert older
    assert newest[-1]["mid"] == sent[-1]
    assert mids(take(server.again("bob", after=0), count)) == sent
    for few in (2, 14):
        assert (few * len(text) > session_start.FEW_TEXT) == (few == 14)
        assert mids(take(server.again("bob", after=sent[-few - 1]), few)) == sent[-few:], "few, but long"


def test_ended_memberships_are_forgotten_at_last(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "ENDED", 3)
    alice, bob = server.group("staff", "alice", "bob")
    texts = []
    for number in range(6):
        texts.append(alice.group_chat("staff", str(number))["mid"])
        bob.expect("leave_group", group="staff")
        bob.expect("add_group", group="staff")
    with server.server.services.database.transaction() as tx:
        row = tx.row("SELECT COUNT(*) FROM members WHERE user_id = 2 AND left_mid > 0")
    assert row == (3,)
    assert mids(arrived(server.again("bob", after=0))) == texts[-3:]


def test_a_change_of_password_whose_commit_is_uncertain_is_looked_at(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, elsewhere = server.user("alice"), server.again("alice")
    commit = Database._commit

    def uncertain(connection: object) -> None:
        monkeypatch.setattr(Database, "_commit", staticmethod(commit))
        commit(connection)
        raise CommitUncertain("for this test")

    monkeypatch.setattr(Database, "_commit", staticmethod(uncertain))
    token = alice.expect("change_password", password="alice", new_password="new")["token"]
    assert elsewhere.next_push(DEADLINE) == {"cmd": "goodbye", "result": "password_changed"}
    server.connect().resume("alice", token)
    assert result(server.connect(), "login", user="alice", password="alice") == "password_error"


def test_a_login_beside_one_that_renews_the_hash_is_no_wrong_password(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server()
    server.connect().register("alice", "alice")
    both, verify = threading.Barrier(2), Passwords.verify
    calls, renewals = itertools.count(), itertools.count()

    def together(self: Passwords, stored: str, password: str) -> bool:
        verified = verify(self, stored, password)
        if next(calls) < 2:
            both.wait(DEADLINE)
        return verified

    monkeypatch.setattr(Passwords, "outdated", lambda self, stored: next(renewals) < 2)
    monkeypatch.setattr(Passwords, "verify", together)
    clients = [server.connect(), server.connect()]
    for client in clients:
        client.send("login", user="alice", password="alice")
    assert [take(client, 1)[0]["result"] for client in clients] == ["success", "success"]
    assert next(calls) > 2, "one of them had to look again"
