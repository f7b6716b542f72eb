"""The accounts of senders and hearers whose connections come and go, and of pages, fed by hand."""

from __future__ import annotations

import pytest

from tests.load.ledger import Ledger
from tests.load.scenarios.line import KEPT, Hearing, Line
from tests.load.scenarios.walk import Entry, Walk
from tests.load.texts import Phrases
from tests.load.wires.base import Conversation


class Mute:
    def speak(self) -> None:
        """It does not."""


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def line(ledger: Ledger) -> Line:
    made = Line(ledger, Mute(), Phrases("run", "bob", "amy", 64), Conversation("bob", False), window=4, lag=6)
    made.hearers.clear()
    return made


def say(line: Line, count: int) -> list[str]:
    return [line.said[line.say(0)][0] for _ in range(count)]


def test_a_session_that_goes_back_is_told_again(line: Line, ledger: Ledger) -> None:
    hearing = Hearing(line, "bob")
    texts = say(line, 5)
    assert [hearing.hear(text, mid) for mid, text in enumerate(texts, 1)] == [(n, True) for n in range(1, 6)]
    hearing.go_back(4)
    assert not hearing.has_all()
    assert [hearing.hear(texts[3], 4), hearing.hear(texts[4], 5)] == [(4, False), (5, False)]
    assert hearing.has_all()
    assert not ledger.failures


def test_what_should_be_told_again_and_is_not(line: Line, ledger: Ledger) -> None:
    hearing = Hearing(line, "bob")
    texts = say(line, 3)
    for mid, text in enumerate(texts, 1):
        hearing.hear(text, mid)
    hearing.go_back(2)
    hearing.hear(texts[2], 3)
    hearing.finish()
    assert ledger.errors == {"lost": 1}
    assert ledger.failures[0].detail == "bob: message 2 of amy to bob"


def test_a_known_message_under_another_number(line: Line, ledger: Ledger) -> None:
    hearing = Hearing(line, "bob")
    texts = say(line, 1)
    hearing.hear(texts[0], 7)
    hearing.go_back(1)
    hearing.hear(texts[0], 8)
    assert ledger.errors == {"altered": 1}


def test_what_is_heard_without_having_been_said(line: Line, ledger: Ledger) -> None:
    hearing = Hearing(line, "bob")
    say(line, 1)
    assert hearing.hear(line.phrases.text(2), 1) == (0, False)
    assert hearing.hear("hello", 2) == (0, False)
    assert ledger.errors == {"altered": 2}


@pytest.mark.parametrize(
    ("numbers", "errors"),
    [
        ([1, 2, 3], {}),
        ([1, 3], {"unacknowledged": 1}),
        ([1, 3, 2], {"disordered": 1}),
        ([1, 1, 2, 3], {"doubled": 1}),
        ([1], {"unacknowledged": 2}),
    ],
)
def test_acknowledgements(line: Line, ledger: Ledger, numbers: list[int], errors: dict[str, int]) -> None:
    say(line, 3)
    for number in numbers:
        line.answered(number, {"mid": 10 + number})
    line.finish()
    assert ledger.errors == errors


def test_room_is_bounded_by_acknowledgements_and_by_the_slowest(line: Line) -> None:
    quick, slow = Hearing(line, "bob"), Hearing(line, "cat")
    assert line.room() == 4
    texts = say(line, 4)
    assert line.room() == 0
    for number, text in enumerate(texts, 1):
        line.answered(number, {"mid": number})
        quick.hear(text, number)
    assert line.room() == 2
    slow.hear(texts[0], 1)
    assert line.room() == 3
    line.most = 5
    assert line.room() == 1


def test_what_all_have_heard_is_forgotten_but_for_the_last(line: Line, ledger: Ledger) -> None:
    hearing = Hearing(line, "bob")
    for number in range(1, 3 * KEPT + 1):
        hearing.hear(say(line, 1)[0], number)
        line.answered(number, {"mid": number})
    line.forget()
    assert len(line.said) == KEPT
    hearing.go_back(3 * KEPT - 1)
    assert hearing.hear(line.phrases.text(3 * KEPT - 1), 3 * KEPT - 1) == (3 * KEPT - 1, False)
    assert not ledger.failures


ENTRIES = [Entry(mid, 5, "private_chat", "amy", "bob", f"text {mid}") for mid in range(10, 100, 10)]


def page(*mids: int, more: bool, text: str = "text") -> dict[str, object]:
    messages = [
        {"cmd": "private_chat", "user_from": "amy", "user_to": "bob", "text": f"{text} {mid}", "mid": mid, "ts": 5}
        for mid in mids
    ]
    return {"cmd": "history_reply", "result": "success", "messages": messages, "more": more}


def test_all_pages_backward_and_forward(ledger: Ledger) -> None:
    back = Walk("bob", ENTRIES, 4, {"peer": "amy"})
    assert back.take(page(60, 70, 80, 90, more=True), ledger.fail) == (4, True)
    assert back.take(page(50, more=True), ledger.fail) == (1, True)  # no more may fit
    assert back.take(page(10, 20, 30, 40, more=False), ledger.fail) == (4, False)
    forward = Walk("bob", ENTRIES, 5, {})
    assert forward.take(page(10, 20, 30, 40, 50, more=True), ledger.fail) == (5, True)
    assert forward.take(page(60, 70, 80, 90, more=False), ledger.fail) == (4, False)
    assert not ledger.failures


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(10, 20, 40, more=True), "lost"),
        (page(20, 30, 40, more=True), "lost"),
        (page(10, 20, 20, more=True), "doubled"),
        (page(10, 30, 20, more=True), "disordered"),
        (page(10, 20, 25, more=True), "altered"),
        (page(10, 20, 30, more=True, text="test"), "altered"),
        (page(10, 20, 30, 40, more=True), "altered"),
        (page(10, 20, 30, more=False), "lost"),
        (page(more=False), "lost"),
        (page(more=True), "lost"),
    ],
)
def test_a_wrong_page(ledger: Ledger, reply: dict[str, object], kind: str) -> None:
    walk = Walk("bob reads sync", ENTRIES, 3, {})
    assert walk.take(reply, ledger.fail)[1] is False
    assert ledger.errors == {kind: 1}
    assert "bob reads sync" in ledger.failures[0].detail


def test_more_where_there_is_nothing(ledger: Ledger) -> None:
    walk = Walk("bob", ENTRIES[:2], 5, {})
    assert walk.take(page(10, 20, more=True), ledger.fail) == (2, False)
    assert ledger.errors == {"altered": 1}
