"""Each scenario notices when something between it and the server drops, doubles or changes one single thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.load.conductor import Conductor
from tests.load.figures import Result
from tests.load.plan import Plan
from tests.load.proxy import Deed, Meddling, ProxiedChatd, double, drop, garble, swap
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.files import Files
from tests.load.scenarios.history import History
from tests.load.scenarios.logins import Logins
from tests.load.scenarios.presence import Presence
from tests.load.scenarios.reconnecting import Reconnecting
from tests.load.scenarios.slow import Slow
from tests.load.scenarios.storm import ResumeStorm
from tests.load.targets.chatd import Chatd

PUSH = b'"cmd":"private_chat","user_from"'
REPLY = b'"cmd":"private_chat_reply"'
GROUP_PUSH = b'"cmd":"group_chat","user"'
HISTORY, SYNC = b'"cmd":"history_reply"', b'"cmd":"sync_reply"'
OFFER = b'"cmd":"recv_file_port_reply"'

Object = dict[str, Any]


pytestmark = pytest.mark.usefixtures("all_ended")


def failed(scenario: Scenario, meddling: Meddling, *, files: bool = False, seconds: float = 0.4) -> Result:
    plan = Plan([scenario], seconds=seconds, warm_up=0.1, patience=1.0)
    result = Conductor(plan, ProxiedChatd(meddling, files=files)).run()
    assert meddling.done.is_set(), "the proxy has found nothing to meddle with"
    assert not result.ok()
    return result


def changed(how: Callable[[Object], object]) -> Deed:
    """Do something with the object on the line."""

    def deed(lines: list[bytes]) -> list[bytes]:
        found = json.loads(lines[0])
        how(found)
        return [json.dumps(found, separators=(",", ":")).encode() + b"\n"]

    return deed


def test_a_login_that_is_not_answered() -> None:
    result = failed(Logins(3), Meddling(drop, b'"cmd":"login_reply"', user=2, at=1))
    assert result.errors == {"unanswered": 1}
    assert re.search(r"[a-z]+n2 ", result.failures[0].detail)


def test_a_login_that_is_refused() -> None:
    refuse = changed(lambda reply: reply.update(result="password_error"))
    result = failed(Logins(3), Meddling(refuse, b'"cmd":"login_reply"', user=2, at=1))
    assert result.errors == {"refused": 1}


@pytest.mark.parametrize(
    ("deed", "kind", "at"),
    [(drop, "lost", 1), (drop, "lost", 4), (double, "doubled", 1), (swap, "disordered", 4), (garble, "altered", 1)],
)
def test_a_message_of_a_storm(deed: Deed, kind: str, at: int) -> None:
    result = failed(ResumeStorm(4, missed=3), Meddling(deed, PUSH, user=2, at=at))
    assert kind in result.errors, result.failures


@pytest.mark.parametrize("notice", [b'"cmd":"friend_login"', b'"cmd":"friend_offline"'])
@pytest.mark.parametrize(("deed", "kind"), [(drop, "lost"), (double, "doubled")])
def test_a_notice_of_presence(notice: bytes, deed: Deed, kind: str) -> None:
    result = failed(Presence(1, friends=1), Meddling(deed, notice, user=2, at=2))
    assert kind in result.errors, result.failures
    assert re.search(r"of [a-z]+n1 to [a-z]+n2", result.failures[0].detail)


def test_a_friend_who_is_said_to_be_away() -> None:
    away = changed(lambda reply: reply["friends"][0].update(online=False))
    result = failed(Presence(1, friends=1), Meddling(away, b'"cmd":"resume_reply"', user=1, at=1))
    assert result.errors == {"altered": 1}


def gap(reply: Object) -> None:
    del reply["messages"][3]


def repeat(reply: Object) -> None:
    reply["messages"].insert(3, reply["messages"][3])


def other_order(reply: Object) -> None:
    reply["messages"][3:5] = reply["messages"][4:2:-1]


def other_text(reply: Object) -> None:
    reply["messages"][3]["text"] += "x"


def no_more(reply: Object) -> None:
    reply["more"] = False


@pytest.mark.parametrize(
    ("page", "how", "kind"),
    [
        (HISTORY, gap, "lost"), (HISTORY, repeat, "doubled"), (HISTORY, other_order, "disordered"),
        (HISTORY, other_text, "altered"), (HISTORY, no_more, "lost"),
        (SYNC, gap, "lost"), (SYNC, other_text, "altered"),
    ],
)  # fmt: skip
def test_a_page(page: bytes, how: Callable[[Object], object], kind: str) -> None:
    result = failed(History(1, messages=80, page=10), Meddling(changed(how), page, user=2, at=2))
    assert kind in result.errors, result.failures
    assert re.search(r"n2 reads (history|sync)", result.failures[0].detail)


@pytest.mark.parametrize(("deed", "kind"), [(drop, "lost"), (double, "doubled"), (garble, "altered")])
def test_a_message_between_cuts(deed: Deed, kind: str) -> None:
    """Without a cut soon after it, or it would be told again."""
    result = failed(Reconnecting(1, every=10**6), Meddling(deed, PUSH, user=2, at=20))
    assert kind in result.errors, result.failures


@pytest.mark.parametrize(("deed", "kind"), [(drop, "unacknowledged"), (double, "doubled")])
def test_an_acknowledgement_between_cuts(deed: Deed, kind: str) -> None:
    result = failed(Reconnecting(1, every=10**6), Meddling(deed, REPLY, user=1, at=20))
    assert kind in result.errors, result.failures


@pytest.mark.parametrize("user", [2, 4], ids=["quick", "slow"])
def test_a_message_to_slow_readers_and_the_others(user: int) -> None:
    result = failed(Slow(1, lag=64.0, text=1000), Meddling(drop, GROUP_PUSH, user=user, at=20))
    assert any(failure.kind == "lost" and f"n{user}" in failure.detail for failure in result.failures)


def test_a_server_that_keeps_everything_for_slow_readers() -> None:
    target = Chatd(options=["--output-hard", str(1 << 30)])
    result = Conductor(Plan([Slow(1, lag=8.0, text=16_000)], seconds=3.0, warm_up=0.1, patience=20.0), target).run()
    assert result.errors.keys() == {"kept"}, result.failures


class Every(Meddling):
    """Meddles with all of them: a user's second session hears of an offer, too, and does nothing about it."""

    def with_line(self, line: bytes) -> list[bytes]:
        if self.lines not in line:
            return [line]
        self.done.set()
        return self.deed([line])


def other_file(offer: Object) -> None:
    offer["sha256"] = "0" * 64


def other_place(offer: Object) -> None:
    offer["url"] = re.sub(r"/[^/?]+[?]", "/nothing?", offer["url"])


@pytest.mark.parametrize(("how", "kind"), [(other_file, "altered"), (other_place, "refused")])
def test_an_offer(how: Callable[[Object], object], kind: str) -> None:
    result = failed(Files(1, size=0.2), Every(changed(how), OFFER, user=2, at=0), files=True)
    assert kind in result.errors, result.failures
    assert re.search(r"from [a-z]+n1 to [a-z]+n2", result.failures[0].detail)


def test_a_transfer_that_does_not_end() -> None:
    """A download of what is not there yet waits."""
    result = failed(Files(1, size=0.2), Every(drop, OFFER, user=2, at=0), files=True)
    assert result.errors == {"lost": 1}
