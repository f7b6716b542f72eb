"""The files that are about to be sent, above the composer: what they are, and which are too large. GUI thread only."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from qtclient.i18n import ntr, tr
from qtclient.widgets import said
from qtclient.widgets.worded import Worded, elided, label, say, tool

_MOST = 50  # files at once


@dataclass(frozen=True)
class Attachment:
    """A file that may be sent, or the reason why not."""

    path: str
    size: int
    problem: str


def examine(path: str, limit: int) -> Attachment:
    """Look at a file before it is sent. ``limit`` in bytes; 0 is none."""
    try:
        path.encode()
        found = os.stat(path)
    except UnicodeEncodeError:
        return Attachment(path, 0, tr("has a name that is not UTF-8: rename it to send it"))
    except (OSError, ValueError):
        return Attachment(path, 0, tr("cannot be read"))
    if stat.S_ISDIR(found.st_mode):
        return Attachment(path, 0, tr("is a folder, and only files can be sent"))
    if not stat.S_ISREG(found.st_mode):
        return Attachment(path, 0, tr("is no ordinary file"))
    if limit and found.st_size > limit:
        return Attachment(
            path, found.st_size, tr("is too large: this server takes up to {size}", size=said.size(limit))
        )
    if not os.access(path, os.R_OK):
        return Attachment(path, found.st_size, tr("cannot be read"))
    return Attachment(path, found.st_size, "")


class Attachments(Worded):
    """Hidden while there are none."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.limit = 0  # bytes of a file; 0 is unknown
        self._list: list[Attachment] = []
        self._left_out = False  # there were more than may be sent at once
        self._title = label("small")
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)
        inner = QWidget()
        inner.setLayout(self._rows)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inner)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._title)
        layout.addWidget(self._scroll)
        self.say_words()
        self._show()

    def say_words(self) -> None:
        count = sum(not one.problem for one in self._list)
        line = ntr("{count} file to send", "{count} files to send", count) if count else tr("Nothing to send")
        limit = tr("up to {size} each", size=said.size(self.limit)) if self.limit else ""
        first = tr("only the first {count} at once", count=_MOST) if self._left_out else ""
        self._title.setText(" · ".join(part for part in (line, limit, first) if part))

    def add(self, paths: list[str]) -> None:
        """Put files there; what cannot be sent is shown with its reason, and not sent."""
        known = {one.path for one in self._list}
        new = [path for path in dict.fromkeys(paths) if path not in known]
        room = _MOST - len(self._list)
        self._list += [examine(path, self.limit) for path in new[:room]]
        self._left_out = len(new) > room
        self._show()
        self.changed.emit()

    def take(self) -> list[str]:
        """The files that can be sent; the list is empty afterwards."""
        good = [one.path for one in self._list if not one.problem]
        self._list, self._left_out = [], False
        self._show()
        self.changed.emit()
        return good

    def paths(self) -> list[str]:
        """All that are there, also those that cannot be sent."""
        return [one.path for one in self._list]

    def sendable(self) -> bool:
        """Whether there is anything to send."""
        return any(not one.problem for one in self._list)

    def _show(self) -> None:
        while self._rows.count():
            item = self._rows.takeAt(0)
            if item.widget() is not None:
                item.widget().hide()
                item.widget().deleteLater()
        for number, one in enumerate(self._list):
            self._rows.addWidget(self._row(one, number))
        self._rows.addStretch()
        self._scroll.setFixedHeight(min(4, len(self._list)) * (self.fontMetrics().height() + 18))
        self.setVisible(bool(self._list))
        self.say_words()

    def _row(self, one: Attachment, number: int) -> QWidget:
        row = QWidget()
        name = said.name(os.path.basename(one.path) or one.path)
        words = elided("error" if one.problem else "", Qt.TextElideMode.ElideMiddle)
        words.setText(tr("{name} {problem}", name=name, problem=one.problem) if one.problem else name)
        size = label("small")
        size.setText("" if one.problem else said.size(one.size))
        away = tool("close", size=14)
        away.setProperty("number", number)
        say(away, tr("Do not send {name}", name=name))
        away.clicked.connect(self._remove)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(words, 1)
        layout.addWidget(size)
        layout.addWidget(away)
        return row

    def _remove(self) -> None:
        del self._list[self.sender().property("number")]
        self._left_out = False
        self._show()
        self.changed.emit()
