"""Clients that wait for their turn to log in, and say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatd.security.turns import Turns
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import Refused
from chatwire.events import LinkUp, Waiting
from chatwire.terminal.network import Network, Posted
from chatwire.turn import LONGEST_PAUSE, in_turn, pause_before, seconds_until_turn
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ({"result": "rate_limited", "retry_after_ms": 1500}, 1.5),
        ({"result": "rate_limited", "retry_after_ms": -1}, 0.0),
        ({"result": "rate_limited"}, None),
        ({"result": "rate_limited", "retry_after_ms": "soon"}, None),
        ({"result": "rate_limited", "retry_after_ms": float("inf")}, None),
        ({"result": "password_error", "retry_after_ms": 1500}, None),
    ],
)
def test_what_a_refusal_says_about_the_turn(reply: Object, seconds: float | None) -> None:
    assert seconds_until_turn(reply) == seconds


def test_nobody_waits_long_without_asking_again() -> None:
    assert 1.0 < pause_before(1.0) < 1.2
    assert pause_before(600.0) == LONGEST_PAUSE


def test_one_asks_until_it_is_ones_turn_or_gives_up() -> None:
    def answers(*words: str) -> Callable[[], str]:
        left = list(words)

        def ask() -> str:
            word = left.pop(0)
            if word != "success":
                raise Refused({"cmd": "login_reply", "result": word, "retry_after_ms": 2000})
            return word

        return ask

    waits: list[float] = []

    def wait(seconds: float, pause: float) -> bool:
        waits.append(seconds)
        return len(waits) < 4

    assert in_turn(answers("rate_limited", "rate_limited", "success"), wait) == "success"
    assert waits == [2.0, 2.0]
    with pytest.raises(Refused, match="password_error"):
        in_turn(answers("rate_limited", "password_error"), wait)
    with pytest.raises(Refused, match="rate_limited"):
        in_turn(answers("rate_limited", "success"), wait)


@pytest.mark.once
def test_the_terminal_client_waits_for_a_new_account_and_for_its_login(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter((30, 0, 20, 0))
    monkeypatch.setattr(Turns, "wait_ms", lambda *args: next(waits))
    posted: list[Posted] = []

    def connect() -> Client:
        return Client(server.host, server.port, tls=server.tls, fingerprint=server.fingerprint if server.tls else None)

    network = Network(connect, posted.append)
    network.start()
    network.register("ann", "secret").result(DEADLINE)
    assert posted == [Waiting(0.03)]
    network.login("ann", "secret", list)
    wait_until(lambda: any(isinstance(event, LinkUp) for event in posted))
    assert Waiting(0.02) in posted
    network.stop(DEADLINE)
