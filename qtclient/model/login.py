"""From a server's address and a password to a session, step by step, while the window goes on working."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, Qt, pyqtSignal

import chatwire.address
from chatwire.errors import LinkError, PeerError, Refused
from chatwire.names import typed
from chatwire.pins import AUTHORITY, Pins
from chatwire.text import well_formed
from qtclient.cache.place import AlreadyOpen
from qtclient.cache.schema import TooNew
from qtclient.i18n import tr
from qtclient.model import words
from qtclient.model.session import Session, account_folder
from qtclient.net.chat import Start
from qtclient.net.enter import StrangeCertificate, enter, with_pin
from qtclient.net.opening import CACHE, Opened, open_account
from qtclient.net.problems import of_opening
from qtclient.net.tokens import Tokens
from qtclient.records import ServerAddress

_PINS = "known-servers"
_JOIN = 0.5  # seconds
_GLANCE = 0.2  # seconds between two looks whether anybody still waits for an attempt

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
    _in_line = pyqtSignal(int, int)  # number of the attempt, seconds until it is our turn
    _opening = pyqtSignal(int, str)  # number of the attempt, why the cache cannot be opened yet
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
        self._in_line.connect(self._say_turn, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # as below
        self._opening.connect(self._not_open_yet, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # as below
        self._came.connect(self._take, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # the stubs are wrong

    def start(self, address: ServerAddress, user: str, password: str, *, register: bool, stay: bool) -> None:
        """Log in with a password, after making the account if that is wanted. ``stay``: keep a token for next time."""
        name = typed(well_formed(user))
        if not name or not password:
            self.failed.emit(tr("Name and password, please."))
            return
        self._asked = _Asked(address, name, password, register, stay)
        self._enter()

    def resume(self, address: ServerAddress, user: str) -> None:
        """Go on with a token that was kept; what is cached is there at once, without a connection, too."""
        self.progress.emit(tr("Opening {user} …", user=user))
        self._run(partial(self._resume, address, user))

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
        self._run(partial(self._come_in, asked))

    def _run(self, work: Callable[[int], object]) -> None:
        self._attempt += 1
        number, self.reached = self._attempt, True

        def run() -> None:
            try:
                came: object = work(number)
            except Exception as error:
                came = error
            self._tell(number, came)

        # A daemon: an attempt to connect can last, and nobody who leaves wants to wait for it.
        self._thread = threading.Thread(target=run, name="login", daemon=True)
        self._thread.start()

    def _resume(self, address: ServerAddress, user: str, number: int) -> _Ready:
        """The attempt's thread."""
        address, token = with_pin(address, self._pins), self._tokens.get(address, user)
        return _Ready(address, user, Start(-1, token), self._open(number, address, user), stay=True, new=False)

    def _come_in(self, asked: _Asked, number: int) -> _Ready:
        """The attempt's thread. The cache is looked into first, so that the server is asked for all that it lacks, and
        let go again, since the server may keep us waiting; where there is none, only who has an account gets one.
        """
        after = -1
        if (account_folder(self._profile, asked.address, asked.user) / CACHE).exists():
            place = self._open(number, asked.address, asked.user)
            after = place.after
            place.close()
        wait = partial(self._wait_turn, number)
        entered = enter(asked.address, asked.user, asked.password, self._pins, after, wait, register=asked.register)
        try:
            place = self._open(number, asked.address, asked.user)
        except BaseException:
            entered.client.close()
            raise
        start = Start(after, str(entered.reply.get("token", "")), entered.client, entered.reply)
        if place.after != after:  # it could not be read before, or now
            entered.client.close()
            start = Start(place.after, start.token)
        return _Ready(entered.address, asked.user, start, place, stay=asked.stay, new=True)

    def _wait_turn(self, number: int, seconds: float, pause: float) -> bool:
        """The attempt's thread. Ends at once with the attempt, which others begin or cancel."""
        with contextlib.suppress(RuntimeError):  # the window has gone, and this object with it
            self._in_line.emit(number, max(1, round(seconds)))
        until = time.monotonic() + pause
        while number == self._attempt and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _GLANCE))
        return number == self._attempt

    def _say_turn(self, number: int, seconds: int) -> None:
        if number == self._attempt:
            self.progress.emit(tr("Many log in at the moment. Your turn comes in about {seconds} s.", seconds=seconds))

    def _open(self, number: int, address: ServerAddress, user: str) -> Opened:
        folder = account_folder(self._profile, address, user)
        return open_account(folder, user, partial(self._say_opening, number), lambda: number != self._attempt)

    def _say_opening(self, number: int, problem: str) -> None:
        """The attempt's thread."""
        with contextlib.suppress(RuntimeError):  # the window has gone, and this object with it
            self._opening.emit(number, of_opening(problem))

    def _not_open_yet(self, number: int, problem: str) -> None:
        if number == self._attempt:
            self.progress.emit(words.problem(problem))

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
        if isinstance(came, _Ready):
            self._begin(came)
        elif isinstance(came, StrangeCertificate):
            self._strange(came)
        elif isinstance(came, Exception):
            self.reached = isinstance(came, Refused) or not isinstance(came, LinkError)
            self._fail(self._words(came))

    def _begin(self, ready: _Ready) -> None:
        self._asked = None
        if ready.new and ready.stay:
            self._tokens.keep(ready.address, ready.user, ready.start.token)
        elif ready.new:
            self._tokens.forget(ready.address, ready.user)
        session = Session(ready.address, ready.user, ready.start, self._profile, ready.place, stay=ready.stay)
        self._tokens.close()
        self.ready.emit(session)

    def _strange(self, error: StrangeCertificate) -> None:
        assert self._asked is not None
        if error.pinned:
            address = self._asked.address
            self._asked = None
            before = tr("An authority vouched for it.") if error.pinned == AUTHORITY else error.pinned
            self.certificate_changed.emit(address, before, error.shown)
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
        if isinstance(error, PeerError):
            return words.result(error.result)
        if isinstance(error, AlreadyOpen):
            return tr("This account is open in another window of the client already.")
        if isinstance(error, TooNew):
            return tr("What is kept of this account was written by a newer version of the client.")
        if isinstance(error, OSError):
            return tr("The account's folder cannot be used: {reason}", reason=error.strerror or str(error))
        if isinstance(error, sqlite3.Error):
            return tr("The account's folder cannot be used: {reason}", reason=str(error))
        log.error("a login has failed", exc_info=error)
        return tr("It went wrong: {detail}", detail=type(error).__name__)


@dataclass(frozen=True)
class _Ready:
    """All that a session needs. ``new``: its token is."""

    address: ServerAddress
    user: str
    start: Start
    place: Opened
    stay: bool
    new: bool


def has_token(profile: Path, address: ServerAddress, user: str) -> bool:
    """Whether `LoginFlow.resume` can do without a password."""
    return Tokens(profile).has(address, user)


def parse_address(text: str) -> ServerAddress:
    """A server as people write it: ``host``, ``host:port``, ``[address]:port``; ``tcp://`` before it for no TLS.

    Raises:
        ValueError: it is none; the text says so to the user.
    """
    try:
        host, port, tls = chatwire.address.parse_address(text)
    except ValueError:
        raise ValueError(tr("That is no address of a server. It looks like chat.example.org:8000.")) from None
    return ServerAddress(host, port, tls=tls is not False)


def _throw_away(came: object) -> None:
    if isinstance(came, _Ready):
        came.place.close()
        if came.start.client is not None:
            came.start.client.close()
