"""The load test notices when something between it and the server drops, doubles, swaps or changes one message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from multiprocessing.resource_tracker import ensure_running

import pytest

from tests.conftest import assert_nothing_left, resources
from tests.load.conductor import Conductor
from tests.load.figures import Result
from tests.load.plan import Plan
from tests.load.proxy import Deed, Meddling, ProxiedChatd, double, drop, garble, swap
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.pairs import Pairs

PUSH = {"groups": b'"cmd":"group_chat","user"', "pairs": b'"cmd":"private_chat","user_from"'}
REQUEST = {"groups": b'"cmd":"group_chat","group"', "pairs": b'"cmd":"private_chat","user_to"'}
REPLY = {"groups": b'"cmd":"group_chat_reply"', "pairs": b'"cmd":"private_chat_reply"'}

GROUP = Groups(count=1, size=6, senders=2, window=4)
PAIR = Pairs(count=2, window=4)
BOTH = Pairs(count=2, window=4, both=True)
ALL_SPEAK = Groups(count=1, size=3, senders=3, window=4)

DEEDS = [(drop, "lost"), (double, "doubled"), (swap, "disordered"), (garble, "altered")]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    ensure_running()  # of multiprocessing; it stays until the end of the tests
    before = resources()
    yield
    assert_nothing_left(before)


def run(scenario: Scenario, meddling: Meddling | None, tls: bool, patience: float = 1.5) -> Result:
    plan = Plan([scenario], seconds=0.6, warm_up=0.3, patience=patience)
    return Conductor(plan, ProxiedChatd(meddling, tls=tls)).run()


def failed(scenario: Scenario, meddling: Meddling, tls: bool = False) -> Result:
    result = run(scenario, meddling, tls)
    assert meddling.done.is_set(), "the proxy has found nothing to meddle with"
    assert not result.ok()
    assert result.failure_count == sum(result.errors.values()) >= len(result.failures) > 0
    return result


@pytest.mark.parametrize("scenario", [GROUP, PAIR, BOTH, ALL_SPEAK], ids=["group", "pair", "both", "all-speak"])
def test_nothing_fails_behind_an_honest_proxy(scenario: Scenario, tls: bool) -> None:
    result = run(scenario, None, tls, patience=30.0)
    assert result.ok(), result.failures
    assert result.delivered > 0
    assert result.sent > 0


def name_of(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("user", [1, 3, 6])
@pytest.mark.parametrize(("deed", "kind"), DEEDS, ids=name_of)
def test_one_message_to_one_member_of_a_group(deed: Deed, kind: str, user: int) -> None:
    result = failed(GROUP, Meddling(deed, PUSH["groups"], user, at=10))
    assert any(failure.kind == kind and f"n{user}" in failure.detail for failure in result.failures), result.failures


@pytest.mark.parametrize(("deed", "kind"), DEEDS, ids=name_of)
def test_one_message_of_a_pair(deed: Deed, kind: str) -> None:
    result = failed(PAIR, Meddling(deed, PUSH["pairs"], user=2, at=10))
    first = result.failures[0]
    assert kind in result.errors
    assert "p0: message" in first.detail
    assert re.search(r"of [a-z]+n1 to [a-z]+n2", first.detail)


@pytest.mark.parametrize(("scenario", "user"), [(GROUP, 3), (PAIR, 2)], ids=["group", "pair"])
@pytest.mark.parametrize(("deed", "kind"), DEEDS, ids=name_of)
def test_one_message_over_tls(scenario: Scenario, user: int, deed: Deed, kind: str) -> None:
    result = failed(scenario, Meddling(deed, PUSH[scenario.name], user, at=10), tls=True)
    assert kind in result.errors, result.failures


@pytest.mark.parametrize("scenario", [GROUP, PAIR], ids=["group", "pair"])
@pytest.mark.parametrize(("deed", "kind"), DEEDS, ids=name_of)
def test_one_message_on_its_way_to_the_server(scenario: Scenario, deed: Deed, kind: str) -> None:
    result = failed(scenario, Meddling(deed, REQUEST[scenario.name], user=1, at=10, up=True))
    assert kind in result.errors, result.failures


@pytest.mark.parametrize("scenario", [GROUP, PAIR], ids=["group", "pair"])
@pytest.mark.parametrize(
    ("deed", "kind"),
    [(drop, "unacknowledged"), (double, "doubled"), (swap, "disordered")],
    ids=["drop", "double", "swap"],
)
def test_one_acknowledgement(scenario: Scenario, deed: Deed, kind: str) -> None:
    result = failed(scenario, Meddling(deed, REPLY[scenario.name], user=1, at=10))
    assert kind in result.errors, result.failures


def test_the_last_message_is_missed_too() -> None:
    result = failed(Pairs(count=1, window=1), Meddling(drop, PUSH["pairs"], user=2, at=5))
    assert result.errors == {"lost": 1}
    assert ": message 5 of " in result.failures[0].detail
