"""The windows of one session, in the process that measures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PyQt5.QtCore import qInstallMessageHandler
from PyQt5.QtWidgets import QApplication

from qtclient.garbage import Garbage
from qtclient.look.theme import Theme
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.windows.desk import Desk
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, turn


@contextmanager
def at_the_desk(pair: Daemons, name: str, profile: Path) -> Iterator[tuple[Session, Desk]]:
    """Somebody who is logged in, with the main window open. Everything ends with the block, so that nothing hangs."""
    app = QApplication(["bench"])
    app.setQuitOnLastWindowClosed(False)
    qInstallMessageHandler(lambda *_: None)  # the platform without a screen says what it lacks, again and again
    settings = Settings(profile)
    theme = Theme(settings)
    theme.apply()
    session = log_in(pair, name, profile)
    desk = None
    garbage = Garbage()
    try:
        desk = Desk(session, settings, theme)
        desk.show()
        garbage.settle()
        yield session, desk
    finally:
        garbage.close()
        if desk is not None:
            desk.close_all()
            desk.deleteLater()
        session.close()
        session.deleteLater()
        turn()
