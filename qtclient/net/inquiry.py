"""What a transfer asks the chat server, until it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from chatwire.codec import Object
from chatwire.events import LINK_LOST
from chatwire.outbox import patience, try_again
from chatwire.transfer.control import Control
from chatwire.transfer.errors import Gone
from qtclient.cache import incoming
from qtclient.records import FileState

_ANSWER_TIME = 30.0  # seconds
_REST = 30.0  # seconds between two attempts without a connection; `Control.hurry` ends it
_DAEMON_AWAY = 2.0  # seconds before the chat server is asked again where the file daemon is

Heard = Callable[[Object], None]


class Ask(Protocol):
    """Sends a request; ``done`` gets the reply, in any thread."""

    def __call__(self, cmd: str, done: Heard, **fields: Any) -> None: ...


class Inquiry:
    """The thread of the transfer."""

    def __init__(self, ask: Ask, control: Control, waits: Callable[[bool], None]) -> None:
        """``waits`` is told when there is no answer to be had, and when there is one after that."""
        self._ask = ask
        self._control = control
        self._waits = waits

    def url(self, file: str, field: str) -> str:
        """A URL with a fresh ticket, empty when there is nothing more to upload. Raises Gone, Cancelled."""
        while True:
            reply = self.until_answered("get_file", file=file)
            url, state = reply.get(field), incoming.state(reply.get("state"))
            if isinstance(url, str):
                return url
            if field == "upload_url" and state is FileState.COMPLETE:
                return ""
            if state is None or not state.alive:
                raise Gone(f"the file is {state.value if state else 'gone'}")
            self._control.sleep(_DAEMON_AWAY)  # the chat server does not know where the file daemon is

    def until_answered(self, cmd: str, heard: Heard | None = None, **fields: Any) -> Object:
        """What the server says in the end; ``heard`` gets each answer in the chat thread. Raises Cancelled."""
        waited = False
        while True:
            reply = self._once(cmd, fields, heard)
            result = str(reply.get("result"))
            if result != LINK_LOST and not try_again(result):
                break
            if not waited:
                waited = True
                self._waits(True)
            self._control.sleep(_REST if result == LINK_LOST else max(1.0, patience(reply)))
            self._control.wait_while_paused()
        if waited:
            self._waits(False)
        return reply

    def _once(self, cmd: str, fields: dict[str, Any], heard: Heard | None) -> Object:
        answer: Future[Object] = Future()

        def done(reply: Object) -> None:
            if heard is not None:
                heard(reply)
            answer.set_result(reply)
            self._control.hurry()

        self._ask(cmd, done, **fields)
        deadline = time.monotonic() + _ANSWER_TIME
        while not answer.done() and (left := deadline - time.monotonic()) > 0:
            self._control.sleep(left)
        return answer.result() if answer.done() else {"result": LINK_LOST}
