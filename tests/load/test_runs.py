"""Whole runs of the load test: against servers that it starts and that it is given, frozen and killed ones."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

import pytest

from tests.conftest import ProcessFactory, assert_nothing_left, resources
from tests.load import saved
from tests.load.conductor import Conductor
from tests.load.conftest import PATIENCE
from tests.load.figures import Moment
from tests.load.generator import MEASURE
from tests.load.plan import Plan, deal, population
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.pairs import Pairs
from tests.load.targets.base import Address, Unusable
from tests.load.targets.chatd import Chatd
from tests.load.targets.given import Given
from tests.support.combinations import PLAIN, TRANSPORTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def tracker() -> None:
    ensure_running()  # multiprocessing's; it stays until the end of the tests


@pytest.fixture
def nothing_left(tracker: None) -> Iterator[None]:
    before = resources()
    yield
    assert_nothing_left(before)


class Trap:
    """A display that does something with each moment of the measured phase."""

    def __init__(self, spring: Callable[[int], None]) -> None:
        self._phase = ""
        self._moments = 0
        self._spring = spring

    def phase(self, name: str, seconds: float = 0.0) -> None:
        self._phase = name

    def show(self, moment: Moment, errors: Mapping[str, int], done: float | None = None) -> None:
        if self._phase == MEASURE:
            self._moments += 1
            self._spring(self._moments)


@pytest.mark.usefixtures("nothing_left")
def test_everything_at_once_in_two_processes() -> None:
    scenarios = [Groups(2, 5, 2), Pairs(4, both=True), Pairs(4, rate=100.0), Idle(120), Groups(1, 3, 3, window=2)]
    result = Conductor(Plan(scenarios, seconds=1.0, warm_up=0.2, processes=2, patience=PATIENCE), Chatd()).run()
    assert result.ok(), result.failures
    assert len(result.generator_cpu) == 2
    assert result.moments[-1].connected == 10 + 8 + 8 + 120 + 3
    assert result.acked > 0
    assert result.latency["max"] >= result.latency["p50"] > 0
    assert result.server_cpu > 0
    assert result.server_rss > 0


@TRANSPORTS
def test_a_server_that_is_given(make_process: ProcessFactory) -> None:
    server = make_process("--limits", "off")
    address = Address(server.host, server.port, server.tls, server.fingerprint)
    plan = Plan([Groups(1, 4, 2), Pairs(2)], seconds=0.4, warm_up=0.1, patience=PATIENCE)
    result = Conductor(plan, Given(address)).run()
    assert result.ok(), result.failures
    assert result.delivered > 0
    assert result.server_cpu == 0


@PLAIN
def test_a_server_that_limits_is_named(make_process: ProcessFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.load.targets.given.PATIENCE", 0.5)
    server = make_process()
    given = Given(Address(server.host, server.port, server.tls, server.fingerprint))
    with pytest.raises(Unusable, match=r"rate_limited.*--limits off"):
        given.start(population(Plan([Idle(400)]).casts()))


@pytest.mark.usefixtures("nothing_left")
def test_no_server_there() -> None:
    with pytest.raises(Unusable, match="refused"):
        Conductor(Plan([Pairs(1)]), Given(Address("127.0.0.1", 1))).run()


@pytest.mark.usefixtures("nothing_left")
def test_a_frozen_server_delays_what_was_due_meanwhile() -> None:
    """A schedule goes on while the server does not answer, and its messages count from when they were due."""
    target = Chatd()

    def spring(moment: int) -> None:
        for pid in target.pids():
            os.kill(pid, {1: signal.SIGSTOP, 2: signal.SIGCONT}.get(moment, 0))

    plan = Plan([Pairs(5, rate=200.0)], seconds=2.2, warm_up=0.1, patience=PATIENCE)
    result = Conductor(plan, target, Trap(spring)).run()
    assert result.ok(), result.failures
    assert result.latency["max"] >= 400  # ms; it was frozen for half a second
    assert result.latency["p90"] >= 100  # those due in the first three fifths of it wait longer than that
    assert abs(result.sent - 200 * result.seconds) <= 60  # nothing was left out


@pytest.mark.usefixtures("nothing_left")
def test_a_killed_server_fails_the_run() -> None:
    target = Chatd()

    def spring(moment: int) -> None:
        for pid in target.pids():
            os.kill(pid, signal.SIGKILL)

    result = Conductor(Plan([Groups(1, 4, 2), Pairs(2)], 0.8, 0.1, patience=2.0), target, Trap(spring)).run()
    assert not result.ok()
    assert result.errors["closed"] == 8


def test_the_command(tmp_path: Path) -> None:
    figures, drawing = tmp_path / "run.json", tmp_path / "run.png"
    options = [
        "--pairs",
        "2",
        "--seconds",
        "0.5",
        "--warm-up",
        "0.1",
        "--json",
        str(figures),
        "--picture",
        str(drawing),
    ]
    done = subprocess.run([sys.executable, "-m", "tests.load", *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert re.search(r"deliveries.*\d", done.stdout)
    assert saved.load(figures).ok()
    assert drawing.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "options",
    [["--seconds", "0"], ["--server", "nowhere"], ["--picture", "x.gif"], ["--pairs", "-1"], ["--fingerprint", "AB"]],
    ids=lambda options: options[0],
)
def test_a_bad_option_is_one_line(options: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.load", *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert options[0] in done.stderr.splitlines()[-1]


def test_casts_are_dealt_out_evenly() -> None:
    casts = Plan([Idle(1000), Pairs(10), Groups(3, 20, 2)]).casts()
    hands = deal(casts, 2)
    for index in range(3):
        people = [sum(len(cast.people) for of, cast in hand if of == index) for hand in hands]
        assert max(people) - min(people) <= 20
    dealt = [person.number for hand in hands for _, cast in hand for person in cast.people]
    assert sorted(dealt) == list(range(1, 1081))
