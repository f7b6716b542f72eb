"""A client that stays: it reconnects with back-off, resumes its session, and sends again what was not acknowledged.

It is meant to be run by one thread that does little else: ``while ...: event = client.next_event(seconds)``. Whatever
happens, on the wire or to the link, comes out of there as one of six events, in the order in which it happened.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from chatwire.client import CHAT_PUSHES, Client
from chatwire.codec import Object, encode_request
from chatwire.commands import MAX_FRAME, reply_name
from chatwire.errors import BadRequest, LinkError, LinkTimeout, Refused, TurnedAway, UnknownFingerprint
from chatwire.events import LINK_LOST, Answer, Event, LinkDown, LinkUp, Push, Waiting
from chatwire.names import normalized
from chatwire.outbox import Outbox, patience, try_again
from chatwire.turn import pause_before, seconds_until_turn

FIRST_DELAY = 0.2  # seconds before the second attempt
LONGEST_DELAY = 30.0
QUIET_TIME = 25.0  # seconds without a word from the server, after which it is asked whether it is there
_ROOM_FOR_ID = 32  # bytes that `Client.send` adds to a request


class ResilientClient:
    """A session that outlives its connections. One thread uses it; `wake` alone may be called from any thread.

    No message is lost and none comes twice: each carries a ``cid`` and is sent again until it is acknowledged, and
    every new connection asks for what is above the highest mid that has been handed out. Other requests are never sent
    again: nobody knows whether they were carried out, so the one who asked is told that the link was lost.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        user: str,
        password: str = "",
        *,
        token: str = "",
        after: int | None = None,
    ) -> None:
        """``connect`` opens a connection; ``after`` is the highest mid known from an earlier run.

        Without ``after`` the server begins behind the last mid that this user has acknowledged; with -1, behind what
        there is at the first login. A ``token`` of an earlier session does without the password; if it is no longer
        good and there is no password, that is the end. Nothing is connected yet: the first `next_event` does it.
        """
        self.user = normalized(user)  # as the server names it
        self._connect = connect
        self._password = password
        self._token = token
        self._after = after
        self._client: Client | None = None
        self._in_line: Client | None = None  # a connection that waits for its turn to log in
        self._woken = threading.Event()
        self._events: deque[Event] = deque()
        self._told_down = False
        self._problem = ""
        self._attempts = 0
        self._next_attempt = 0.0  # time.monotonic()
        self._max_frame = MAX_FRAME
        self._outbox = Outbox()
        self._asked: dict[int, tuple[int, Object]] = {}  # request id of this connection: ticket, request
        self._tickets = 0
        self._heard = 0.0
        self._pinged = False

    @property
    def connected(self) -> bool:
        """Whether there is a session now, as far as is known."""
        return self._client is not None

    @property
    def seen(self) -> int:
        """The highest mid handed out; 0 when there was none."""
        return max(self._client.seen if self._client else 0, self._after or 0)

    @property
    def token(self) -> str:
        """With which another client can go on; empty before the first session."""
        return self._token

    @property
    def next_attempt(self) -> float:
        """When a connection is tried again, in the time of ``time.monotonic``. Of no meaning while there is one."""
        return self._next_attempt

    @property
    def problem(self) -> str:
        """Why the last attempt, or the last connection, failed."""
        return self._problem

    @property
    def unacknowledged(self) -> list[str]:
        """The cids of messages of which it is not yet known that they are stored, oldest first."""
        return self._outbox.cids

    def say(self, *, text: str, to: str = "", group: str = "", cid: str = "") -> str:
        """Queue a message, send it if there is a connection, and return its cid. A `Fate` follows, sooner or later.

        Raises:
            BadRequest: it cannot be written as JSON, or is so long that the server would cut the connection, again
                and again.
        """
        cid = cid or secrets.token_hex(12)
        if group:
            request = {"cmd": "group_chat", "user": self.user, "group": group, "text": text, "cid": cid}
        else:
            request = {"cmd": "private_chat", "user_from": self.user, "user_to": to, "text": text, "cid": cid}
        self._check_size(request, "text")
        self._outbox.add(cid, request)
        self._send_messages()
        return cid

    def ask(self, cmd: str, **fields: Any) -> int:
        """Send any other request and return a ticket; exactly one `Answer` with it follows.

        Raises:
            BadRequest: it cannot be written as JSON, or is so long that the server would cut the connection.
        """
        request = {"cmd": cmd, **fields}
        self._check_size(request, cmd)
        self._tickets += 1
        if self._client is None:
            self._events.append(_lost(self._tickets, request))
        else:
            self._asked[self._send(request) or -self._tickets] = (self._tickets, request)
        return self._tickets

    def tell(self, cmd: str, **fields: Any) -> None:
        """Send a request of which nobody wants to know what became (`ack`, `read`, `typing`), if there is a link."""
        if self._client is not None:
            with contextlib.suppress(BadRequest):
                self._send({"cmd": cmd, **fields})

    def adopt(self, client: Client, reply: Object) -> None:
        """Go on with a session that somebody else has begun: ``reply`` is what the login was answered with."""
        self._take_over(client)
        self._begin(reply)

    def try_now(self) -> None:
        """The next attempt is due at once, and those that follow begin with short delays: the network may be back."""
        self._attempts = 0
        self._next_attempt = 0.0

    def check_link(self, patience: float = 5.0) -> None:
        """The connection may be dead without a word, after a sleep say: it has so many seconds to prove otherwise."""
        if self._client is None:
            self.try_now()
            return
        self._heard, self._pinged = time.monotonic() - max(0.0, self._client.timeout - patience), True
        self.tell("ping")

    def drop_link(self, reason: str) -> None:
        """The connection is of no use, whatever it says; another one is made in due time."""
        if self._client is not None:
            self._drop(reason)
        else:
            self._forget_link()
            self._failed(reason)

    def next_event(self, timeout: float) -> Event | None:
        """Return what happened next, or None after ``timeout`` seconds or when `wake` was called.

        Connects again where needed, waiting longer and longer between attempts.

        Raises:
            Refused: the server does not accept this user any more.
            BadRequest: the name or the password cannot be written as JSON.
            UnknownFingerprint: the server has shown a certificate that must not be trusted.
        """
        deadline = time.monotonic() + timeout
        while not self._events:
            if self._woken.is_set():
                self._woken.clear()
                return None
            if self._client is None:
                self._come_back(deadline)
            else:
                self._listen(deadline)
            if time.monotonic() >= deadline and not self._events:
                return None
        return self._events.popleft()

    def wake(self) -> None:
        """Make a waiting `next_event` return None. Any thread."""
        self._woken.set()
        if (client := self._client) is not None:
            client.wake()

    def close(self, *, logout: bool = False) -> None:
        """Close the connection, and with ``logout`` end the session for good. `unacknowledged` stays as it is."""
        client = self._client
        if client is not None and logout:
            client.timeout = min(client.timeout, 2.0)
            try:
                client.logout()
            except LinkError:
                pass  # the session ends with the connection
        self._forget_link()

    # -- the link --------------------------------------------------------------

    def _come_back(self, deadline: float) -> None:
        """Wait until an attempt is due, then make one."""
        delay = min(self._next_attempt, deadline) - time.monotonic()
        if delay > 0:
            self._woken.wait(delay)
        if time.monotonic() < self._next_attempt:
            return
        try:
            reply = self._open()
        except UnknownFingerprint:
            raise
        except LinkError as error:
            self._failed(str(error), patience(error.reply) if isinstance(error, TurnedAway) else 0.0)
        except Refused as error:
            seconds = seconds_until_turn(error.reply)
            if seconds is not None:
                self._next_attempt = time.monotonic() + pause_before(seconds)
                self._events.append(Waiting(seconds))
            elif try_again(error.result):
                self._failed(f"the server says {error.result}", patience(error.reply))
            else:
                raise
        else:
            self._begin(reply)

    def _open(self) -> Object:
        client, self._in_line = self._in_line or self._connect(), None
        client.seen = self._after or 0
        try:
            reply = self._log_in(client)
        except BaseException as error:
            if isinstance(error, Refused) and seconds_until_turn(error.reply) is not None:
                self._in_line = client
            else:
                client.close()
            raise
        self._take_over(client)
        return reply

    def _take_over(self, client: Client) -> None:
        self._token = client.token or self._token
        self._client = client

    def _log_in(self, client: Client) -> Object:
        if self._token:
            try:
                return client.resume(self.user, self._token, after=self._after)
            except Refused as error:
                if try_again(error.result) or not self._password:
                    raise
                self._token = ""  # expired or revoked
        return client.login(self.user, self._password, after=self._after)

    def _begin(self, reply: Object) -> None:
        limits = reply.get("limits")
        if isinstance(limits, dict) and type(limits.get("max_frame")) is int:
            self._max_frame = limits["max_frame"]
        if self._after == -1 and self._client is not None and type(reply.get("mid")) is int:
            self._client.seen = self._after = max(self._client.seen, reply["mid"])  # where the next session goes on
        self._attempts, self._told_down = 0, False
        self._heard, self._pinged = time.monotonic(), False
        self._events.append(LinkUp(reply))
        self._send_messages()

    def _failed(self, reason: str, least: float = 0.0) -> None:
        """Exponential back-off with full jitter, so that clients cut off together do not come back together."""
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(self._attempts, 12))
        self._attempts += 1
        self._next_attempt = time.monotonic() + max(least, random.uniform(0, longest))
        self._problem = reason
        if not self._told_down:
            self._told_down = True
            self._events.append(LinkDown(reason))

    def _drop(self, reason: str) -> None:
        """The link is broken: tell everybody who waits for something."""
        self._forget_link()
        self._failed(reason)

    def _forget_link(self) -> None:
        if self._in_line is not None:
            self._in_line.close()
            self._in_line = None
        client, self._client = self._client, None
        if client is not None:
            self._after = client.seen or self._after
            client.close()
        self._outbox.link_lost()
        self._events.extend(_lost(ticket, request) for ticket, request in self._asked.values())
        self._asked.clear()

    # -- what arrives ----------------------------------------------------------

    def _listen(self, deadline: float) -> None:
        """Take one object from the server, or notice that it has been quiet for too long."""
        client = self._client
        assert client is not None
        self._send_messages()
        quiet_until = self._heard + (client.timeout if self._pinged else QUIET_TIME)
        until = min(deadline, quiet_until, self._outbox.next_time() or deadline)
        try:
            obj = client.next_push(max(0.0, until - time.monotonic()))
        except LinkError as error:
            self._drop(str(error))
            return
        if obj is not None:
            self._heard, self._pinged = time.monotonic(), False
            self._take(obj)
        elif time.monotonic() >= quiet_until:
            self._was_quiet()

    def _was_quiet(self) -> None:
        if self._pinged:
            self._drop("the server does not answer")
            return
        self._heard, self._pinged = time.monotonic(), True
        self.tell("ping")

    def _take(self, obj: Object) -> None:
        cmd, request_id, cid = obj.get("cmd"), obj.get("id"), str(obj.get("cid"))
        fate = None
        if self._outbox.answers(request_id):
            fate = self._outbox.answered(obj)
        elif type(request_id) is int and request_id in self._asked:
            self._answered(*self._asked.pop(request_id), obj)
        elif cmd in CHAT_PUSHES and cid in self._outbox and self.user in (obj.get("user_from"), obj.get("user")):
            fate = self._outbox.settle(cid, {**obj, "result": "success"})  # stored before the link broke
        elif cmd == "goodbye" and obj.get("result") == "password_changed":
            raise Refused(obj)  # to try the old password would only count as one more failure
        elif request_id is None or not str(cmd).endswith("_reply"):  # else it answers `tell`
            self._events.append(Push(obj))
        if fate is not None:
            self._events.append(fate)

    def _answered(self, ticket: int, request: Object, reply: Object) -> None:
        if request["cmd"] == "change_password" and reply.get("result") == "success":
            self._password = self._password and request["new_password"]  # the old token is dead, too
            self._token = str(reply.get("token", ""))
        self._events.append(Answer(ticket, reply))

    # -- what is sent ----------------------------------------------------------

    def _send_messages(self) -> None:
        """Send what is neither acknowledged nor under way."""
        for cid, request in self._outbox.due() if self._client is not None else ():
            self._outbox.sent(cid, self._send(request) or -1)

    def _send(self, request: Object) -> int | None:
        """Send; a link that turns out to be broken is left to `_listen`, which first hands out what has arrived."""
        assert self._client is not None
        fields = dict(request)
        try:
            return self._client.send(fields.pop("cmd"), **fields)
        except LinkTimeout:
            self._client.close()  # half an object may have been written
        except LinkError:
            pass
        return None

    def _check_size(self, request: Object, field: str) -> None:
        if len(encode_request(request)) + _ROOM_FOR_ID > self._max_frame:
            raise BadRequest(field, "is too long")


def _lost(ticket: int, request: Object) -> Answer:
    return Answer(ticket, {"cmd": reply_name(request["cmd"]), "result": LINK_LOST})
