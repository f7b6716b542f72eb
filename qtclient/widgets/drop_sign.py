"""The sign over a conversation while files hover over it. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QVBoxLayout, QWidget

from qtclient.widgets.worded import label, set_role


class DropSign(QFrame):
    """Says where the files would go."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "drop")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words = label("heading", wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.addWidget(self._words)
        self.hide()

    def say(self, text: str) -> None:
        """In which words."""
        self._words.setText(text)
