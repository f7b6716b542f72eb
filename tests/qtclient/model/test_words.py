"""Every line that these rooms can say has its Chinese, and the same fields in both."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qtclient.i18n import set_language
from qtclient.i18n.zh_lower import ZH_LOWER
from qtclient.model import aloud, words
from qtclient.net import problems

ROOT = Path(__file__).resolve().parents[3] / "qtclient"


def said() -> Iterator[str]:
    """What is written in calls of tr, ntr, line and Notice, and in the tables of words."""
    for path in [*(ROOT / "net").glob("*.py"), *(ROOT / "model").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {"tr": 0, "ntr": 1, "line": 0, "Notice": 0}.get(node.func.id)
                if at is not None and isinstance(node.args[at], ast.Constant):
                    yield str(node.args[at].value)  # type: ignore[attr-defined]
    yield from words._RESULTS.values()
    yield from (text for _, text in words._LINKS if text != "{word}")
    yield from (text for _, text in problems._KINDS)
    yield from aloud._STATES.values()


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_everything_has_its_chinese() -> None:
    missing = {text for text in said() if text not in ZH_LOWER}
    assert not missing


def test_fields_are_the_same_in_both() -> None:
    for english, chinese in ZH_LOWER.items():
        assert fields(english) == fields(chinese), english


@pytest.mark.parametrize("why", ["database or disk is full", "database is locked", "disk I/O error"])
@pytest.mark.parametrize("say", [problems.of_disk, problems.of_start, problems.of_opening])
def test_a_disk_that_takes_nothing_is_told_in_both_languages(say: Callable[[str], str], why: str) -> None:
    english = words.problem(say(why))
    try:
        set_language("zh")
        chinese = words.problem(say(why))
    finally:
        set_language("en")
    assert english.isascii() or "…" in english
    assert not chinese.isascii()
    assert ("I/O" in why) == (why in english) == (why in chinese)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_problems_survive_being_kept(language: str) -> None:
    try:
        set_language(language)
        text = words.problem(problems.line("The server takes no file of more than {limit} bytes.", limit=1000))
        assert "1000" in text
        assert words.problem("user_not_exist") != "user_not_exist"
        assert words.problem("[nonsense") == "[nonsense"
        assert words.problem("{nothing}") == "{nothing}"
        assert "dance" in words.result("dance")
        assert "refused" in words.link("cannot connect to 127.0.0.1:1: Connection refused")
    finally:
        set_language("en")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("the server does not answer", "The server does not answer."),
        ("chat.example.org:8000 cannot be reached (refused)", "chat.example.org:8000 cannot be reached (refused)."),
        ("The password is wrong.", "The password is wrong."),
        ("服务器没有应答", "服务器没有应答。"),
    ],
)
def test_a_reason_that_stands_by_itself_is_a_sentence(reason: str, said: str) -> None:
    assert words.sentence(reason) == said
