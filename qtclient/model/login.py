"""From a server's address and a password to a session, step by step, while the window goes on working."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from chatwire.errors import LinkError, Refused
from chatwire.pins import Pins
from qtclient.cache.place import AlreadyOpen
from qtclient.cache.schema import TooNew
from qtclient.i18n import tr
from qtclient.model import words
from qtclient.model.session import Session, account_folder
from qtclient.net.account import CACHE
from qtclient.net.chat import Start
from qtclient.net.enter import Entered, StrangeCertificate, enter, with_pin
from qtclient.net.tokens import Tokens
from qtclient.records import ServerAddress

DEFAULT_PORT = 8000
_PINS = "known-servers"
_JOIN = 0.5  # seconds
_ODD = re.compile(r"[\s/?#@]")

log = logging.getLogger("qtclient.login")


@dataclass(frozen=True)
class _Asked:
    address: ServerAddress
    user: str
    password: str
    register: bool
    stay: bool


class LoginFlow(QObject):
    """One attempt at a time: `start` or `resume`, then signals. The password is kept only until it has been used."""

    certificate_unknown = pyqtSignal(object, str)  # ServerAddress, fingerprint: `trust` or `cancel`
    certificate_changed = pyqtSignal(object, str, str)  # ServerAddress, what was pinned, what is shown
    failed = pyqtSignal(str)
    progress = pyqtSignal(str)
    ready = pyqtSignal(object)  # Session, which belongs to whoever takes it
    _came = pyqtSignal(int, object)  # number of the attempt, what came of it

    def __init__(self, profile: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._profile = profile
        self.known_servers = profile / _PINS
        self._pins = Pins(self.known_servers)
        self._tokens = Tokens(profile)
        self.reached = True  # whether the server of the last attempt could be spoken with
        self._attempt = 0  # what comes of earlier ones is thrown away
        self._asked: _Asked | None = None
        self._shown = ""
        self._thread: threading.Thread | None = None
        self._came.connect(self._take, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # the stubs are wrong

    def start(self, address: ServerAddress, user: str, password: str, *, register: bool, stay: bool) -> None:
        """Log in with a password, after making the account if that is wanted. ``stay``: keep a token for next time."""
        name = unicodedata.normalize("NFC", user.strip())
        if not name or not password:
            self.failed.emit(tr("Name and password, please."))
            return
        self._asked = _Asked(address, name, password, register, stay)
        self._enter()

    def resume(self, address: ServerAddress, user: str) -> None:
        """Go on with a token that was kept; what is cached is there at once, without a connection, too."""
        self.progress.emit(tr("Opening {user} …", user=user))
        self._run(lambda: _Resumed(with_pin(address, self._pins), user, self._tokens.get(address, user)))

    def trust(self) -> None:
        """The user has compared the fingerprint, and it is the right one: remember it, and go on."""
        if self._asked is None or not self._shown:
            return
        try:
            self._pins.set(self._asked.address.name, self._shown)
        except OSError as error:
            self._fail(tr("It cannot be remembered: {reason}", reason=error.strerror or str(error)))
            return
        self._shown = ""
        self._enter()

    def cancel(self) -> None:
        """Nothing more comes of it."""
        self._attempt += 1
        self._asked, self._shown = None, ""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_JOIN)
        self._tokens.close()

    # -- the attempt ---------------------------------------------------------------------

    def _enter(self) -> None:
        asked = self._asked
        assert asked is not None
        self.progress.emit(tr("Connecting to {server} …", server=asked.address.name))
        cache = account_folder(self._profile, asked.address, asked.user) / CACHE
        self._run(lambda: enter(asked.address, asked.user, asked.password, self._pins, cache, register=asked.register))

    def _run(self, work: Callable[[], object]) -> None:
        self._attempt += 1
        number, self.reached = self._attempt, True

        def run() -> None:
            try:
                came: object = work()
            except Exception as error:
                came = error
            self._tell(number, came)

        # A daemon: an attempt to connect can last, and nobody who leaves wants to wait for it.
        self._thread = threading.Thread(target=run, name="login", daemon=True)
        self._thread.start()

    def _tell(self, number: int, came: object) -> None:
        """The attempt's thread."""
        try:
            if number == self._attempt:
                self._came.emit(number, came)
                return
        except RuntimeError:
            pass  # the window has gone, and this object with it
        _throw_away(came)

    def _take(self, number: int, came: object) -> None:
        if number != self._attempt:
            _throw_away(came)
            return
        self._thread = None
        if isinstance(came, Entered):
            self._entered(came)
        elif isinstance(came, _Resumed):
            self._open(came.address, came.user, Start(-1, came.token), stay=True)
        elif isinstance(came, StrangeCertificate):
            self._strange(came)
        elif isinstance(came, Exception):
            self.reached = isinstance(came, Refused) or not isinstance(came, LinkError)
            self._fail(self._words(came))

    def _entered(self, entered: Entered) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        token = str(entered.reply.get("token", ""))
        if asked.stay:
            self._tokens.keep(entered.address, asked.user, token)
        else:
            self._tokens.forget(entered.address, asked.user)
        start = Start(entered.after, token, entered.client, entered.reply)
        if not self._open(entered.address, asked.user, start, stay=asked.stay):
            entered.client.close()

    def _open(self, address: ServerAddress, user: str, start: Start, *, stay: bool) -> bool:
        try:
            session = Session.open(address, user, start.token, self._profile, begun=start, stay=stay)
        except (AlreadyOpen, TooNew, OSError, sqlite3.Error) as error:
            self._fail(self._words(error))
            return False
        self._tokens.close()
        self.ready.emit(session)
        return True

    def _strange(self, error: StrangeCertificate) -> None:
        assert self._asked is not None
        if error.pinned:
            address = self._asked.address
            self._asked = None
            self.certificate_changed.emit(address, error.pinned, error.shown)
        else:
            self._shown = error.shown
            self.certificate_unknown.emit(self._asked.address, error.shown)

    def _fail(self, text: str) -> None:
        self._asked, self._shown = None, ""
        self.failed.emit(text)

    def _words(self, error: Exception) -> str:
        if isinstance(error, Refused):
            return words.reply(error.reply)
        if isinstance(error, LinkError):
            return words.sentence(words.link(str(error)))
        if isinstance(error, AlreadyOpen):
            return tr("This account is open in another window of the client already.")
        if isinstance(error, TooNew):
            return tr("What is kept of this account was written by a newer version of the client.")
        if isinstance(error, OSError):
            return tr("The account's folder cannot be used: {reason}", reason=error.strerror or str(error))
        log.error("a login has failed", exc_info=error)
        return tr("It went wrong: {detail}", detail=type(error).__name__)


@dataclass(frozen=True)
class _Resumed:
    address: ServerAddress
    user: str
    token: str


def has_token(profile: Path, address: ServerAddress, user: str) -> bool:
    """Whether `LoginFlow.resume` can do without a password."""
    return Tokens(profile).has(address, user)


def parse_address(text: str) -> ServerAddress:
    """A server as people write it: ``host``, ``host:port``, ``[address]:port``; ``tcp://`` before it for no TLS.

    Raises:
        ValueError: it is none; the text says so to the user.
    """
    scheme, marked, rest = text.strip().rpartition("://")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = scheme.lower() == "tcp"
    if not host or port == 0 or (marked and scheme.lower() not in ("tcp", "tls")) or _ODD.search(rest):
        raise ValueError(tr("That is no address of a server. It looks like chat.example.org:8000."))
    return ServerAddress(host, port or DEFAULT_PORT, tls=not plain)


def _throw_away(came: object) -> None:
    if isinstance(came, Entered):
        came.client.close()
