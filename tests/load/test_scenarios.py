"""Each scenario against a real server: nothing fails, and it has done what it is for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.conftest import ProcessFactory
from tests.load.conductor import Conductor
from tests.load.conftest import PATIENCE
from tests.load.figures import Result
from tests.load.options import check, parser, plan_of
from tests.load.plan import Plan
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.files import Files
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.history import History
from tests.load.scenarios.logins import Logins
from tests.load.scenarios.pairs import Pairs
from tests.load.scenarios.presence import Presence
from tests.load.scenarios.reconnecting import Reconnecting
from tests.load.scenarios.slow import Slow
from tests.load.scenarios.storm import ResumeStorm
from tests.load.targets.base import Address
from tests.load.targets.chatd import Chatd
from tests.load.targets.given import Given
from tests.support.combinations import TRANSPORTS

LOW_MARK = ["--output-hard", "500000"]  # bytes; slow readers are disconnected soon
SLOW = Slow(3, lag=8.0, text=16_000)
EVERYTHING: list[Scenario] = [
    Logins(30, at_once=7), ResumeStorm(60, missed=3, friends=9), Presence(2, friends=3),
    History(1, messages=230, page=50), Reconnecting(2, every=40),
    Reconnecting(1, size=4, every=40), Files(1, size=0.5), Pairs(2), Groups(1, 5, 2),
]  # fmt: skip


pytestmark = pytest.mark.usefixtures("all_ended")


def run(scenarios: Sequence[Scenario], target: Chatd, seconds: float = 0.8, processes: int = 1) -> Result:
    plan = Plan(scenarios, seconds=seconds, warm_up=0.2, patience=PATIENCE, processes=processes)
    result = Conductor(plan, target).run()
    assert result.ok(), result.failures
    return result


@pytest.mark.parametrize("processes", [1, 2])
def test_everything_at_once(tls: bool, processes: int) -> None:
    phases = run(EVERYTHING, Chatd(tls=tls, files=True), processes=processes).phases
    assert phases["logins"]["logins"] == 30
    assert phases["resume storm"]["resumes"] == 60
    assert phases["resume storm"]["missed messages"] >= 27 * 3  # every second of 9 in each of 6 circles was away
    assert phases["presence"]["notices"] == 3 * phases["presence"]["comings and goings"] > 0
    assert phases["history"]["messages read"] > 0
    assert phases["reconnecting"]["cuts"] > 0
    assert phases["files"]["MiB uploaded"] == phases["files"]["MiB downloaded"] >= 1


def test_on_mariadb() -> None:
    run(EVERYTHING, Chatd("mariadb", files=True))


def test_slow_readers_are_disconnected_and_lose_nothing(tls: bool) -> None:
    result = run([SLOW, Pairs(2)], Chatd(tls=tls, options=LOW_MARK), seconds=3.0)
    assert result.phases["slow readers"]["disconnected"] >= 3
    assert result.phases["slow readers"]["heard after a resume"] > 0


def test_those_who_stay_away_for_a_while() -> None:
    phases = run([Presence(2, friends=2, sessions=1, stay=0.25)], Chatd(), seconds=1.5).phases
    assert 2 <= phases["presence"]["comings and goings"] <= 2 * 8


@TRANSPORTS
def test_a_server_that_is_given(make_process: ProcessFactory) -> None:
    server = make_process("--limits", "off")
    address = Address(server.host, server.port, server.tls, server.fingerprint)
    scenarios: list[Scenario] = [
        Logins(5), Presence(1, friends=2), History(1, messages=40, page=10), Reconnecting(1, every=20),
    ]  # fmt: skip
    result = Conductor(Plan(scenarios, seconds=0.4, warm_up=0.1, patience=PATIENCE), Given(address)).run()
    assert result.ok(), result.failures
    assert result.phases["logins"]["logins"] == 5


def test_the_options_make_all_scenarios() -> None:
    events = ["logins", "storm", "presence", "history", "slow", "reconnecting", "files"]
    options = parser().parse_args([word for event in events for word in (f"--{event}", "3")])
    made = [scenario.name for scenario in plan_of(options).scenarios]
    assert made == ["logins", "resume storm", "presence", "history", "slow readers", "reconnecting", "files"]
    assert "--storm" in check(parser().parse_args(["--storm", "3", "--server", "127.0.0.1:1"]))
