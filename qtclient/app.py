"""The composition root: what there is once in the program, and the way from the login to the windows and back.

Everything here lives in the GUI thread.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication, QMessageBox

from qtclient.crash import Crashes
from qtclient.garbage import Garbage
from qtclient.i18n import tr
from qtclient.instance import Instance
from qtclient.look.theme import Theme
from qtclient.model.login import LoginFlow, has_token, parse_address
from qtclient.model.settings import Settings
from qtclient.options import Options
from qtclient.qt_words import QtWords
from qtclient.records import Phase, ServerAddress
from qtclient.signals import Signals
from qtclient.time_zone import TimeZone
from qtclient.windows.login import LoginRequest, LoginWindow

if TYPE_CHECKING:  # made only after the login, so that its window comes at once
    from qtclient.model.session import Session
    from qtclient.windows.desk import Desk

_PATIENCE = 3000  # ms

log = logging.getLogger("qtclient.app")


def run(app: QApplication, options: Options, log_path: Path, door: socket.socket) -> int:
    """Build, wire, run until the user leaves, and take apart. Returns the exit code."""
    crashes = Crashes(log_path)
    crashes.install()
    settings = Settings(options.profile)
    for name, value in (("theme", options.theme), ("language", options.language)):
        if value:
            settings.override(name, value)
    client = Application(app.quit, options, settings)
    instance = Instance(door)
    instance.knocked.connect(client.show)
    signals = Signals(client.leave)
    garbage = Garbage()
    client.settled.connect(garbage.settle)
    try:
        QTimer.singleShot(0, client.begin)
        return app.exec_()
    finally:
        client.close()
        garbage.close()
        signals.close()
        instance.close()
        crashes.remove()


class Application(QObject):
    """Either the login window is there, or a session with its windows (`Desk`)."""

    settled = pyqtSignal()  # the windows of a session are there

    def __init__(
        self, end: Callable[[], None], options: Options, settings: Settings, parent: QObject | None = None
    ) -> None:
        """``end`` is called once the user wants to leave; then `close` is expected."""
        super().__init__(parent)
        self._end = end
        self._options = options
        self._settings = settings
        self.theme = Theme(settings, self)
        self._words = QtWords(self)
        self._zone = TimeZone(self)
        self.theme.apply()
        self._words.follow()
        settings.changed.connect(self._setting)
        self._flow = LoginFlow(options.profile, self)
        self._connect_flow()
        self.login: LoginWindow | None = None
        self.session: Session | None = None
        self.desk: Desk | None = None
        self._question: QMessageBox | None = None
        self._stay = True
        self._patience = QTimer(self)  # with a disk that does not answer, when the user wants to leave
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(self._unanswered)

    # -- from the login to the windows ---------------------------------------------

    def begin(self) -> None:
        """Go on as the account that stayed logged in, from the cache and at once; otherwise ask who it is."""
        account = self._settings.last_account()
        if account is not None:
            here, wanted = _address(account.server), _address(self._options.server or account.server)
            if here is not None and here == wanted and has_token(self._options.profile, here, account.user):
                self._flow.resume(here, account.user)
                return
        self._show_login()

    def _connect_flow(self) -> None:
        flow = self._flow
        flow.ready.connect(self._ready)
        flow.progress.connect(lambda text: self._on_login(lambda window: window.busy(text)))
        flow.failed.connect(lambda text: self._failed(text, at_server=not flow.reached))
        flow.certificate_unknown.connect(
            lambda address, shown: self._on_login(lambda window: window.ask_trust(address.name, shown))
        )
        flow.certificate_changed.connect(
            lambda address, old, new: self._on_login(
                lambda window: window.changed_certificate(address.name, old, new, str(flow.known_servers))
            )
        )

    def _on_login(self, act: Callable[[LoginWindow], None]) -> None:
        """What the login has to say, in its window, which is made where there was none (a kept token)."""
        act(self.login or self._show_login())

    def _failed(self, text: str, *, at_server: bool) -> None:
        self._on_login(lambda window: window.failed(text, at_server=at_server))

    def _show_login(self) -> LoginWindow:
        if self.login is None:
            window = self.login = LoginWindow(self._settings, server=self._options.server)
            window.asked.connect(self._log_in)
            window.trusted.connect(lambda *_: self._flow.trust())
            window.declined.connect(self._flow.cancel)
            window.closed.connect(self.leave)
            QTimer.singleShot(0, lambda: log.info("the login window is there"))
        _bring_up(self.login)
        return self.login

    def _log_in(self, request: LoginRequest) -> None:
        try:
            address = parse_address(request.server)
        except ValueError as error:
            self._failed(str(error), at_server=True)
            return
        self._stay = request.stay
        self._flow.start(address, request.user, request.password, register=request.register, stay=request.stay)

    def _ready(self, session: Session) -> None:
        self.session = session  # first, so that it is closed whatever happens
        from qtclient.windows.desk import Desk

        session.logged_out.connect(self._logged_out)
        self._settings.remember_account(str(session.server), session.user, stay=self._stay)
        self.desk = Desk(session, self._settings, self.theme)
        self.desk.quit_asked.connect(self.ask_to_leave)
        self.desk.logout_asked.connect(self._log_out)
        self.desk.show()
        self._close_login()
        log.info("the windows are there")
        QTimer.singleShot(0, self.settled.emit)

    # -- and back --------------------------------------------------------------------

    def _log_out(self) -> None:
        """The user wants another account."""
        if self.session is not None and self.session.loses():
            self._ask(self._log_out_now, logout=True)
        else:
            self._log_out_now()

    def _log_out_now(self) -> None:
        if self.session is not None:
            self.session.logout()
        self._close_session()
        self._show_login()

    def _logged_out(self, reason: str) -> None:
        """The server will not have this session any more."""
        self._close_session()
        self._show_login().failed(reason)

    def _close_session(self) -> None:
        if self.desk is not None:
            self.desk.close_all()
            self.desk.deleteLater()
            self.desk = None
        if self.session is not None:
            self.session.close()
            self.session.deleteLater()
            self.session = None

    def _close_login(self) -> None:
        if self.login is not None:
            self.login.closed.disconnect(self.leave)
            self.login.close()
            self.login.deleteLater()
            self.login = None

    # -- the end ---------------------------------------------------------------------

    def ask_to_leave(self) -> None:
        """End, but not without a word while files are on their way, or where something is not on the disk."""
        if self._question is not None:
            _bring_up(self._question)
        elif self.session is None or self.desk is None:
            self.leave()
        elif self._moving() or self.session.loses():
            self._ask(self.leave)
        elif not self._patience.isActive():
            self.desk.keep_drafts()
            self._patience.start()
            self.session.when_kept(self._kept)

    def _kept(self, kept: bool) -> None:
        """Whether all that the user did is on the disk."""
        if self._patience.isActive():
            self._patience.stop()
            if kept:
                self.leave()
            else:
                self._ask(self.leave)

    def _unanswered(self) -> None:
        self._ask(self.leave)

    def _ask(self, act: Callable[[], None], *, logout: bool = False) -> None:
        """Say what would stop or be lost by it before ``act``."""
        session = self.session
        if session is None:
            return
        from qtclient.windows.quit_question import QuitQuestion

        moving, unsent = self._moving(), session.unsent()
        why = (session.unwritable if session.loses() else "") or ("" if moving else tr("The disk does not answer."))
        self._question = QuitQuestion(act, moving=moving, unsent=unsent, unwritable=why, logout=logout)
        self._question.finished.connect(self._answered)
        self._question.open()
        _bring_up(self._question)

    def _answered(self) -> None:
        self._question = None

    def _moving(self) -> int:
        transfers = self.session.transfers() if self.session is not None else []
        return sum(not transfer.phase.over and transfer.phase is not Phase.PAUSED for transfer in transfers)

    def leave(self) -> None:
        """End without a question; transfers go on at the next start."""
        log.info("the client ends")
        self._end()

    def close(self) -> None:
        """Close all windows and the session. Waits for its threads, some seconds at most."""
        self._patience.stop()
        if self._question is not None:
            self._question.close()
        self._close_session()
        self._flow.cancel()
        self._close_login()
        self._words.close()
        self._zone.close()

    def show(self) -> None:
        """Come to the front."""
        log.info("started once more")
        if self.desk is not None:
            self.desk.show()
        elif self.login is not None:
            _bring_up(self.login)

    def _setting(self, name: str) -> None:
        if name == "language":
            self._words.follow()


def _address(text: str) -> ServerAddress | None:
    try:
        return parse_address(text)
    except ValueError:
        return None


def _bring_up(window: LoginWindow | QMessageBox) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
