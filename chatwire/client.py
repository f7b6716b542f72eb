"""A blocking client: connect, log in, request and reply, pushes as they come.

It keeps one rule of the wire for its user: a message is shown once. `seen` is the highest mid that has been handed out,
and a safe ``after`` for the next login (wire, section 5.3).
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from chatwire.codec import Object
from chatwire.commands import reply_name
from chatwire.errors import LinkError, LinkTimeout, PeerError, Refused, TurnedAway
from chatwire.fields import MAX_MID
from chatwire.names import normalized
from chatwire.transport import Transport

CHAT_PUSHES = frozenset(("private_chat", "group_chat"))
OFFER = "recv_file_port_reply"  # the original's name for the push that offers a file
_OFFERED = "send_file_port_reply"  # and for the reply to the one who offers it; a refusal has the usual name

_MESSAGE_PUSHES = CHAT_PUSHES | {OFFER}
_MESSAGE_REPLIES = frozenset(map(reply_name, CHAT_PUSHES)) | {_OFFERED}


class Client:
    """One connection and at most one session on it. One thread uses it; `wake` alone may be called from any thread."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        fingerprint: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Connect. ``timeout`` in seconds is also that of every request.

        Raises:
            LinkError: the server cannot be reached, or (as UnknownFingerprint) shows another certificate than expected.
        """
        self.timeout = timeout
        self.user = ""
        self.token = ""
        self.seen = 0
        self.fingerprint = ""
        self._transport = Transport(host, port, timeout=timeout)
        self._inbox: deque[Object] = deque()
        self._woken = False
        self._last_id = 0
        if tls:
            self.fingerprint = self._transport.start_tls(host, fingerprint=fingerprint, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def register(self, user: str, password: str) -> None:
        """Make an account. Raises Refused when the name is taken or bad."""
        self.expect("register", user=user, password=password)

    def login(self, user: str, password: str, *, after: int | None = None) -> Object:
        """Begin a session and return the login reply; missed messages arrive as pushes. Raises Refused."""
        return self._begin(self.expect("login", user=user, password=password, **_maybe(after=after)), user)

    def resume(self, user: str, token: str, *, after: int | None = None) -> Object:
        """Begin a session with a token. Raises Refused."""
        return self._begin(self.expect("resume", user=user, token=token, **_maybe(after=after)), user)

    def private_chat(self, to: str, text: str, *, cid: str | None = None) -> Object:
        """Send to a user; the reply has `mid` and `ts`. Raises Refused unless it was stored."""
        return self.expect(
            "private_chat", ("success", "offline"), user_from=self.user, user_to=to, text=text, **_maybe(cid=cid)
        )

    def group_chat(self, group: str, text: str, *, cid: str | None = None) -> Object:
        """Send to a group; the reply has `mid` and `ts`. Raises Refused unless it was stored."""
        return self.expect("group_chat", user=self.user, group=group, text=text, **_maybe(cid=cid))

    def expect(self, cmd: str, words: tuple[str, ...] = ("success",), **fields: Any) -> Object:
        """Like `request`, and raises Refused when the result is none of ``words``."""
        reply = self.request(cmd, **fields)
        if reply.get("result") not in words:
            raise Refused(reply)
        return reply

    def request(self, cmd: str, **fields: Any) -> Object:
        """Send a request and return its reply, whatever it says. Pushes that come first are kept for `pushes`.

        Raises:
            BadRequest: it cannot be written as JSON; nothing was sent.
            LinkTimeout: no reply within the client's timeout.
            LinkError: the connection has ended; TurnedAway where the server has said why.
        """
        try:
            return self._request(cmd, fields)
        except LinkTimeout:
            raise
        except LinkError:
            goodbye = self._goodbye()
            if goodbye is not None:
                raise TurnedAway(goodbye) from None
            raise

    def _request(self, cmd: str, fields: dict[str, Any]) -> Object:
        request_id = self.send(cmd, **fields)
        deadline = time.monotonic() + self.timeout
        while True:
            obj = self._receive(deadline - time.monotonic())
            if obj is None:
                if time.monotonic() >= deadline:
                    raise LinkTimeout(f"no reply to {cmd} within {self.timeout} s")
                self._woken = True  # it was not for us: `next_push` shall see it
            elif obj.get("id") == request_id and obj.get("cmd") in _reply_names(cmd):
                return obj
            else:
                self._inbox.append(obj)

    def send(self, cmd: str, **fields: Any) -> int:
        """Send a request without waiting and return its id; the reply will be among the pushes."""
        self._last_id += 1
        self._transport.send({"cmd": cmd, "id": self._last_id, **fields}, timeout=self.timeout)
        return self._last_id

    def next_push(self, timeout: float | None = None) -> Object | None:
        """Return the next object that nobody waits for, or None when the time is up or `wake` was called.

        A message that was handed out before is passed over.

        Raises:
            LinkError: the connection has ended, and everything that had arrived has been handed out.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._inbox:
                obj: Object | None = self._inbox.popleft()
            elif self._woken:
                obj = None
            else:
                obj = self._receive(None if deadline is None else deadline - time.monotonic())
            if obj is None:
                self._woken = False
            if obj is None or self._is_new(obj):
                return obj

    def pushes(self, timeout: float | None = None) -> Iterator[Object]:
        """Iterate over pushes until none has come for ``timeout`` seconds. Raises LinkError as `next_push` does."""
        while (obj := self.next_push(timeout)) is not None:
            yield obj

    def wake(self) -> None:
        """Make a waiting `next_push` return None. Any thread."""
        self._transport.wake()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._transport.fileno()

    def close(self) -> None:
        """Close the connection; the session's token lives on. May be called twice."""
        self._transport.close()

    def logout(self) -> None:
        """End the session and its token, then close."""
        with contextlib.suppress(Refused):
            self.expect("offline", user=self.user)
        self.close()

    def _begin(self, reply: Object, user: str) -> Object:
        self.user = normalized(user)  # as the server names it
        self.token = str(reply.get("token", ""))
        return reply

    def _receive(self, timeout: float | None) -> Object | None:
        while True:
            try:
                return self._transport.receive(None if timeout is None else max(0.0, timeout))
            except PeerError as error:
                if error.fatal:
                    self.close()
                    raise LinkError("the server sends more than an object can hold") from None
                # else a line that is no object: a broken server costs us that line only

    def _goodbye(self) -> Object | None:
        """The server's last word, if it has said one: what it sent came before the end, and is read before that."""
        with contextlib.suppress(LinkError):
            while (obj := self._receive(0)) is not None:
                self._inbox.append(obj)
        return next((obj for obj in self._inbox if obj.get("cmd") == "goodbye"), None)

    def _is_new(self, obj: Object) -> bool:
        """Remember the mid of a message; False for one that has been handed out.

        The reply to a message that `send` sent counts like the message: it stands in the same order.
        """
        cmd, mid = obj.get("cmd"), obj.get("mid")
        if type(mid) is not int or not 0 < mid <= MAX_MID:
            return True  # no server that keeps to the wire says so, and it must not hide what comes later
        if cmd in _MESSAGE_PUSHES:
            if mid <= self.seen:
                return False
            self.seen = mid
        elif cmd in _MESSAGE_REPLIES:
            self.seen = max(self.seen, mid)
        return True


def _reply_names(cmd: str) -> tuple[str, ...]:
    return (reply_name(cmd), _OFFERED) if cmd == "send_file" else (reply_name(cmd),)


def _maybe(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
