"""The banner about the disk: why nothing can be kept now. GUI thread only."""

from __future__ import annotations

from PyQt5.QtWidgets import QHBoxLayout, QLabel, QWidget

from qtclient.i18n import tr
from qtclient.look.icons import icon
from qtclient.widgets.worded import Worded, label, set_role


class DiskBanner(Worded):
    """Hidden while all is well."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "notice")
        self._sign, self._words = QLabel(), label(wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self._sign)
        layout.addWidget(self._words, 1)
        self.say_words()
        self.hide()

    def say_words(self) -> None:
        self.setAccessibleName(tr("Disk"))

    def set_problem(self, problem: str) -> None:
        """Say this; nothing when all is well."""
        self._sign.setPixmap(icon("alert", "warning").pixmap(18, 18))
        self._words.setText(problem)
        self.setVisible(bool(problem))
