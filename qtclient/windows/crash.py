"""The window that says what to report after an unexpected exception. It blocks nothing."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import Qt, QUrl
from PyQt5.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PyQt5.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout

from qtclient.i18n import tr
from qtclient.look.icons import app_icon
from qtclient.widgets.worded import Worded, button, label, set_role

LONGEST = 60_000  # characters shown


class CrashWindow(Worded):
    """One window for all reports of a run: what comes while it is open is appended. GUI thread only."""

    def __init__(self, versions: str, log_path: Path) -> None:
        super().__init__()
        self._versions = versions
        self._log_path = log_path
        self._reports: list[str] = []
        self.setWindowFlags(Qt.WindowType.Window)
        self.setWindowIcon(app_icon())
        set_role(self, "window")
        self._title, self._words = label("title", wrap=True), label("second", wrap=True)
        self._report = QPlainTextEdit()
        self._report.setReadOnly(True)
        self._report.setTabChangesFocus(True)
        self._report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._report.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._copy, self._folder, self._close = button("primary"), button(), button()
        self._copy.clicked.connect(self.copy)
        self._folder.clicked.connect(self._open_folder)
        self._close.clicked.connect(self.close)
        self._lay_out()
        self.say_words()
        self.resize(720, 480)

    def say_words(self) -> None:
        self.setWindowTitle(tr("Something unexpected has happened"))
        self._title.setText(tr("Something unexpected has happened"))
        self._words.setText(
            tr(
                "Something went wrong inside the client. It goes on running; what you were doing just now may not have "
                "been carried out. Please send the text below to those who maintain it."
            )
        )
        self._report.setAccessibleName(tr("What to report"))
        self._copy.setText(tr("&Copy the report"))
        self._folder.setText(tr("Open the &log's folder"))
        self._close.setText(tr("Clos&e"))
        for control in (self._copy, self._folder, self._close):
            control.setAccessibleName(control.text().replace("&", ""))

    def add(self, traceback: str) -> None:
        """Show one more, and come to the front."""
        self._reports.append(traceback.strip())
        self._report.setPlainText(self.report())
        self.show()
        self.raise_()

    def report(self) -> str:
        """What is to be reported: the versions, and what has happened, the first first."""
        return "\n\n".join((self._versions, *self._reports))[:LONGEST]

    def copy(self) -> None:
        """Put the report on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.report())
        self._copy.setText(tr("Copied"))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for control in (self._copy, self._folder):
            buttons.addWidget(control)
        buttons.addStretch()
        buttons.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        for part in (self._title, self._words, self._report):
            layout.addWidget(part)
        layout.addLayout(buttons)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_path.parent)))
