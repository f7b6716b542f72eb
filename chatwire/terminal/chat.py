"""One user's conversations: what commands and the follower work on. Main thread only."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from chatwire.client import OFFER
from chatwire.codec import Object
from chatwire.errors import LinkError, PeerError, Refused, UnknownFingerprint
from chatwire.events import LINK_LOST
from chatwire.outbox import patience, try_again
from chatwire.terminal.filelines import offer_line
from chatwire.terminal.network import Network
from chatwire.terminal.offers import Offers
from chatwire.terminal.render import Line, chat_line, clock, failure, message, note, problem, refusal, title
from chatwire.terminal.screen import Screen
from chatwire.terminal.state import Conversation, Pending, State
from chatwire.terminal.transfers import Transfers
from chatwire.text import is_well_formed, well_formed
from chatwire.transfer.errors import TransferError

_TYPING_EVERY = 4.0  # seconds between two notices that we are writing
_READ_DELAY = 0.5  # seconds in which further messages make no further request


class Usage(Exception):
    """What was typed cannot be done, or says nothing. Its text is what the user is told."""


def encoding() -> str:
    """In which bytes are text here, as people write it."""
    return (sys.stdin.encoding or "utf-8").upper()


class Chat:
    """``exit_code`` is what the program ends with, once ``leaving`` is set; ``moved``: something has happened."""

    def __init__(self, server: str, network: Network, transfers: Transfers, screen: Screen) -> None:
        self.server = server
        self.network = network
        self.transfers = transfers
        self.screen = screen
        self.state = State()
        self.offers = Offers()
        self.exit_code = 0
        self.moved = asyncio.Event()
        self.leaving = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._warned = ""  # the command that would give up what waits, and has said so
        self._typing_told = 0.0
        self._to_read: set[Conversation] = set()
        self._read_timer: asyncio.TimerHandle | None = None
        self._login: asyncio.Future[None] | None = None
        self._begun = True

    def show(self, line: Line) -> None:
        """Show a line."""
        self.screen.show(line)

    def line_of(self, obj: Object) -> Line:
        """A message, or an offer, as it appears in the stream of lines."""
        if obj.get("cmd") != OFFER:
            return message(obj, self.state)
        offer = self.offers.take(obj, self.state.conversation_of(obj), self.state.user)
        return offer_line(offer, obj.get("ts"))

    async def request(self, cmd: str, **fields: Any) -> Object:
        """Ask the server. Raises Refused unless it did it."""
        reply = await asyncio.wrap_future(self.network.ask(cmd, **fields))
        if reply.get("result") != "success":
            raise Refused(reply)
        return reply

    async def insist(self, cmd: str, waits: str = "", **fields: Any) -> Object | None:
        """Ask until the server has answered, which must be of no harm; None when another session has begun.

        ``waits`` is shown where that takes a new connection. Raises Refused for a real answer.
        """
        state = self.state
        while True:
            try:
                return await self.request(cmd, **fields)
            except Refused as error:
                if error.result != LINK_LOST and not try_again(error.result):
                    raise
                if error.result != LINK_LOST:
                    await asyncio.sleep(patience(error.reply))
                elif waits and not state.connected:
                    self.show(note(waits))
                await self.until(lambda: state.connected or self.state is not state)
            if self.state is not state:
                return None

    def readable(self, text: str) -> str:
        """What was typed, as text. A script's bytes that are none become U+FFFD; who types can type it again.

        Raises:
            Usage: it holds bytes that are no text.
        """
        if self.screen.interactive and not is_well_formed(text):
            raise Usage(f"these bytes are no {encoding()}, so nothing is done; is that what this terminal is set to?")
        return well_formed(text)

    async def login(self, user: str, password: str) -> None:
        """Begin a session; returns when the server has answered, or cannot be reached for now."""
        self._begun = not self.state.user  # else the session before has still something to say
        self._login = self._loop.create_future()
        self.network.login(user, password, self.last_requests())
        try:
            await self._login
        finally:
            self._login = None

    def begun(self, user: str) -> None:
        """From here on everything is about this user's session."""
        self.give_up()
        self._to_read.clear()
        self.state = State(user=user)
        self._begun = True

    def not_begun(self, error: Exception) -> None:
        """The session that there is goes on."""
        self._begun = True
        self.tell(error)
        if self.state.user:
            self.show(note(f"you are still logged in as {self.state.user}"))

    def say(self, conversation: Conversation, text: str) -> None:
        """Say something; it is shown at once, and marked when it has to wait."""
        cid = secrets.token_hex(12)
        waits = not self.state.connected
        self._warned = ""  # of this one nobody has been warned
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

    def close(self, conversation: Conversation | None) -> None:
        """Nothing is open, unless another one has been opened since."""
        if self.state.open == conversation:
            self.open(None)

    def mark_read(self, conversation: Conversation) -> None:
        """The user has seen what there is; the server is told soon, once for many messages."""
        self.state.unread.pop(conversation, None)
        self._to_read.add(conversation)
        if self._read_timer is None:
            self._read_timer = self._loop.call_later(_READ_DELAY, self.send_read)
        self.screen.refresh()

    def begun_transfer(self) -> None:
        """A file is on its way, of which nobody has been warned."""
        self._warned = ""
        self.screen.refresh()

    def leave(self) -> None:
        """End the program, unless something would be given up and the user has not been told."""
        if self.may_give_up("/quit"):
            self.leaving.set()

    def may_give_up(self, word: str) -> bool:
        """Whether a command may give up what is not done yet: nothing is left, or the user has said it twice."""
        waiting, moving = len(self.state.pending), len(self.transfers.running)
        if not (waiting or moving) or not self.screen.interactive or self._warned == word:
            return True
        self._warned = word
        if waiting:
            self.show(problem(f"{waiting} of your messages could not be sent yet; {word} again gives them up"))
        if moving:
            files = "a file is" if moving == 1 else f"{moving} files are"
            self.show(problem(f"{files} still on the way; {word} again stops that"))
        return False

    def failed(self) -> None:
        """A script learns from the exit code that something did not work; a user has seen it."""
        if not self.screen.interactive:
            self.exit_code = 1

    def tell(self, error: Exception) -> None:
        """Show an error in one line."""
        self.failed()
        if isinstance(error, Refused):
            self.show(refusal(error))
        elif isinstance(error, Usage | LinkError | PeerError | TransferError):
            self.show(failure(error, self.server))
        else:
            self.show(problem(f"unexpected: {type(error).__name__}: {error}"))

    def login_done(self) -> None:
        """The login has been answered, or has to wait."""
        if self._login is not None and self._begun and not self._login.done():
            self._login.set_result(None)

    def ended(self, error: Exception) -> None:
        """The session is over for good."""
        self.give_up()
        self.state = State()
        if isinstance(error, UnknownFingerprint):
            self.show(problem(f"{self.server} shows another certificate than before; not going on"))
            self.exit_code = 1
            self.leaving.set()
        else:
            self.tell(error)

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

    def give_up(self) -> int:
        """Say what is not done, and forget it; returns how many messages and files these were."""
        given_up = self._give_up_messages()
        for transfer in self.transfers.running:
            self.failed()
            self.show(problem(f"not finished: {transfer.name}"))
            transfer.control.cancel()
            given_up += 1
        self.transfers.running.clear()
        self.offers = Offers()
        return given_up

    def last_requests(self) -> Callable[[], list[Object]]:
        """What the server is to be told when this session ends: files that are not sent whole by then are withdrawn.

        What is returned may be called in any thread.
        """
        uploads = [(t, t.offer.file) for t in self.transfers.running if t.is_upload and t.offer is not None]
        return lambda: [{"cmd": "cancel_file", "file": file} for t, file in uploads if t.reached < t.size]

    def _give_up_messages(self) -> int:
        for pending in self.state.pending.values():
            self.failed()
            self.show(problem(f"not sent to {title(pending.conversation)}: {pending.text}"))
        given_up = len(self.state.pending)
        self.state.pending.clear()
        return given_up

    def send_read(self) -> None:
        """Tell the server now what the user has seen."""
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        for conversation in self._to_read:
            newest = self.state.newest.get(conversation)
            if newest and self.state.connected:
                self.network.tell("read", mid=newest, **conversation.field)
        self._to_read.clear()
