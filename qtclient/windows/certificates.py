"""The pages of the login window about a server's certificate: an unknown one, and one that has changed."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.look.icons import icon
from qtclient.widgets import said
from qtclient.widgets.worded import Worded, button, label, set_role

_IN_A_LINE = 8  # bytes


class TrustPage(Worded):
    """Trust on first use: nothing is sent to a server before the user has agreed."""

    agreed = pyqtSignal()
    refused = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._server = ""
        self._sign, self._title = QLabel(), label("title", wrap=True)
        self._words, self._hint = label("second", wrap=True), label("small", wrap=True)
        self._print = _fingerprint_label()
        self.agree, self.refuse = button("primary"), button()
        self.agree.clicked.connect(self.agreed)
        self.refuse.clicked.connect(self.refused)
        _lay_out(self, (self._sign, self._title, self._words, self._print, self._hint), (self.agree, self.refuse))
        self.say_words()

    def say_words(self) -> None:
        self._sign.setPixmap(icon("shield", "accent").pixmap(40, 40))
        self._title.setText(tr("Is this your server?"))
        self._words.setText(
            tr(
                "You are connecting to {server} for the first time. Its certificate has this fingerprint:",
                server=self._server,
            )
        )
        self._hint.setText(
            tr(
                "Compare it with the one that the server's operator has given you. If they are the same, nobody is "
                "listening in. It will be remembered, and you will be warned if it ever changes."
            )
        )
        self.agree.setText(tr("They are the same: connect"))
        self.refuse.setText(tr("Do not connect"))
        self._print.setAccessibleName(tr("Fingerprint"))

    def ask(self, server: str, fingerprint: str) -> None:
        """Show a fingerprint."""
        self._server = said.name(server)
        self._print.setText(in_lines(fingerprint))
        self.say_words()
        self.refuse.setFocus()


class ChangedPage(Worded):
    """A pinned certificate is another one now: a warning, and no way on."""

    back = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._server, self._known = "", ""
        self._sign, self._title = QLabel(), label("title", wrap=True)
        self._words, self._hint = label(wrap=True), label("small", wrap=True)
        self._hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._was, self._is = label("section"), label("section")
        self._old, self._new = _fingerprint_label(), _fingerprint_label()
        self.leave = button("primary")
        self.leave.clicked.connect(self.back)
        prints = self._was, self._old, self._is, self._new
        _lay_out(self, (self._sign, self._title, self._words, *prints, self._hint), (self.leave,))
        self.say_words()

    def say_words(self) -> None:
        self._sign.setPixmap(icon("alert", "danger").pixmap(40, 40))
        self._title.setText(tr("The server has changed its identity"))
        self._words.setText(
            tr(
                "{server} shows another certificate than before. Somebody may be standing between you and the server. "
                "Nothing was sent to it.",
                server=self._server,
            )
        )
        self._hint.setText(
            tr(
                "Ask the server's operator. Only if the change is confirmed, remove the line of this server from the "
                "file {file}, and connect again.",
                file=self._known,
            )
        )
        self._was.setText(tr("Known fingerprint"))
        self._is.setText(tr("Fingerprint now"))
        self._old.setAccessibleName(tr("Known fingerprint"))
        self._new.setAccessibleName(tr("Fingerprint now"))
        self.leave.setText(tr("Back"))

    def warn(self, server: str, old: str, new: str, known: str) -> None:
        """Show both fingerprints, and where the old one is written (the path ``known``)."""
        self._server, self._known = said.name(server), said.name(known)
        self._old.setText(in_lines(old))
        self._new.setText(in_lines(new))
        self.say_words()
        self.leave.setFocus()


def in_lines(fingerprint: str) -> str:
    """A fingerprint in lines that eyes can compare."""
    parts = said.name(fingerprint).split(":")
    rows = [parts[start : start + _IN_A_LINE] for start in range(0, len(parts), _IN_A_LINE)]
    return "\n".join(":".join(row) for row in rows)


def _fingerprint_label() -> QLabel:
    result = label("code", wrap=False)
    result.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return result


def _lay_out(page: QWidget, parts: Iterable[QWidget], buttons: Iterable[QWidget]) -> None:
    """From top to bottom, the buttons at the lower end."""
    set_role(page, "")
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    for part in parts:
        layout.addWidget(part)
    layout.addStretch()
    for part in buttons:
        layout.addWidget(part)
