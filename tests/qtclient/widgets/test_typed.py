"""Fields of one line: whole characters, whatever Qt counts, and no other kind of field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtGui import QInputMethodEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from qtclient.widgets.typed import LineField

QTCLIENT = Path(__file__).parents[3] / "qtclient"


@pytest.fixture
def field(qapp: QApplication) -> Iterator[LineField]:
    field = LineField(most=64)
    field.show()
    yield field
    field.close()
    field.deleteLater()


def test_the_limit_counts_characters_and_cuts_none(field: LineField) -> None:
    field.insert("a" * 63 + "👍🏽")
    assert field.text() == "a" * 63 + "👍"
    field.insert("b")
    assert field.text() == "a" * 63 + "👍"
    QTest.keyClick(field, "\b")
    QTest.keyClicks(field, "cd")
    assert field.text() == "a" * 63 + "c"


def test_half_a_character_becomes_a_sign(field: LineField) -> None:
    QApplication.clipboard().setText("ann\ud83d")
    field.paste()
    assert field.text() == "ann\ufffd"


def test_what_is_being_composed_is_part_of_what_was_entered(field: LineField) -> None:
    event = QInputMethodEvent("녕", [])
    event.setCommitString("안")
    QApplication.sendEvent(field, event)
    assert field.entered() == "안녕"


def test_no_field_counts_halves() -> None:
    """Qt's own fields of a line count and cut UTF-16, and `toPlainText` changes spaces."""
    wrong = [
        f"{path.name}: {found[0]}"
        for path in sorted(QTCLIENT.rglob("*.py"))
        for found in [re.findall(r"\bQLineEdit\(\)|setMaxLength|\btoPlainText\(", path.read_text())]
        if found and path.name != "watch.py"  # shows a file, and compares it
    ]
    assert wrong == []
