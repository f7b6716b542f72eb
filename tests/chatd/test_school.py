"""Many behind one address, and one behind many: each person has a share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import chatd.server
from chatbase.options import ConfigError
from chatd.config import load
from chatd.fair_queue import Payer
from chatd.security.rates import Rate
from chatd.security.turns import Turns
from tests.conftest import ServerFactory
from tests.support.combinations import PLAIN
from tests.support.login_deadlines import LoginDeadlines
from tests.support.peers import RawPeer
from tests.support.running import RunningServer

PUPIL, STRANGER = "127.0.0.9", "127.0.0.20"
TRUSTED = ("--trusted-network", "127.0.0.8/30")


@PLAIN
def test_a_trusted_network_has_no_cap_of_connections_per_address(make_server: ServerFactory) -> None:
    server = make_server("--max-per-address", "2", "--trusted-network", "127.0.0.8/30", "--trusted-network", "::1")
    for source, last in (("127.0.0.9", "success"), ("127.0.0.20", "")):
        peers = [RawPeer(server, source=source) for _ in range(3)]
        for peer in peers[:2]:
            assert peer.ask("ping")["result"] == "success"
        if last:
            assert peers[2].ask("ping")["result"] == last
        else:
            assert peers[2].rest() == [{"cmd": "goodbye", "result": "too_many_connections"}]
        for peer in peers:
            peer.close()


def test_what_is_no_network_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"'10\.0\.0\.1/8' is no network"):
        load(["--trusted-network", "10.0.0.1/8"])


@PLAIN
def test_in_a_trusted_network_nothing_counts_for_the_address(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chatd.server, "REGISTRATIONS", Rate(1e-6, 3))
    server = make_server(*TRUSTED)
    for source, most in ((PUPIL, 10), (STRANGER, 3)):
        with RawPeer(server, source=source) as peer:
            words = [peer.ask("register", user=f"{source}-{n}", password="x")["result"] for n in range(10)]
        assert words.count("success") == most
        for number in range(60):
            server.server.services.failures.failed(f"somebody {number}", source)
        with RawPeer(server, source=source) as peer:
            word = peer.ask("login", user=f"{source}-0", password="x")["result"]
        assert word == ("success" if source == PUPIL else "rate_limited")


@PLAIN
def test_in_a_trusted_network_each_account_has_a_share(
    make_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(*TRUSTED)
    payers, submit = [], server.server.services.work.submit

    def noted(payer: Payer, job: Callable[[], None]) -> None:
        payers.append(payer)
        submit(payer, job)

    monkeypatch.setattr(server.server.services.work, "submit", noted)
    for source in (PUPIL, STRANGER):
        for name in ("ann", "ben"):
            with RawPeer(server, source=source) as peer:
                peer.log_in(f"{source}-{name}")
                assert peer.ask("sync", after=0)["result"] == "success"
    addresses = [payer.address for payer in payers]
    assert len({payer.account for payer in payers}) == 4
    assert len(set(addresses[:2])) == 2
    assert addresses[2:] == [STRANGER, STRANGER]


@PLAIN
def test_who_was_told_to_wait_may_stay_without_a_session(
    deadlines: LoginDeadlines, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.connect().register("ann", "ann")
    monkeypatch.setattr(Turns, "wait_ms", lambda *args: 60_000)
    with RawPeer(server) as waiting, RawPeer(server) as other:
        assert waiting.ask("login", user="ann", password="ann")["retry_after_ms"] == 60_000
        other.ask("ping")
        deadlines.pass_()
        assert other.rest()[-1:] == [{"cmd": "goodbye", "result": "login_timeout"}]
        monkeypatch.setattr(Turns, "wait_ms", lambda *args: 0)
        assert waiting.ask("login", user="ann", password="ann")["result"] == "success"
