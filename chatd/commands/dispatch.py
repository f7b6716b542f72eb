"""From bytes to handlers: cut the stream into requests, check each against its table entry, run it where it belongs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from chatd.commands.call import Call, Refusal
from chatd.commands.jobs import end_of, outcome_of
from chatd.commands.journaled import message
from chatd.commands.legacy_input import LegacyFramer, too_long_reply, turn_in
from chatd.commands.login_deadline import LoginDeadline
from chatd.commands.peer import Peer
from chatd.commands.table import HANDLERS, Handler, Later, OnLoop, Outcome, Together, Where
from chatd.executor import ExecutorFull
from chatd.net.connection import TOO_SLOW, Pause
from chatd.net.loop import LoopStopped
from chatd.security.rates import RATES, admit
from chatwire import fields
from chatwire.codec import Object, decode
from chatwire.commands import BAD_OBJECTS_IN_A_ROW, reply
from chatwire.errors import BadRequest, ObjectSkipped, PeerError, UnknownCommand
from chatwire.framing import Framer

log = logging.getLogger("chatd.session")

ENTER, REGISTER = range(2)  # kinds of jobs of the login threads
REQUESTS_PER_TURN = 64  # then the other connections of the loop get their turn


class Dispatcher:
    """What `net.Connection` calls its handler. Every method: the connection's loop, except `_work` and `_post`: a work
    or login thread.

    The requests of one connection take effect in the order in which they were sent: while one is worked on in another
    thread the connection is not read, and such work begins only when no message of the connection is in flight.
    """

    __slots__ = ("_bad", "_deadline", "_first", "_framer", "_limits", "_max_text", "_peer", "_rates", "_waited")

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._limits = peer.services.settings.limits
        self._max_text = peer.services.settings.max_text
        self._framer = Framer(peer.services.settings.max_frame)
        self._first = True  # no object has come yet
        self._bad = 0  # bad objects in a row
        self._rates: dict[str, float] | None = None
        self._waited = 0.0  # seconds that a login has waited for its turn
        self._deadline = LoginDeadline(peer)

    # -- called by the connection ----------------------------------------------

    def received(self, data: bytes) -> None:
        """Keep what arrived."""
        self._framer.feed(data)

    def work(self) -> bool:
        """Handle up to a turn's worth of requests; true when more input is here."""
        connection, framer = self._peer.connection, self._framer
        for _ in range(REQUESTS_PER_TURN):
            if connection.pausing:
                return False
            try:
                frame = framer.next()
                if frame is None:
                    return False
                self._frame(frame)
            except PeerError as error:
                self._bad_object(error)
            framer = self._framer  # it may be another one now
        return framer.pending()

    def drained(self) -> None:
        """Unsent output is below the soft mark again."""
        self._peer.drained()

    def closed(self, reason: str) -> None:
        """The connection has ended."""
        self._deadline.cancel()
        session = self._peer.session
        if reason == TOO_SLOW:
            user = session.user.name if session else ""
            log.warning("disconnected: address=%s user=%r reason=%s", self._peer.address, user, reason)
        else:
            log.debug("disconnected: address=%s reason=%s", self._peer.address, reason)
        self._peer.end_session()
        if self._peer.file_daemon:
            self._peer.services.file_link.detach(self._peer)

    # -- checks ----------------------------------------------------------------

    def _frame(self, frame: bytes) -> None:
        """Nearly always a message that takes the short way, so that way has no calls but those it needs: a tenth of
        what decoding and checking cost in `tests.load.bench.message_path`.
        """
        peer = self._peer
        if self._first:
            self._first = False
            if self._framer.spread:
                self._framer = LegacyFramer(peer.services.settings.max_frame, peer.make_legacy(), self._framer)
        obj = decode(frame)
        name = obj.get("cmd")
        handler = HANDLERS.get(name) if type(name) is str else None
        if handler is None:
            raise UnknownCommand("there is no such command")
        self._bad = 0
        request_id = None
        try:
            if (given := obj.get("id")) is not None:
                request_id = _checked_id(given)
            if handler.express is not None and peer.session is not None:
                record = handler.express(peer.session, obj, request_id, self._max_text)
                if record is not None:
                    if self._limits:
                        self._check_rate(handler.command.rate)
                    message(peer, record)
                    return
            outcome = self._admit(handler, obj, request_id)
        except BadRequest as error:
            outcome = reply(handler.command.name, "bad_request", request_id, detail=error.detail)
        except Refusal as error:
            outcome = reply(handler.command.name, error.result, request_id, **error.more)
        if outcome is not None:
            peer.send_object(outcome)

    def _admit(self, handler: Handler, obj: Object, request_id: str | int | None) -> Object | None:
        """Check a request against its table entry, in the order in which the errors matter, and run it."""
        command, peer = handler.command, self._peer
        session = peer.session
        if command.login and session is None:
            raise Refusal("not_logged_in")
        if self._limits and not peer.file_daemon:
            self._check_rate(command.rate)
        args = command.check(obj)
        if session is not None:
            for field in command.own:
                if args.get(field, session.user.name) != session.user.name:
                    raise Refusal("forbidden", detail=f"{field}: this is not the session's user")
        return self._run(handler, Call(peer, command, args, request_id))

    def _check_rate(self, rate_class: str) -> None:
        if self._rates is None:
            self._rates = {}
        theoretical, wait_ms = admit(RATES[rate_class], self._rates.get(rate_class, 0.0), time.monotonic())
        if wait_ms:
            raise Refusal("rate_limited", retry_after_ms=wait_ms)
        self._rates[rate_class] = theoretical

    def _bad_object(self, error: PeerError) -> None:
        peer = self._peer
        if isinstance(error, ObjectSkipped):
            if (answer := too_long_reply(error.beginning)) is not None:
                peer.send_object(answer)
            return
        self._bad += 1
        peer.send_object({"cmd": "error", "result": error.result, "detail": error.detail})
        if error.fatal or self._bad >= BAD_OBJECTS_IN_A_ROW:
            reason = error.result if error.fatal else "too_many_errors"
            log.warning("disconnecting: address=%s reason=%s", peer.address, reason)
            peer.say_goodbye(reason)

    # -- running ---------------------------------------------------------------

    def _run(self, handler: Handler, call: Call) -> Object | None:
        if handler.where is not Where.LOOP:
            self._start_job(handler.function, call, handler.where)
            return None
        try:
            outcome = handler.function(call)
            if outcome is None:
                return None
        except (Refusal, BadRequest):
            raise
        except Exception:
            log.exception("unexpected error: cmd=%s", call.command.name)
            return call.reply("internal")
        if isinstance(outcome, Later):
            self._start_job(outcome.work, call, Where.WORK)
            return None
        if isinstance(outcome, Together):
            self._when_idle(partial(self._submit_together, outcome, call))
            return None
        assert not isinstance(outcome, OnLoop)
        return outcome

    def _start_job(self, function: Callable[[Call], Outcome], call: Call, where: Where) -> None:
        """Run a handler in another thread."""
        self._when_idle(partial(self._submit_job, function, call, where))

    def _when_idle(self, submit: Callable[[], None]) -> None:
        """Read no more, and begin the work once the messages that were sent before it are stored."""
        peer = self._peer
        peer.connection.pause(Pause.JOB)
        if peer.in_flight:
            peer.when_idle = submit
        else:
            submit()

    def _submit_job(self, function: Callable[[Call], Outcome], call: Call, where: Where) -> None:
        services = self._peer.services
        if where is Where.LOGIN:
            self._submit_login(function, call)
            return
        try:
            services.work.submit(self._peer.payer(), lambda: self._work(function, call))
        except ExecutorFull:
            self._peer.finish_job(call.reply("busy"))

    def _submit_login(self, function: Callable[[Call], Outcome], call: Call) -> None:
        """A hash is dear: who cannot be served soon is told when to come again. The original client would not know what
        to do, and waits in the queue.
        """
        peer, services = self._peer, self._peer.services
        payer = peer.payer(call.args.get("user", ""))
        kind = REGISTER if call.command.name == "register" else ENTER
        if self._limits and not peer.legacy:
            wait_ms = services.turns[kind].wait_ms(payer.account, payer.address, services.logins.load(payer, kind))
            if wait_ms:
                self._deadline.wait_for(wait_ms / 1000)
                peer.finish_job(call.reply("rate_limited", retry_after_ms=wait_ms))
                return
        try:
            services.logins.submit(payer, lambda: self._work(function, call), kind)
        except ExecutorFull:
            peer.finish_job(call.reply("busy"))

    def _work(self, function: Callable[[Call], Outcome], call: Call) -> None:
        """In a work or login thread. Nobody waits any more for what a closed connection has asked."""
        if not self._peer.connection.closed:
            self._post(call, outcome_of(function, call))

    def _submit_together(self, together: Together, call: Call) -> None:
        try:
            self._peer.services.gatherer.submit(
                self._peer.payer(call.args.get("user", "")), together.work, (call, partial(self._post, call))
            )
        except ExecutorFull:
            self._peer.finish_job(call.reply("busy"))

    def _post(self, call: Call, outcome: Outcome) -> None:
        """In a work thread."""
        try:
            self._peer.loop.post(lambda: self._finish(call, outcome))
        except LoopStopped:
            if isinstance(outcome, OnLoop):
                outcome.abandon()

    def _finish(self, call: Call, outcome: Outcome) -> None:
        peer = self._peer
        if peer.connection.closed or peer.leaving:
            if isinstance(outcome, OnLoop):
                outcome.abandon()
            return
        if peer.legacy and (wait := turn_in(call, outcome, self._waited)):
            self._waited += wait
            peer.loop.call_later(wait, partial(self._try_again, call))
            return
        self._waited = 0.0
        peer.connection.resume(Pause.JOB)  # first, since the end of it may pause again, to wait for the journal
        if isinstance(outcome, OnLoop):
            outcome = end_of(outcome, call)
        assert not isinstance(outcome, Later | OnLoop | Together)
        if outcome is not None:
            peer.send_object(outcome)
        if peer.session is None:
            self._deadline.begin()
        else:
            self._deadline.cancel()

    def _try_again(self, call: Call) -> None:
        if not (self._peer.connection.closed or self._peer.leaving):
            self._submit_login(HANDLERS[call.command.name].function, call)


def _checked_id(value: object) -> str | int:
    try:
        return fields.request_id(value)
    except ValueError as error:
        raise BadRequest("id", str(error)) from None
