"""The keyboard, key by key. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.model.settings import Settings
from qtclient.widgets.worded import label, set_role
from qtclient.windows.shortcuts import bind, chapters
from qtclient.windows.window import Window


class HelpWindow(Window):
    """Written from the table that the windows bind their keys by, so it cannot be wrong."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "help", (480, 640))
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)
        bind(self, "close", self.close)
        self.say_words()

    def say_words(self) -> None:
        self.setWindowTitle(tr("Keyboard"))
        self._area.setAccessibleName(tr("Keyboard"))
        page = QWidget()
        set_role(page, "window")
        grid = QGridLayout(page)
        grid.setContentsMargins(24, 20, 24, 24)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        row = 0
        for title, lines in chapters():
            head = label("heading")
            head.setText(title)
            head.setContentsMargins(0, 12 if row else 0, 0, 4)
            grid.addWidget(head, row, 0, 1, 2)
            for number, (keys, words) in enumerate(lines, row + 1):
                _add(grid, number, keys, words)
            row += len(lines) + 1
        grid.setRowStretch(row, 1)
        self._area.setWidget(page)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


def _add(grid: QGridLayout, row: int, keys: str, words: str) -> None:
    key, meaning = label("second"), label(wrap=True)
    key.setText(keys)
    key.setAlignment(Qt.AlignmentFlag.AlignTop)
    meaning.setText(words)
    grid.addWidget(key, row, 0)
    grid.addWidget(meaning, row, 1)
