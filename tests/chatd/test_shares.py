"""Threads are shared by account and by address: whoever asks for much holds nobody up who asks for little."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chatd.commands.dispatch import REGISTER
from chatd.security import turns
from chatd.security.passwords import Passwords
from chatd.store import messages
from tests.support.combinations import PLAIN
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until


@PLAIN
def test_a_neighbour_does_not_wait_behind_somebody_s_long_queries(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that Eve asks for lasts until Ann has been answered."""
    ann, eve = server.user("ann"), server.user("eve")
    free, real = threading.Event(), messages.sync
    eve_id = server.server.services.online.find("eve").id  # type: ignore[union-attr]

    def slow(tx: Any, user_id: int, *args: Any) -> Any:
        assert user_id != eve_id or free.wait(DEADLINE)
        return real(tx, user_id, *args)

    monkeypatch.setattr(messages, "sync", slow)
    greedy = [server.again("eve", after=-1) for _ in range(10)]
    for client in greedy:
        client.send("sync", after=0)
    queue = server.server.services.work._kinds[0].queue
    wait_until(lambda: queue.running + queue.waiting == len(greedy), "all of hers are there")
    assert ann.expect("history", peer="eve")["messages"] == []
    assert ann.expect("sync", after=0)["messages"] == []
    free.set()
    for client in (*greedy, eve):
        client.expect("sync", after=0)


@PLAIN
def test_a_login_does_not_wait_behind_registrations(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.connect().register("ann", "ann")
    done: list[str] = []
    free = threading.Event()

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def work(*args: Any) -> Any:
            assert free.wait(DEADLINE)
            done.append(name)
            return real(*args)

        return work

    monkeypatch.setattr(turns, "PATIENCE", DEADLINE)  # or some would be told to come later
    monkeypatch.setattr(Passwords, "hash", noted("register", Passwords.hash))
    monkeypatch.setattr(Passwords, "verify", noted("login", Passwords.verify))
    many = [RawPeer(server, source=f"127.0.1.{number % 12 + 1}") for number in range(60)]
    for number, peer in enumerate(many):
        peer.say("register", user=f"u{number}", password="x")
    kinds = server.server.services.logins._kinds
    wait_until(lambda: kinds[REGISTER].queue.waiting == len(many) - 4, "all threads are taken, and many wait")
    with RawPeer(server, source="127.0.0.2") as ann:
        ann.say("login", user="ann", password="ann")
        wait_until(lambda: kinds[0].queue.waiting == 1, "the login waits, too")
        free.set()
        assert ann.read()["result"] == "success"
        assert done.index("login") < 10, "behind those that had begun, and hardly more"
    for peer in many:
        assert peer.read()["result"] == "success"
        peer.close()


@PLAIN
def test_many_tokens_of_one_address_do_not_hold_up_another(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the next batch there is something of everybody (`test_executor`); here: who is asked to pay."""
    ann = server.user("ann")
    payers: list[Any] = []
    submit = server.server.services.gatherer.submit

    def noted(payer: Any, kind: Any, item: Any) -> None:
        payers.append(payer)
        submit(payer, kind, item)

    monkeypatch.setattr(server.server.services.gatherer, "submit", noted)
    server.connect().resume("ann", ann.token)
    with RawPeer(server, source="127.0.0.2") as elsewhere:
        assert elsewhere.ask("resume", user="ann", token="x" * 43)["result"] == "token_error"
    assert [payer.address for payer in payers] == ["127.0.0.1", "127.0.0.2"]
    assert payers[0].account != payers[1].account, "who only says to be somebody pays nothing for her"
