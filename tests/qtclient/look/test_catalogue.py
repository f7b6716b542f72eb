"""Every word of the client is there in Chinese, with the same fields."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtclient import i18n
from qtclient.i18n.zh import WORDS
from tests.support.running import ROOT


def _said() -> Iterator[tuple[str, str]]:
    """Each text that the code asks `tr` or `ntr` for, and where."""
    for path in sorted((Path(ROOT) / "qtclient").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "ntr"):
                for argument in node.args[: 2 if node.func.id == "ntr" else 1]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value, f"{path.name}:{node.lineno}"


def _counted() -> set[str]:
    """Texts for one thing only: languages without a plural need none."""
    found = set()
    for path in (Path(ROOT) / "qtclient").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ntr":
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_there_in_chinese() -> None:
    one = _counted()
    missing = {text: where for text, where in _said() if text not in WORDS and text not in one}
    assert not missing


def test_a_translation_asks_for_nothing_that_is_not_given() -> None:
    allowed = {"{day} {month} {year}", "{day} {month}", "{day} {short}"}  # their number of the month is given, too
    wrong = {text: said for text, said in WORDS.items() if text not in allowed and not _fields(said) <= _fields(text)}
    assert not wrong


def test_no_translation_is_for_nothing() -> None:
    texts = {text for text, _ in _said()}
    from qtclient.i18n.zh_upper import ZH_UPPER

    assert not set(ZH_UPPER) - texts


@pytest.fixture
def _english_after() -> Iterator[None]:
    yield
    i18n.set_language("en")


@pytest.mark.usefixtures("_english_after")
def test_switching(monkeypatch: pytest.MonkeyPatch) -> None:
    i18n.set_language("zh")
    assert i18n.tr("Cancel") == "取消"
    assert i18n.ntr("{count} member", "{count} members", 1) == "1 名成员"
    i18n.set_language("en")
    assert i18n.tr("Cancel") == "Cancel"
    assert i18n.ntr("{count} member", "{count} members", 1) == "1 member"
    assert i18n.ntr("{count} member", "{count} members", 2) == "2 members"
    assert i18n.tr("{who}: {text}", who="a", text="{b}") == "a: {b}"


@pytest.mark.usefixtures("_english_after")
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("LANGUAGE", "zh_CN:en", "zh"),
        ("LC_ALL", "zh_TW.UTF-8", "zh"),
        ("LANG", "de_DE.UTF-8", "en"),
        ("LANG", "C", "en"),
    ],
)
def test_the_language_of_the_desktop(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    i18n.set_language("system")
    assert i18n.language() == expected
