"""A client that stays: it reconnects with back-off, resumes its session, and sends again what was not acknowledged."""

from __future__ import annotations

import random
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import LinkError, Refused

FIRST_DELAY = 0.2  # seconds before the second attempt
LONGEST_DELAY = 30.0
_TRY_AGAIN = frozenset(("busy", "rate_limited", "internal"))


class ResilientClient:
    """A session that outlives its connections. One thread uses it; `wake` alone may be called from any thread.

    Nothing is lost and nothing comes twice: every message carries a ``cid`` and is sent again until it is acknowledged,
    and every new connection asks for what is above the highest mid that has been handed out.
    """

    def __init__(self, connect: Callable[[], Client], user: str, password: str, *, after: int = 0) -> None:
        """``connect`` opens a connection; ``after`` is the highest mid known from an earlier run.

        Nothing is connected yet: the first call that needs the server does it.
        """
        self._connect = connect
        self._user = user
        self._password = password
        self._token = ""
        self._seen = after
        self._client: Client | None = None
        self._attempts = 0
        self._unacknowledged: OrderedDict[str, Object] = OrderedDict()
        self._requests: dict[int, str] = {}

    @property
    def seen(self) -> int:
        """The highest mid handed out."""
        return self._client.seen if self._client else self._seen

    @property
    def unacknowledged(self) -> list[str]:
        """The cids of messages of which it is not yet known that they are stored, oldest first."""
        return list(self._unacknowledged)

    def say(self, *, text: str, to: str = "", group: str = "") -> str:
        """Queue a message and send it if there is a connection; returns its cid. `next_event` tells its fate."""
        cid = secrets.token_hex(12)
        if group:
            request = {"cmd": "group_chat", "user": self._user, "group": group, "text": text, "cid": cid}
        else:
            request = {"cmd": "private_chat", "user_from": self._user, "user_to": to, "text": text, "cid": cid}
        self._unacknowledged[cid] = request
        if self._client is not None:
            self._attempt(self._send, cid)
        return cid

    def next_event(self, timeout: float) -> Object | None:
        """Return the next push or the reply to a message (with its `cid` added), or None after ``timeout`` seconds.

        Connects again where needed, waiting between attempts no longer than the time allows.

        Raises:
            Refused: the server does not accept this user any more.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._client is None and not self._reconnect(deadline):
                return None
            event: Object | None = self._attempt(self._poll, deadline)
            if event is not None or (self._client is not None and time.monotonic() >= deadline):
                return event

    def wake(self) -> None:
        """Make a waiting `next_event` look at the clock again. Any thread."""
        if (client := self._client) is not None:
            client.wake()

    def close(self) -> None:
        """Close the connection. What is not acknowledged stays in `unacknowledged`."""
        self._drop()

    def _poll(self, deadline: float) -> Object | None:
        assert self._client is not None
        event = self._client.next_push(max(0.0, deadline - time.monotonic()))
        return None if event is None else self._settle(event)

    def _settle(self, event: Object) -> Object:
        """A reply to one of our messages ends its retries, unless it says to try again."""
        cid = self._requests.pop(event.get("id", 0), None) if str(event.get("cmd")).endswith("_reply") else None
        if cid is None:
            return event
        if event["result"] in _TRY_AGAIN:
            time.sleep(min(1.0, event.get("retry_after_ms", 200) / 1000))
            self._attempt(self._send, cid)
        else:
            self._unacknowledged.pop(cid, None)
        return {**event, "cid": cid}

    def _send(self, cid: str) -> None:
        assert self._client is not None
        fields = dict(self._unacknowledged[cid])
        self._requests[self._client.send(fields.pop("cmd"), **fields)] = cid

    def _reconnect(self, deadline: float) -> bool:
        """Try until there is a session or the time is up."""
        while True:
            try:
                self._client = self._open()
            except LinkError:
                self._attempts += 1
            except Refused as error:
                if error.result not in _TRY_AGAIN:
                    raise
                self._attempts += 1
            else:
                self._attempts = 0
                for cid in list(self._unacknowledged):
                    self._attempt(self._send, cid)
                return self._client is not None
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, self._delay()))

    def _open(self) -> Client:
        client = self._connect()
        client.seen = self._seen
        try:
            self._log_in(client)
        except BaseException:
            client.close()
            raise
        self._token = client.token or self._token
        return client

    def _log_in(self, client: Client) -> None:
        if self._token:
            try:
                client.resume(self._user, self._token, after=self._seen)
            except Refused as error:
                if error.result in _TRY_AGAIN:
                    raise
                self._token = ""  # expired or revoked: the password is asked again
            else:
                return
        client.login(self._user, self._password, after=self._seen)

    def _delay(self) -> float:
        """Exponential back-off with full jitter, so that clients cut off together do not come back together."""
        return random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(self._attempts, 12)))

    def _attempt(self, action: Callable[..., Any], *args: Any) -> Any:
        """Run something that needs the link; a broken link is dropped and made anew by the next call."""
        try:
            return action(*args)
        except LinkError:
            self._drop()
            return None

    def _drop(self) -> None:
        if self._client is not None:
            self._seen = self._client.seen
            self._client.close()
            self._client = None
        self._requests.clear()
