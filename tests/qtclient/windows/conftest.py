"""Somebody's windows, on real daemons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QApplication

from qtclient.i18n import set_language
from qtclient.look.theme import Theme
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.desk import Desk
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, qt_wait


class Windows:
    """One user's session and desk. `close` and `come_back` end and start the client."""

    def __init__(self, daemons: Daemons, name: str, profile: Path) -> None:
        self.daemons, self.name, self.profile = daemons, name, profile
        self._start()

    def _start(self) -> None:
        self.settings = Settings(self.profile)
        self.settings.set("language", "en")
        self.theme = Theme(self.settings)
        self.theme.apply()
        self.session: Session = log_in(self.daemons, self.name, self.profile)
        self.desk = Desk(self.session, self.settings, self.theme)
        self.desk.show()
        qt_wait(lambda: self.session.online, f"{self.name} is online")

    def open(self, name: str, kind: Kind = Kind.PEER) -> ConversationPane:
        """A conversation, in front."""
        key = Key(kind, name)
        self.desk.open(key)
        pane = self.desk.pane(key)
        assert pane is not None
        qt_wait(lambda: pane.isVisible(), "the conversation is shown")
        return pane

    def close(self) -> None:
        if self.session.closed:
            return
        self.desk.close_all()
        self.desk.deleteLater()
        self.session.close()
        self.session.deleteLater()
        self.theme.deleteLater()
        qt_wait(lambda: True)

    def come_back(self) -> None:
        """After `close`."""
        self._start()


Enter = Callable[[str], Windows]


@pytest.fixture
def settings(qapp: QApplication, profile: Path) -> Iterator[Settings]:
    """Of windows that need no session."""
    settings = Settings(profile)
    settings.set("language", "en")
    yield settings
    set_language("en")


@pytest.fixture
def enter(plain_daemons: Daemons, tmp_path: Path, qapp: QApplication) -> Iterator[Enter]:
    """``enter("ann1")``: the windows of a registered user, in plain text."""
    all_of_them: list[Windows] = []

    def make(name: str) -> Windows:
        all_of_them.append(Windows(plain_daemons, name, tmp_path / f"profile-{name}"))
        return all_of_them[-1]

    yield make
    for one in all_of_them:
        one.close()
    set_language("en")


@pytest.fixture
def pair(enter: Enter, plain_daemons: Daemons, name: Callable[[str], str]) -> tuple[Windows, Windows]:
    """Two friends, both at their windows."""
    ann, ben = name("ann"), name("ben")
    plain_daemons.register(ann, ben)
    plain_daemons.befriend(ann, ben)
    return enter(ann), enter(ben)
