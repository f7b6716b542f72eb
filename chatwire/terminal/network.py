"""The one thread that owns the connection. The main thread hands it jobs; it hands back futures and events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import LinkError, PeerError, WireError
from chatwire.events import Answer, Event, Fate, LinkUp, Waiting
from chatwire.resilient import ResilientClient
from chatwire.turn import in_turn

_QUIET = 0.5  # seconds without an event, after which what was shown is acknowledged
_LOGIN_WAIT = 30.0  # seconds
_ACK_EVERY = 200  # events, when it never gets quiet

Job = Callable[[], None]


@dataclass(frozen=True)
class Ended:
    """The session is over, and no attempt to come back follows."""

    error: Exception


@dataclass(frozen=True)
class Begun:
    """A session of this user has taken the place of the one before; all that follows belongs to it."""

    user: str


@dataclass(frozen=True)
class NotBegun:
    """It has not; the one before goes on."""

    error: Exception


@dataclass(frozen=True)
class Failed:
    """Something that was to be done could not be; the session goes on."""

    error: Exception


Posted = Event | Begun | NotBegun | Ended | Failed


class Network:
    """`start`, `register`, `login`, `say`, `tell`, `stop`: the main thread; `ask`: any; else the network thread."""

    def __init__(self, connect: Callable[[], Client], post: Callable[[Posted], None]) -> None:
        """``post`` takes what happened; it is called in the network thread."""
        self._connect = connect
        self._post = post
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._session: ResilientClient | None = None
        self._waiting: dict[int, Future[Object]] = {}
        self._acked = 0
        self._since_ack = 0
        self._stopping = False
        # A daemon: an attempt to connect can last, and nobody who leaves wants to wait for it.
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        """Begin. Nothing is connected yet."""
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Log out and close, as far as the time allows."""
        self._do(self._stop)
        self._thread.join(timeout)

    def register(self, user: str, password: str) -> Future[None]:
        """Make an account, on a connection of its own."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()

        def job() -> None:
            try:
                with self._connect() as client:
                    in_turn(lambda: client.register(user, password), self._wait_turn)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._do(job)
        return done

    def login(self, user: str, password: str, last_requests: Callable[[], list[Object]]) -> None:
        """Begin a session that outlives its connections; a session that there is goes on until this one is accepted.

        ``last_requests``, asked for in the network thread, are told to the server before the old one ends. `Begun` is
        posted, and then `LinkUp`, `LinkDown` or `Ended`; or only `NotBegun`.
        """
        self._do(lambda: self._login(ResilientClient(self._connect, user, password), last_requests))

    def say(self, cid: str, text: str, target: dict[str, str]) -> None:
        """Send a message, now or as soon as there is a connection; its `Fate` is posted."""

        def job() -> None:
            if self._session is None:
                return
            try:
                self._session.say(text=text, cid=cid, **target)
            except Exception as error:
                self._post(_refused(cid, error))

        self._do(job)

    def ask(self, cmd: str, **fields: Any) -> Future[Object]:
        """Send any other request; the future has the reply."""
        answer: Future[Object] = Future()
        answer.set_running_or_notify_cancel()  # from here on nobody can cancel it behind the thread's back

        def job() -> None:
            if self._session is None:
                answer.set_result({"cmd": cmd, "result": "not_logged_in"})
                return
            try:
                self._waiting[self._session.ask(cmd, **fields)] = answer
            except Exception as error:
                answer.set_exception(error)

        self._do(job)
        return answer

    def tell(self, cmd: str, **fields: Any) -> None:
        """Send a request of which nobody wants to know what became."""

        def job() -> None:
            if self._session is not None:
                self._session.tell(cmd, **fields)

        self._do(job)

    def _do(self, job: Job) -> None:
        self._jobs.put(job)
        if (session := self._session) is not None:
            session.wake()

    # -- the network thread ----------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except WireError as error:  # one session ends, not the thread
                self._close_session()
                self._post(Ended(error))
            except Exception as error:  # a defect, or nonsense: it costs the connection, not what waits to be sent
                self._post(Failed(error))
                if self._session is not None:
                    self._session.drop_link("the server says what makes no sense")

    def _turn(self) -> None:
        """All jobs that wait, then one event; without a session, wait for a job."""
        try:
            while True:
                self._perform(self._jobs.get(block=self._session is None))
                if self._stopping:
                    return
        except queue.Empty:
            pass
        assert self._session is not None
        event = self._session.next_event(_QUIET)
        if event is not None:
            self._hand_out(event)
        if event is None or self._since_ack >= _ACK_EVERY:
            self._acknowledge()

    def _perform(self, job: Job) -> None:
        """Whatever is wrong with one request is no reason to give up the others."""
        try:
            job()
        except Exception as error:
            self._post(Failed(error))

    def _login(self, session: ResilientClient, last_requests: Callable[[], list[Object]]) -> None:
        first = None
        if self._session is not None:
            try:
                first = self._first_event(session)
            except Exception as error:
                session.close()
                self._post(NotBegun(error))
                return
            for request in last_requests():
                self._session.tell(**request)
        self._close_session(logout=True)
        self._session = session
        self._post(Begun(session.user))
        if first is not None:
            self._hand_out(first)

    def _first_event(self, session: ResilientClient) -> LinkUp:
        """Make one attempt to log in, and wait for its turn. Raises what goes wrong."""
        event = session.next_event(_LOGIN_WAIT)
        while isinstance(event, Waiting) and event.seconds < _LOGIN_WAIT:
            self._post(event)
            event = session.next_event(_LOGIN_WAIT)
        if isinstance(event, Waiting):
            raise LinkError(f"too many log in now; try again in {event.seconds:.0f} s")
        if not isinstance(event, LinkUp):
            raise LinkError(getattr(event, "reason", "the server does not answer"))
        return event

    def _wait_turn(self, seconds: float, pause: float) -> bool:
        """For a new account. Who leaves meanwhile does not wait: the thread is a daemon."""
        self._post(Waiting(seconds))
        time.sleep(pause)
        return True

    def _hand_out(self, event: Event) -> None:
        self._since_ack += 1
        if not isinstance(event, Answer):
            self._post(event)
        elif (answer := self._waiting.pop(event.ticket, None)) is not None:
            answer.set_result(event.reply)

    def _acknowledge(self) -> None:
        """What has been handed out need not come again at the next login."""
        session = self._session
        self._since_ack = 0
        if session is not None and session.connected and session.seen > self._acked:
            self._acked = session.seen
            session.tell("ack", mid=self._acked)

    def _stop(self) -> None:
        self._stopping = True
        try:
            self._acknowledge()
        finally:
            self._close_session(logout=True)

    def _close_session(self, *, logout: bool = False) -> None:
        session, self._session = self._session, None
        self._acked = 0
        if session is not None:
            try:
                session.close(logout=logout)
            except WireError:
                pass  # it is closed all the same
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_result({"result": "not_logged_in"})


def _refused(cid: str, error: Exception) -> Fate:
    """Of a message that could not even be queued."""
    result = error.result if isinstance(error, PeerError) else "bad_request"
    return Fate(cid, result, {"result": result, "detail": str(error)})
