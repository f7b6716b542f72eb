"""The other servers, as they are installed here: each does its workloads, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from chatwire.client import Client
from tests.load.conductor import Conductor
from tests.load.plan import Plan, population
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.pairs import Pairs
from tests.load.targets.base import Population, Target, Unusable
from tests.load.targets.inspircd import Inspircd
from tests.load.targets.mosquitto import Mosquitto
from tests.load.targets.peer import Peer
from tests.load.targets.plain import Plain
from tests.load.targets.prosody import Prosody

KINDS: list[Callable[[], Target]] = [Inspircd, Mosquitto, Prosody, Plain]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def peer(request: pytest.FixtureRequest) -> Target:
    """A server that can be started here."""
    target: Target = request.param()
    try:
        target.start(Population([], {}))
    except Unusable as error:
        pytest.skip(str(error))
    target.stop()
    return target


EVERYTHING: list[Scenario] = [
    Groups(2, 5, 2, 4), Groups(1, 3, 3, 2), Pairs(3, 4), Pairs(2, 1, both=True), Pairs(2, rate=50), Idle(20),
]  # fmt: skip


def test_every_message_of_a_peer_is_accounted_for(peer: Target) -> None:
    result = Conductor(Plan(EVERYTHING, seconds=0.5, warm_up=0.3), peer).run()
    assert result.ok(), result.failures
    assert result.delivered > 0
    assert result.target == peer.name
    assert result.server_rss > 0


class Counting(Prosody):
    """Looks into the archives before they are removed."""

    archived = 0

    def stop(self) -> None:
        if self._folder is not None:
            self.archived = sum(path.read_text().count("item(") for path in self._folder.rglob("*.list"))
        super().stop()


@pytest.mark.parametrize(("scenario", "copies"), [(Groups(1, 3, 1, 2), 1), (Pairs(1, 2), 2)], ids=["room", "pair"])
def test_prosody_keeps_what_is_said(scenario: Scenario, copies: int) -> None:
    """A room's messages once, others in the archives of both."""
    peer = Counting()
    try:
        result = Conductor(Plan([scenario], seconds=0.3, warm_up=0.2), peer).run()
    except Unusable as error:
        pytest.skip(str(error))
    assert result.ok(), result.failures
    assert peer.archived >= copies * result.sent > 0


def test_nothing_of_a_peer_is_left(peer: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    people = Plan([Groups(1, 3, 1, 1)]).casts()
    peer.start(population(people))
    (pid,) = peer.pids()
    assert psutil.pid_exists(pid)
    assert list(tmp_path.iterdir())
    peer.stop()
    peer.stop()
    assert not psutil.pid_exists(pid)
    assert not list(tmp_path.iterdir())
    assert not peer.pids()
    assert peer.version


class Nowhere(Peer):
    """A server that is not installed."""

    name = "Nowhere"
    binary = "no-such-server"

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> list[str]:
        raise AssertionError


class Hopeless(Nowhere):
    """One that ends at once."""

    name = "Hopeless"
    binary = "sh"

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> list[str]:
        return [found, "-c", "echo no luck >&2; exit 1"]


def test_who_cannot_take_part_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(Unusable, match=r"^Nowhere: not installed$"):
        Nowhere().start(Population([], {}))
    with pytest.raises(Unusable, match=r"^Hopeless: ended at its start: no luck$"):
        Hopeless().start(Population([], {}))
    assert not list(tmp_path.iterdir())


def test_the_plain_server_speaks_our_protocol() -> None:
    plain = Plain()
    try:
        address = plain.start(Population([], {}))
    except Unusable as error:
        pytest.skip(str(error))
    try:
        _talk(address.port)
    finally:
        plain.stop()


def _talk(port: int) -> None:
    with Client("127.0.0.1", port, tls=False) as al, Client("127.0.0.1", port, tls=False) as bo:
        for client, name in ((al, "al"), (bo, "bo")):
            assert client.request("register", user=name, password="pw")["result"] == "success"
            assert client.request("register", user=name, password="pw")["result"] == "user_exist"
            assert client.request("private_chat", user_to="al", text="hi")["result"] == "bad_request"
            assert client.request("login", user=name, password="wrong")["result"] == "password_error"
            assert client.request("login", user=name, password="pw")["result"] == "success"
        assert al.request("create_group", group="club")["result"] == "success"
        assert al.request("create_group", group="club")["result"] == "group_exist"
        assert bo.request("group_chat", group="club", text="hi")["result"] == "not_in_group"
        assert bo.request("add_group", group="nowhere")["result"] == "group_not_exist"
        assert bo.request("add_group", group="club")["result"] == "success"
        reply = al.request("group_chat", group="club", text="hi")
        push = bo.next_push(15)
        assert push == {"cmd": "group_chat", "user": "al", "group": "club", "text": "hi",
                        "mid": reply["mid"], "ts": reply["ts"]}  # fmt: skip
        assert bo.request("private_chat", user_to="nobody", text="hi")["result"] == "user_not_exist"
        assert bo.request("private_chat", user_to="al", text="psst")["mid"] > reply["mid"]
        assert (al.next_push(15) or {})["text"] == "psst"
        assert al.request("private_chat", user_to="bo", text=7)["result"] == "bad_request"
