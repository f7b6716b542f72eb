"""The fields of the login window. They know what is missing, and nothing of a server. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QStringListModel, Qt
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import (
    QAction,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from qtclient.i18n import language, tr
from qtclient.look.icons import app_pixmap, icon
from qtclient.widgets.controls import Check, Choice
from qtclient.widgets.typed import MOST_NAME, MOST_PASSWORD, LineField
from qtclient.widgets.worded import Worded, button, label, set_role


class LoginForm(Worded):
    """The fields."""

    def __init__(self) -> None:
        super().__init__()
        self.locked = False
        self._registers = False
        self._sign, self._title, self._second = QLabel(), label("title"), label("second", wrap=True)
        self.address = LineField()  # that of `server`
        self.server, self.user = Choice(), LineField(most=MOST_NAME)
        self.password, self.again = LineField(most=MOST_PASSWORD), LineField(most=MOST_PASSWORD)
        self._names = [label("section") for _ in range(4)]
        self.stay = Check()
        self.go, self.other, self.stop = button("primary"), button("link"), button("link")
        self.language = button("link")  # to the other one: who cannot read this one cannot look for a setting, either
        self._news, self._bar = label("error", wrap=True), QProgressBar()
        self.users = QStringListModel(self)
        self._set_up()
        self._lay_out()
        self.set_registers(False)
        self.lock(False)
        self.say_words()

    def say_words(self) -> None:
        registers = self._registers
        self._sign.setPixmap(_sharp_sign(self))
        self._title.setText(tr("Create an account") if registers else tr("Welcome"))
        self._second.setText(tr("Choose a name and a password.") if registers else tr("Log in to your chat server."))
        words = (tr("Server"), tr("Name"), tr("Password"), tr("Password again"))
        fields: tuple[QWidget, ...] = (self.server, self.user, self.password, self.again)
        for name, field, text in zip(self._names, fields, words, strict=True):
            name.setText(text)
            field.setAccessibleName(text)
        line = self.server.lineEdit()
        line.setAccessibleName(words[0])
        line.setPlaceholderText(tr("host:port"))
        self.stay.setText(tr("Stay logged in on this computer"))
        self.go.setText(tr("Register and log in") if registers else tr("Log in"))
        self.other.setText(tr("I have an account: log in") if registers else tr("New here? Create an account"))
        self.stop.setText(tr("Cancel"))
        self.language.setText("English" if language() == "zh" else "中文")
        self._bar.setAccessibleName(tr("Connecting…"))
        self._eye.setToolTip(tr("Show the password"))
        self._eye.setText(tr("Show the password"))

    def set_registers(self, registers: bool) -> None:
        """A second password is wanted only for a new account."""
        self._registers = registers
        self.again.setVisible(registers)
        self._names[3].setVisible(registers)
        self.say_words()

    def lock(self, locked: bool) -> None:
        """Nothing can be typed while something is under way."""
        self.locked = locked
        for field in (self.server, self.user, self.password, self.again, self.stay, self.go):
            field.setEnabled(not locked)
        self.other.setVisible(not locked)
        self.stop.setVisible(locked)
        self._bar.setVisible(locked)

    def say(self, text: str, role: str) -> None:
        """A line under the fields."""
        set_role(self._news, role)
        self._news.setText(text)
        self._news.setVisible(bool(text))

    def missing(self) -> tuple[QWidget, str] | None:
        """The first field that is not as it has to be, and what is wrong."""
        for field in (self.address, self.user, self.password, self.again):
            field.composition.commit()
        if not self.server.currentText().strip():
            return self.server, tr("Which server? An address such as chat.example.org:8000.")
        if not self.user.text().strip():
            return self.user, tr("Your name is missing.")
        if not self.password.text():
            return self.password, tr("The password is missing.")
        if self._registers and self.password.text() != self.again.text():
            return self.again, tr("The two passwords are not the same.")
        return None

    def _set_up(self) -> None:
        self.server.setEditable(True)
        self.server.setLineEdit(self.address)
        self.server.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.server.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.server.setMaxVisibleItems(8)
        completer = QCompleter(self.users, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.user.setCompleter(completer)
        self._eye = QAction(icon("eye"), "", self)
        self._eye.setCheckable(True)
        self._eye.toggled.connect(self._show_password)
        self.password.addAction(self._eye, QLineEdit.ActionPosition.TrailingPosition)
        for field in (self.password, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData)
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self.say("", "error")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QHBoxLayout()
        top.addWidget(self._sign)
        top.addStretch()
        top.addWidget(self.language, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(top)
        layout.addSpacing(16)
        layout.addWidget(self._title)
        layout.addSpacing(4)
        layout.addWidget(self._second)
        layout.addSpacing(20)
        fields: tuple[QWidget, ...] = (self.server, self.user, self.password, self.again)
        for name, field in zip(self._names, fields, strict=True):
            name.setBuddy(field)
            layout.addWidget(name)
            layout.addSpacing(4)
            layout.addWidget(field)
            layout.addSpacing(12)
        layout.addWidget(self.stay)
        layout.addSpacing(12)
        layout.addWidget(self._news)
        layout.addSpacing(8)
        layout.addWidget(self._bar)
        layout.addStretch()
        layout.addSpacing(8)
        layout.addWidget(self.go)
        layout.addSpacing(8)
        for link in (self.other, self.stop):
            layout.addWidget(link, 0, Qt.AlignmentFlag.AlignHCenter)
        QWidget.setTabOrder(self.stop, self.language)  # last, though it stands above

    def _show_password(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self.password.setEchoMode(mode)
        self.again.setEchoMode(mode)


def _sharp_sign(widget: QWidget) -> QPixmap:
    ratio = widget.devicePixelRatioF()
    pixmap = app_pixmap(round(56 * ratio)).copy()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
