"""One user's conversations: what commands and the follower work on. Main thread only."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any

from chatwire.codec import Object
from chatwire.errors import LinkError, PeerError, Refused, UnknownFingerprint
from chatwire.terminal.network import Network
from chatwire.terminal.render import Line, chat_line, clock, problem, refusal, title
from chatwire.terminal.screen import Screen
from chatwire.terminal.state import Conversation, Pending, State

_TYPING_EVERY = 4.0  # seconds between two notices that we are writing
_READ_DELAY = 0.5  # seconds in which further messages make no further request


class Usage(Exception):
    """A command was typed in a way that says nothing. Its text is what the user is told."""


class Chat:
    """``exit_code`` is what the program ends with, once ``leaving`` is set; ``moved``: something has happened."""

    def __init__(self, server: str, network: Network, screen: Screen) -> None:
        self.server = server
        self.network = network
        self.screen = screen
        self.state = State()
        self.exit_code = 0
        self.moved = asyncio.Event()
        self.leaving = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._warned_pending = False
        self._typing_told = 0.0
        self._read_timer: asyncio.TimerHandle | None = None
        self._login: asyncio.Future[None] | None = None

    def show(self, line: Line) -> None:
        """Show a line."""
        self.screen.show(line)

    async def request(self, cmd: str, **fields: Any) -> Object:
        """Ask the server. Raises Refused unless it did it."""
        reply = await asyncio.wrap_future(self.network.ask(cmd, **fields))
        if reply.get("result") != "success":
            raise Refused(reply)
        return reply

    async def login(self, user: str, password: str) -> None:
        """Begin a session; returns when the server has answered, or cannot be reached for now."""
        self.state = State(user=user)
        self._login = self._loop.create_future()
        self.network.login(user, password)
        try:
            await self._login
        finally:
            self._login = None

    def say(self, conversation: Conversation, text: str) -> None:
        """Say something; it is shown at once, and marked when it has to wait."""
        cid = secrets.token_hex(12)
        waits = not self.state.connected
        self.state.pending[cid] = Pending(conversation, text, marked=waits)
        me = self.state.user
        self.show(chat_line(clock(), conversation, me, text, me, "waiting for the server" if waits else ""))
        if not conversation.is_group and conversation.name not in self.state.friends:
            self.state.strangers.add(conversation.name)
        self._typing_told = 0.0
        self.network.say(cid, text, conversation.target)

    def open(self, conversation: Conversation | None) -> None:
        """Make a conversation the one that lines are said in."""
        self.state.open = conversation
        self.state.typing = ""
        self.screen.refresh()

    def mark_read(self, conversation: Conversation) -> None:
        """The user has seen what there is; the server is told soon, once for many messages."""
        self.state.unread.pop(conversation, None)
        if self._read_timer is None:
            self._read_timer = self._loop.call_later(_READ_DELAY, self._send_read)
        self.screen.refresh()

    def leave(self) -> None:
        """End the program, unless messages wait to be sent and the user has not been told."""
        waiting = len(self.state.pending)
        if waiting and self.screen.interactive and not self._warned_pending:
            self._warned_pending = True
            self.show(problem(f"{waiting} of your messages could not be sent yet; /quit again gives them up"))
            return
        self.leaving.set()

    def tell(self, error: Exception) -> None:
        """Show an error in one line."""
        if isinstance(error, Refused):
            self.show(refusal(error))
        elif isinstance(error, Usage | LinkError | PeerError):
            self.show(problem(error))
        else:
            self.show(problem(f"unexpected: {type(error).__name__}: {error}"))

    def login_done(self) -> None:
        """The login has been answered, or has to wait."""
        if self._login is not None and not self._login.done():
            self._login.set_result(None)

    def ended(self, error: Exception) -> None:
        """The session is over for good."""
        self.give_up_pending()
        self.state = State()
        if isinstance(error, UnknownFingerprint):
            self.show(problem(f"{self.server} shows another certificate than before; not going on"))
            self.exit_code = 1
            self.leaving.set()
        else:
            self.tell(error)
        self.login_done()
        self.screen.refresh()

    def typed(self, text: str) -> None:
        """The input has changed: those in the open conversation may know that something is being written."""
        conversation, now = self.state.open, time.monotonic()
        if not text or text.startswith("/") or conversation is None or not self.state.connected:
            return
        if now - self._typing_told >= _TYPING_EVERY:
            self._typing_told = now
            self.network.tell("typing", **conversation.field)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; it is looked at whenever something has happened."""
        while not condition():
            self.moved.clear()
            await self.moved.wait()

    def give_up_pending(self) -> int:
        """Say what has not been sent, and forget it; returns how many messages these were."""
        for pending in self.state.pending.values():
            self.show(problem(f"not sent to {title(pending.conversation)}: {pending.text}"))
        given_up = len(self.state.pending)
        self.state.pending.clear()
        return given_up

    def _send_read(self) -> None:
        self._read_timer = None
        conversation = self.state.open
        newest = self.state.newest.get(conversation) if conversation else None
        if conversation is not None and newest and self.state.connected:
            self.network.tell("read", mid=newest, **conversation.field)
