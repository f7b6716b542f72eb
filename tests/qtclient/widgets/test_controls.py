"""Buttons under the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QVBoxLayout, QWidget

from qtclient.widgets.worded import button, tool


class _Prompting(QWidget):
    """A window to which Enter means its own deed."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.setLayout(QVBoxLayout())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        self.done.append("window")


@pytest.mark.parametrize("make", [button, lambda: tool("search")])
def test_enter_presses_the_button_that_has_the_focus(qapp: QApplication, make: Callable[[], QAbstractButton]) -> None:
    window, one = _Prompting(), make()
    layout = window.layout()
    assert layout is not None
    layout.addWidget(one)
    one.clicked.connect(lambda: window.done.append("button"))
    window.show()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        QTest.keyClick(one, key)
    assert window.done == ["button"] * 3
    QTest.keyClick(one, Qt.Key.Key_F5)
    assert window.done[3:] == ["window"]
    window.close()
    window.deleteLater()
