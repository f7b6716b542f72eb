"""The one thread that owns the connection to the chat server."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import BadRequest, PeerError, Refused, UnknownFingerprint, WireError
from chatwire.events import LINK_LOST, Answer, Event, Fate
from chatwire.resilient import ResilientClient
from qtclient.net.clock import SleepWatch
from qtclient.records import Key, Kind, Link, LinkState

_IDLE = 2.0  # seconds between two looks at the clock
_MOST = 200  # events between two looks at the jobs
_JOIN = 3.0  # seconds
_ACK_AFTER = 1.0  # seconds; what was shown need not come again at the next login of another client

log = logging.getLogger("qtclient.chat")

Done = Callable[[Object], None]
"""Takes the reply to a request, in the chat thread; its result is ``link_lost`` where there is none."""


class Listener(Protocol):
    """Who is told, in the chat thread."""

    def link(self, state: LinkState) -> None:
        """The connection, or the time of the next attempt, is another."""

    def happened(self, event: Event) -> None:
        """The server has spoken, or the link has changed."""

    def ended(self, error: Exception) -> None:
        """No attempt to connect follows until `Chat.begin`."""

    def token(self, token: str) -> None:
        """With which the session goes on from now on."""


@dataclass(frozen=True)
class Start:
    """How a session begins: with a ``token``, or as one that somebody else has begun (``client`` and ``reply``).

    ``after`` is the highest mid that is known, -1 for the server's newest.
    """

    after: int
    token: str = ""
    client: Client | None = None
    reply: Object | None = None


class Chat:
    """`start` to `stop`: any thread. The rest: its own."""

    def __init__(self, connect: Callable[[], Client], user: str, listener: Listener) -> None:
        self.user = user
        self.acknowledged = 0  # what may be acknowledged; set by whoever has committed it
        self._connect = connect
        self._listener = listener
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._session: ResilientClient | None = None
        self._asked: dict[int, Done] = {}
        self._said: set[str] = set()
        self._told = LinkState(Link.OFFLINE)
        self._token = ""
        self._acked = 0
        self._ack_due = 0.0
        self._watch = SleepWatch()
        self._stopping = False
        # A daemon: an attempt to connect can last, and nobody who leaves wants to wait for it.
        self._thread = threading.Thread(target=self._run, name="chat", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def begin(self, start: Start) -> None:
        """Begin a session that outlives its connections, in the place of any other."""
        self._do(lambda: self._begin(start))

    def say(self, cid: str, key: Key, text: str) -> None:
        """Send a message, now or as soon as there is a connection; its `Fate` is told. Once for each ``cid``."""
        self._do(lambda: self._say(cid, key, text))

    def ask(self, cmd: str, done: Done | None = None, **fields: Any) -> None:
        """Send any other request."""
        self._do(lambda: self._ask(cmd, done, fields))

    def tell(self, cmd: str, **fields: Any) -> None:
        """Send a request of which nobody wants to know what became."""
        self._do(lambda: self._tell(cmd, fields))

    def try_now(self) -> None:
        """Do not wait for the next attempt."""
        self._do(lambda: self._session.try_now() if self._session is not None else None)

    def stop(self, *, logout: bool = False) -> None:
        """Close; with ``logout`` the session's token dies. Blocks, but not for ever."""
        self._do(lambda: self._stop(logout))
        if self._thread.ident is not None:
            self._thread.join(_JOIN)

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        if (session := self._session) is not None:
            session.wake()

    # -- jobs, in the chat thread ------------------------------------------------

    def _begin(self, start: Start) -> None:
        self._close()
        self._token = start.token
        self._session = ResilientClient(self._connect, self.user, token=start.token, after=start.after)
        if start.client is not None and start.reply is not None:
            self._session.adopt(start.client, start.reply)

    def _say(self, cid: str, key: Key, text: str) -> None:
        if self._session is None or cid in self._said:
            return
        self._said.add(cid)
        try:
            if key.kind is Kind.GROUP:
                self._session.say(text=text, group=key.name, cid=cid)
            else:
                self._session.say(text=text, to=key.name, cid=cid)
        except Exception as error:
            self._said.discard(cid)
            reply = _refused(error)
            self._listener.happened(Fate(cid, str(reply["result"]), reply))

    def _ask(self, cmd: str, done: Done | None, fields: dict[str, Any]) -> None:
        try:
            if self._session is not None:
                ticket = self._session.ask(cmd, **fields)
                if done is not None:
                    self._asked[ticket] = done
                return
            reply: Object = {"result": LINK_LOST}
        except Exception as error:
            reply = _refused(error)
        if done is not None:
            done(reply)

    def _tell(self, cmd: str, fields: dict[str, Any]) -> None:
        if self._session is not None:
            self._session.tell(cmd, **fields)

    def _stop(self, logout: bool) -> None:
        self._stopping = True
        self._acknowledge()
        self._close(logout=logout)

    # -- the loop ----------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except (Refused, UnknownFingerprint, PeerError) as error:  # the last one: it cannot even be written
                self._close()
                self._state(LinkState(Link.REFUSED, str(error)))
                self._listener.ended(error)
            except Exception:
                log.exception("the connection has failed in an unexpected way")
                if self._session is not None:
                    self._session.drop_link("the server says what makes no sense")

    def _turn(self) -> None:
        """All jobs that wait, then what has happened."""
        self._work()
        session = self._session
        if self._stopping or session is None:
            return
        if self._watch.slept():
            log.info("this computer has slept: looking whether the connection has survived")
            session.check_link()
        event = session.next_event(self._patience(session))
        for _ in range(_MOST):
            if event is None:
                break
            self._hand_out(session, event)
            event = session.next_event(0) if session.connected else None
        if event is not None:
            self._hand_out(session, event)
        self._acknowledge()

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._perform(self._jobs.get(block=self._session is None))
        except queue.Empty:
            pass

    def _perform(self, job: Callable[[], None]) -> None:
        """Whatever is wrong with one request is no reason to lose the connection, or the others."""
        try:
            job()
        except Exception:
            log.exception("something that was to be done could not be")

    def _patience(self, session: ResilientClient) -> float:
        """Say how the link is, and return for how many seconds an event may be waited for."""
        if session.connected:
            self._state(LinkState(Link.ONLINE))
            return _ACK_AFTER if self.acknowledged > self._acked else _IDLE
        due = session.next_attempt - time.monotonic()
        if due <= 0:
            self._state(LinkState(Link.CONNECTING, session.problem))
            return 0.0
        self._state(LinkState(Link.OFFLINE, session.problem, time.time() + due))
        return min(due, _IDLE)

    def _state(self, state: LinkState) -> None:
        told = self._told
        moved = abs(state.next_try - told.next_try) > 0.5  # the same time is never computed twice alike
        if (state.link, state.reason) != (told.link, told.reason) or moved:
            self._told = state
            self._listener.link(state)

    def _hand_out(self, session: ResilientClient, event: Event) -> None:
        if session.token != self._token:
            self._token = session.token
            self._listener.token(self._token)
        try:
            if not isinstance(event, Answer):
                if isinstance(event, Fate):
                    self._said.discard(event.cid)
                self._listener.happened(event)
            elif (done := self._asked.pop(event.ticket, None)) is not None:
                done(event.reply)
        except Exception:
            log.exception("what the server says makes no sense, and is passed over")

    def _acknowledge(self) -> None:
        """What is in the cache need not come again at a login without ``after``. Not for every single message."""
        session, mid = self._session, self.acknowledged
        if session is None or not session.connected or mid <= self._acked:
            return
        now = time.monotonic()
        if not self._ack_due:
            self._ack_due = now + _ACK_AFTER
        if now >= self._ack_due or self._stopping:
            self._acked, self._ack_due = mid, 0.0
            session.tell("ack", mid=mid)

    def _close(self, *, logout: bool = False) -> None:
        session, self._session = self._session, None
        self._acked = 0
        self._said.clear()
        if session is not None:
            try:
                session.close(logout=logout)
            except WireError:
                pass  # it is closed all the same
        asked, self._asked = self._asked, {}
        for done in asked.values():
            done({"result": LINK_LOST})


def _refused(error: Exception) -> Object:
    """What is told of a request that could not even be sent."""
    if not isinstance(error, BadRequest):
        log.error("a request could not be sent", exc_info=error)
        return {"result": BadRequest.result}
    return {"result": error.result, "detail": error.detail}
