"""The banner about the connection: what is going on, and when the next try is. GUI thread only."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QWidget

from qtclient.i18n import tr
from qtclient.look.icons import icon
from qtclient.records import Link, LinkState
from qtclient.widgets import said
from qtclient.widgets.tips import set_tip
from qtclient.widgets.worded import Worded, button, label, set_role

_PATIENCE = 800  # ms without a connection before the banner comes: short gaps need no words


class Banner(Worded):
    """Hidden while there is a connection."""

    try_now = pyqtSignal()

    def __init__(self, *, short: bool = False, parent: QWidget | None = None) -> None:
        """``short``: the reason is told only by the tip."""
        super().__init__(parent)
        self._short = short
        set_role(self, "notice")
        self._state = LinkState(Link.ONLINE)
        self._sign = QLabel()
        self._sign.setPixmap(icon("wifi_off", "warning").pixmap(18, 18))
        self._words = label(wrap=True)
        self._try = button("link")
        self._try.clicked.connect(self.try_now)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 12, 8)
        layout.setSpacing(10)
        layout.addWidget(self._sign)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._try)
        self._tick = QTimer(self)
        self._tick.setInterval(500)
        self._tick.timeout.connect(self.say_words)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_PATIENCE)
        self._wait.timeout.connect(self._appear)
        self.say_words()
        self.hide()

    def say_words(self) -> None:
        now = time.time()
        self._words.setText(words(replace(self._state, reason="") if self._short else self._state, now))
        set_tip(self, words(self._state, now))
        self._try.setText(tr("Try now"))
        self._try.setVisible(self._state.link is Link.OFFLINE)
        self.setAccessibleName(tr("Connection"))

    def set_state(self, state: LinkState) -> None:
        """Say this; nothing when all is well."""
        self._state = state
        self._sign.setPixmap(icon("wifi_off", "warning").pixmap(18, 18))
        self.say_words()
        if state.link is Link.ONLINE:
            self._wait.stop()
            self._tick.stop()
            self.hide()
        elif self.isHidden() and not self._wait.isActive():
            self._wait.start()

    def _appear(self) -> None:
        self.say_words()
        self.show()
        self._tick.start()


def words(state: LinkState, now: float) -> str:
    """What is going on, in a line."""
    reason = said.name(state.reason)
    if state.link is Link.CONNECTING:
        return tr("Connecting…")
    if state.link is Link.REFUSED:
        return reason or tr("The server refuses the connection.")
    line = tr("No connection: {reason}.", reason=reason.rstrip(".")) if reason else tr("No connection.")
    rest = math.ceil(state.next_try - now) if state.next_try else 0
    if rest > 0:
        return line + " " + tr("Next try in {count} s.", count=rest)
    return line + " " + tr("Trying again…")


def brief(state: LinkState) -> str:
    """The same in a word or two, for the status line."""
    return {
        Link.ONLINE: tr("Online"),
        Link.CONNECTING: tr("Connecting…"),
        Link.OFFLINE: tr("Offline"),
        Link.REFUSED: tr("Refused"),
    }[state.link]
