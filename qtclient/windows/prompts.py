"""Small windows that ask for one thing: a name, a decision, a new password. None of them blocks the others."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from chatwire.names import typed
from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind
from qtclient.widgets import said
from qtclient.widgets.typed import MOST_NAME, MOST_PASSWORD, LineField
from qtclient.widgets.worded import button, label, weakly
from qtclient.windows.window import Window

Done = Callable[[bool, str], None]
Act = Callable[[str, Done], None]


class _Prompt(Window):
    """Title, words, whatever the kind needs, a line for problems, and two buttons. Closes itself on success."""

    def __init__(self, settings: Settings, name: str) -> None:
        super().__init__(settings, "", (420, 160))
        self.setObjectName(name)
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowCloseButtonHint)
        self._title, self._words, self._news = (
            label("heading", wrap=True),
            label("second", wrap=True),
            label("error", wrap=True),
        )
        self.ok, self.cancel = button("primary"), button()
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.submit)
        self.cancel.clicked.connect(self.close)
        self._news.hide()
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.ok)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(12)
        for part in (self._title, self._words):
            layout.addWidget(part)
        layout.addLayout(self.body)
        layout.addWidget(self._news)
        layout.addStretch()
        layout.addLayout(buttons)

    def submit(self) -> None:
        raise NotImplementedError

    def problem(self) -> str:
        """The line that is shown in red."""
        return self._news.text() if not self._news.isHidden() else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submit()
        else:
            super().keyPressEvent(event)

    def complain(self, text: str) -> None:
        self._news.setText(said.text(text))
        self._news.setVisible(bool(text))
        self.ok.setEnabled(True)

    def wait(self) -> None:
        self.complain("")
        self.ok.setEnabled(False)

    def _done(self, ok: bool, text: str) -> None:
        if ok:
            self.close()
        else:
            self.complain(text)

    def _buttons(self, ok: str) -> None:
        self.ok.setText(ok)
        self.cancel.setText(tr("Cancel"))


class NamePrompt(_Prompt):
    """Asks for a name: ``kind`` is add_friend, create_group or join_group. ``made`` tells what is there now."""

    made = pyqtSignal(object)  # Key

    def __init__(self, session: Session, settings: Settings, kind: str) -> None:
        super().__init__(settings, kind)
        self._kind, self._name = kind, ""
        self._act: Act = {
            "add_friend": session.add_friend,
            "create_group": session.create_group,
            "join_group": session.join_group,
        }[kind]
        self.field = LineField(most=MOST_NAME)
        self.body.addWidget(self.field)
        self.say_words()
        self.field.setFocus()

    def say_words(self) -> None:
        title, words, name, ok = {
            "add_friend": (
                tr("Add a friend"),
                tr("Enter the name under which they are registered."),
                tr("Name"),
                tr("Add"),
            ),
            "create_group": (
                tr("Create a group"),
                tr("Everybody who knows its name can join."),
                tr("Name"),
                tr("Create"),
            ),
            "join_group": (tr("Join a group"), tr("Enter the name of the group."), tr("Name"), tr("Join")),
        }[self._kind]
        self.setWindowTitle(title)
        self._title.setText(title)
        self._words.setText(words)
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(name)
        self._buttons(ok)

    def submit(self) -> None:
        name = typed(self.field.entered())
        if not name:
            self.complain(tr("The name is missing."))
        elif self.ok.isEnabled():
            self.wait()
            self._name = name
            self._act(name, weakly(self._done))

    def _done(self, ok: bool, text: str) -> None:
        super()._done(ok, text)
        if ok:
            self.made.emit(Key(Kind.PEER if self._kind == "add_friend" else Kind.GROUP, self._name))


class ConfirmPrompt(_Prompt):
    """Asks before something is ended: ``kind`` is leave_group, remove_friend or logout."""

    def __init__(self, settings: Settings, kind: str, name: str, act: Act) -> None:
        super().__init__(settings, kind)
        self._kind, self._name, self._act = kind, name, act
        self.say_words()
        self.cancel.setFocus()

    def say_words(self) -> None:
        name = said.name(self._name)
        title, words, ok = {
            "leave_group": (
                tr("Leave {name}?", name=name),
                tr("You will get no more of its messages. What you have stays on this computer."),
                tr("Leave"),
            ),
            "remove_friend": (
                tr("Remove {name} from your friends?", name=name),
                tr("You will not see each other's presence any more. What was said stays on this computer."),
                tr("Remove"),
            ),
            "logout": (
                tr("Log out?"),
                tr("The next login needs your password. What was said stays on this computer."),
                tr("Log out"),
            ),
        }[self._kind]
        self.setWindowTitle(title)
        self._title.setText(title)
        self._words.setText(words)
        self._buttons(ok)

    def submit(self) -> None:
        if self.ok.isEnabled() and not self.cancel.hasFocus():
            self.wait()
            self._act(self._name, weakly(self._done))
        elif self.cancel.hasFocus():
            self.close()


class PasswordPrompt(_Prompt):
    """A new password."""

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(settings, "password")
        self._session = session
        self.old, self.new, self.again = (LineField(most=MOST_PASSWORD) for _ in range(3))
        for field in (self.old, self.new, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            self.body.addWidget(field)
        self.say_words()
        self.old.setFocus()

    def say_words(self) -> None:
        self.setWindowTitle(tr("Change the password"))
        self._title.setText(tr("Change the password"))
        self._words.setText(tr("Other devices will have to log in again."))
        for field, words in (
            (self.old, tr("Password now")),
            (self.new, tr("New password")),
            (self.again, tr("New password again")),
        ):
            field.setPlaceholderText(words)
            field.setAccessibleName(words)
        self._buttons(tr("Change"))

    def submit(self) -> None:
        if not self.new.text():
            self.complain(tr("The password is missing."))
        elif self.new.text() != self.again.text():
            self.complain(tr("The two passwords are not the same."))
        elif self.ok.isEnabled():
            self.wait()
            self._session.change_password(self.old.text(), self.new.text(), weakly(self._done))
