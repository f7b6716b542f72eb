"""Lists of bubbles, without a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PyQt5.QtWidgets import QApplication

from qtclient.records import Message
from qtclient.widgets.message_view import MessageView
from tests.qtclient.widgets.messages import ROLE, NoFiles, Rows

Show = Callable[[list[Message]], tuple[MessageView, Rows]]


@pytest.fixture
def show(qapp: QApplication) -> Iterator[Show]:
    """``show(messages)``: a view of them on the screen, and its model."""
    views: list[MessageView] = []

    def make(messages: list[Message]) -> tuple[MessageView, Rows]:
        view, rows = MessageView(ROLE, NoFiles()), Rows(messages)
        rows.setParent(view)
        view.setModel(rows)
        view.resize(480, 600)
        view.show()
        qapp.processEvents()
        views.append(view)
        return view, rows

    yield make
    for view in views:
        view.close()
        view.deleteLater()
