"""The first window: server, account, password; log in or register. It decides nothing: `asked` tells what is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeyEvent
from PyQt5.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from qtclient.i18n import language, tr
from qtclient.look.icons import app_icon
from qtclient.model.settings import Settings
from qtclient.widgets import said
from qtclient.widgets.scrolled import Scrolled
from qtclient.widgets.worded import Worded, set_role
from qtclient.windows.certificates import ChangedPage, TrustPage
from qtclient.windows.login_form import LoginForm
from qtclient.windows.window import fitting

_FORM, _TRUST, _CHANGED = range(3)  # the pages


@dataclass(frozen=True)
class LoginRequest:
    """What the user wants. ``server`` is as it was typed."""

    server: str
    user: str
    password: str
    register: bool
    stay: bool


class LoginWindow(Worded):
    """See above. While something is under way the fields are locked; Escape gives it up."""

    asked = pyqtSignal(object)  # LoginRequest
    trusted = pyqtSignal(str, str)  # server, fingerprint
    declined = pyqtSignal()
    closed = pyqtSignal()

    def __init__(self, settings: Settings, server: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._registers = False
        self._question = ("", "")
        set_role(self, "window")
        self.setWindowIcon(app_icon())
        self._form = LoginForm()
        self._trust, self._changed = TrustPage(), ChangedPage()
        self._pages = QStackedWidget()
        for page in (self._form, self._trust, self._changed):
            page.setContentsMargins(40, 32, 40, 32)
            self._pages.addWidget(Scrolled(page))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self._connect()
        self._fill(server)
        self.say_words()
        self._grow()

    # What the program tells

    def busy(self, text: str) -> None:
        """Something is under way."""
        self._pages.setCurrentIndex(_FORM)
        self._form.lock(True)
        self._form.say(said.name(text), "second")
        self._grow()

    def failed(self, text: str, *, at_server: bool = False) -> None:
        """It did not work: why, and another try. ``at_server``: it is the server's address that should be looked at."""
        self._pages.setCurrentIndex(_FORM)
        self._form.lock(False)
        self._form.say(said.text(text), "error")
        self._grow()
        field = self._form.server.lineEdit() if at_server else self._form.password
        field.setFocus()
        field.selectAll()

    def ask_trust(self, server: str, fingerprint: str) -> None:
        """The server is not known: is it the right one?"""
        self._question = (server, fingerprint)
        self._trust.ask(server, fingerprint)
        self._pages.setCurrentIndex(_TRUST)

    def changed_certificate(self, server: str, old: str, new: str, known: str) -> None:
        """The server is not what it was: stop. ``known`` is the path of the file of known servers."""
        self._form.lock(False)
        self._form.say("", "error")
        self._changed.warn(server, old, new, known)
        self._pages.setCurrentIndex(_CHANGED)

    # What the user does

    def say_words(self) -> None:
        self.setWindowTitle(tr("Register") if self._registers else tr("Log in"))
        self._form.say_words()

    def event(self, event: QEvent) -> bool:
        """Whatever has come to be said needs room."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._grow()
        return done

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        super().closeEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and (self._form.locked or self._pages.currentIndex() != _FORM):
            self._give_up()
        else:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        form = self._form
        form.go.clicked.connect(self._submit)
        form.other.clicked.connect(self._switch)
        form.language.clicked.connect(self._switch_language)
        form.stop.clicked.connect(self._give_up)
        for field in (form.user, form.password, form.again, form.server.lineEdit()):
            field.returnPressed.connect(self._submit)
        form.server.currentTextChanged.connect(self._offer_users)
        self._trust.agreed.connect(self._agree)
        self._trust.refused.connect(self._give_up)
        self._changed.back.connect(self._give_up)

    def _fill(self, server: str) -> None:
        accounts = self._settings.known_accounts()
        self._form.server.addItems(list(dict.fromkeys(account.server for account in accounts)))
        self._form.server.setEditText(server or (accounts[0].server if accounts else "localhost:8000"))
        mine = [account for account in accounts if account.server == self._form.server.currentText()]
        self._form.user.setText(mine[0].user if mine else "")
        self._form.stay.setChecked(mine[0].stay if mine else True)
        self._offer_users(self._form.server.currentText())
        if not accounts and not server:
            self._form.server.setFocus()
            self._form.server.lineEdit().selectAll()
        else:
            (self._form.password if mine else self._form.user).setFocus()

    def _grow(self) -> None:
        """Have room for all of it, as far as the screen has."""
        hint = self.sizeHint().expandedTo(QSize(420, 0))
        wanted = hint.expandedTo(self.size()) if self.isVisible() else hint
        self.resize(fitting(wanted, self.geometry().center()))

    def _offer_users(self, server: str) -> None:
        users = [account.user for account in self._settings.known_accounts() if account.server == server.strip()]
        self._form.users.setStringList(users)

    def _switch(self) -> None:
        self._registers = not self._registers
        self._form.set_registers(self._registers)
        self._form.say("", "error")
        self.say_words()
        self._grow()
        (self._form.password if self._form.user.text() else self._form.user).setFocus()

    def _switch_language(self) -> None:
        self._settings.set("language", "en" if language() == "zh" else "zh")

    def _submit(self) -> None:
        form = self._form
        if form.locked:
            return
        missing = form.missing()
        if missing is not None:
            field, words = missing
            form.say(words, "error")
            field.setFocus()
            return
        form.lock(True)
        form.say(tr("Connecting…"), "second")
        server, user = form.server.currentText().strip(), form.user.text()
        self.asked.emit(LoginRequest(server, user, form.password.text(), self._registers, form.stay.isChecked()))

    def _agree(self) -> None:
        self._pages.setCurrentIndex(_FORM)
        self._form.lock(True)
        self.trusted.emit(*self._question)

    def _give_up(self) -> None:
        self._pages.setCurrentIndex(_FORM)
        self._form.lock(False)
        self._form.say("", "error")
        self._form.password.setFocus()
        self.declined.emit()
