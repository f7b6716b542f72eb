"""Somebody at the client: looks for controls by the words that people read, clicks and types."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PyQt5 import sip
from PyQt5.QtCore import QCoreApplication, QPoint, QRect, Qt
from PyQt5.QtGui import QInputMethodEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget

from qtclient.app import Application
from qtclient.model.message_rows import MessageRole
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.options import Options
from qtclient.records import Link, Message, Sent
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.desk import Desk
from qtclient.windows.jump import JumpWindow
from qtclient.windows.login import LoginWindow
from qtclient.windows.prompts import NamePrompt
from tests.qtclient.support import PASSWORD, Daemons, qt_wait, turn

CTRL = Qt.KeyboardModifier.ControlModifier
Held = Qt.KeyboardModifier | Qt.KeyboardModifiers
Control = TypeVar("Control", bound=QWidget)


class Person:
    """A client with a profile of its own in this process. `leave` ends it; `come_back` starts it again."""

    def __init__(self, daemons: Daemons, name: str, profile: Path, server: str = "") -> None:
        """``server``: what the command line says."""
        self.name = name
        self.profile = profile
        self._daemons = daemons
        self._server = server
        self.has_ended = False  # the client wants to end
        self._app: Application | None = None
        self.come_back()

    def come_back(self) -> None:
        """Start the client."""
        self.profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = Settings(self.profile)
        settings.override("language", "en")
        self._app = Application(self._end, Options(self._server, self.profile, "en", ""), settings)
        self._app.begin()

    def _end(self) -> None:
        """What the client asks for; `QApplication.quit` would end every later event loop of this process."""
        self.has_ended = True

    def leave(self) -> None:
        """End the client as a signal does."""
        if self._app is not None:
            self._app.close()
            self._app.deleteLater()
            self._app = None
            turn()

    @property
    def app(self) -> Application:
        assert self._app is not None
        return self._app

    @property
    def login(self) -> LoginWindow:
        """The login window, which must be there."""
        window = self.app.login
        assert window is not None
        assert window.isVisible()
        return window

    @property
    def session(self) -> Session:
        """What is behind the windows, once somebody is logged in."""
        qt_wait(lambda: self.app.session is not None, f"{self.name} is logged in")
        assert self.app.session is not None
        return self.app.session

    @property
    def desk(self) -> Desk:
        """The windows, once somebody is logged in."""
        assert self.session
        assert self.app.desk is not None
        return self.app.desk

    def online(self) -> None:
        """Wait for the connection."""
        qt_wait(lambda: self.session.link.link is Link.ONLINE, f"{self.name} is online")

    # -- windows that are opened by keys -------------------------------------------

    def press(self, letter: Qt.Key, held: Held = CTRL) -> None:
        """A key in the main window."""
        self.desk.main.activateWindow()
        qt_wait(lambda: QApplication.activeWindow() is self.desk.main, "the main window has the keyboard")
        key(self.desk.main, letter, held)

    def jump(self, name: str) -> ConversationPane:
        """Ctrl-K, a few letters, Enter; the conversation that comes up. A new cache gets its roster from the server."""
        qt_wait(lambda: self._knows(name), f"{self.name} knows {name}")
        before = set(self.desk.opened())
        self.press(Qt.Key.Key_K)
        popup = QApplication.activePopupWidget()
        assert isinstance(popup, JumpWindow)
        replace(popup.field, name)
        key(popup.field, Qt.Key.Key_Return)
        found = [pane for pane in map(self.desk.pane, self.desk.opened()) if pane is not None and pane.key.name == name]
        assert found, f"{name} is not found; open: {before}"
        return found[0]

    def _knows(self, name: str) -> bool:
        session = self.session
        talks = {record.key.name for record in session.conversations.records()}
        return name in talks | {friend.name for friend in session.friends} | set(session.groups)

    def prompt(self, letter: Qt.Key, name: str, held: Held = CTRL) -> NamePrompt:
        """Answer a window that asks for a name, and see it close or complain."""
        self.press(letter, held)
        qt_wait(lambda: windows_of(NamePrompt), "it is asked for a name")
        [window] = windows_of(NamePrompt)
        replace(window.field, name)
        key(window.field, Qt.Key.Key_Return)
        qt_wait(lambda: sip.isdeleted(window) or window.problem(), "it is answered")
        return window

    def add_friend(self, name: str) -> None:
        """Ctrl-N."""
        assert sip.isdeleted(self.prompt(Qt.Key.Key_N, name))

    # -- conversations -------------------------------------------------------------

    def write(self, pane: ConversationPane, text: str) -> None:
        """Type a message, and send it with Enter."""
        pane.window().activateWindow()
        field = pane.composer.input
        field.setFocus()
        type_in(field, text)
        key(field, Qt.Key.Key_Return)

    def hears(self, pane: ConversationPane, text: str, sent: Sent | None = None) -> Message:
        """Wait until a message is shown, in a state if that matters."""
        found: list[Message] = []

        def look() -> bool:
            found[:] = [one for one in messages(pane) if one.text == text and sent in (None, one.sent)]
            return bool(found)

        qt_wait(look, f"{self.name} sees {text!r} {sent or ''}")
        return found[-1]

    # -- the login window ----------------------------------------------------------

    def fill_in(self, *, server: str = "", password: str = PASSWORD, name: str = "") -> None:
        """Write what the login window asks for."""
        window = self.login
        line = find(window, QLineEdit, "Server")
        replace(line, server or self._daemons.address)
        replace(find(window, QLineEdit, "Name"), name or self.name)
        replace(find(window, QLineEdit, "Password"), password)

    def register(self) -> None:
        """Make an account, and trust the server if it has a certificate."""
        click(button(self.login, "New here? Create an account"))
        self.fill_in()
        replace(find(self.login, QLineEdit, "Password again"), PASSWORD)
        click(button(self.login, "Register and log in"))
        self._get_in()

    def log_in(self) -> None:
        """Use an account that is there."""
        self.fill_in()
        click(button(self.login, "Log in"))
        self._get_in()

    def _get_in(self) -> None:
        def asked() -> bool:
            return self.app.session is not None or shows(self.app.login, "Is this your server?")

        qt_wait(asked, "the server has answered")
        if self.app.session is None:
            click(button(self.login, "They are the same: connect"))
        assert self.session


def messages(pane: ConversationPane) -> list[Message]:
    """What a conversation shows, oldest first."""
    model = pane.messages.view.model()
    found = [model.index(row, 0).data(MessageRole) for row in range(model.rowCount())]
    return [one for one in found if isinstance(one, Message)]


def windows_of(kind: type[Control]) -> list[Control]:
    """The windows of a kind that can be seen."""
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]


def type_in(field: QPlainTextEdit | QLineEdit, text: str) -> None:
    """Type a text; what is on no keyboard comes from an input method, as it does for people."""
    for sign in text:
        if sign.isascii():
            QTest.keyClicks(field, sign)
        else:
            event = QInputMethodEvent("", [])
            event.setCommitString(sign)
            QApplication.sendEvent(field, event)
            QCoreApplication.processEvents()


def find(window: QWidget, kind: type[Control], name: str) -> Control:
    """The visible control of that kind that is called so to those who hear the screen."""
    found = [one for one in window.findChildren(kind) if one.accessibleName() == name and one.isVisible()]
    names = {one.accessibleName() for one in window.findChildren(kind)}
    assert len(found) == 1, f"{len(found)} controls called {name!r}; there are {names}"
    return found[0]


def button(window: QWidget, words: str) -> QAbstractButton:
    """The visible button with these words, or with this accessible name."""
    all_of_them = [one for one in window.findChildren(QAbstractButton) if one.isVisible()]
    found = [one for one in all_of_them if words in (one.text().replace("&", ""), one.accessibleName())]
    assert len(found) == 1, f"{len(found)} buttons {words!r}; there are {[one.text() for one in all_of_them]}"
    return found[0]


def shows(window: QWidget | None, words: str) -> bool:
    """Whether a visible label has these words in it."""
    if window is None:
        return False
    return any(words in label.text() for label in window.findChildren(QLabel) if label.isVisible())


def click(widget: QWidget, at: QRect | QPoint | None = None) -> None:
    """With the left button, in the middle or at a place of the widget."""
    assert widget.isEnabled(), f"{widget.accessibleName()} cannot be clicked now"
    spot = at.center() if isinstance(at, QRect) else at if at is not None else widget.rect().center()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)


def replace(line: QLineEdit, text: str) -> None:
    """Write over what a line holds."""
    line.setFocus()
    line.selectAll()
    line.clear()
    type_in(line, text)


def key(widget: QWidget, code: Qt.Key, modifier: Held = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key."""
    QTest.keyClick(widget, code, modifier)
