"""The client itself: reads lines, and runs commands. Main thread only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from chatwire.terminal import account, people, share, talk  # noqa: F401 - they enter their commands into the table
from chatwire.terminal.chat import Chat, Usage
from chatwire.terminal.commands import completions, find, parse
from chatwire.terminal.connector import Connector
from chatwire.terminal.follow import Follower
from chatwire.terminal.network import Network, Posted
from chatwire.terminal.plain import PlainScreen
from chatwire.terminal.render import note
from chatwire.terminal.safe import safe
from chatwire.terminal.screen import Screen, TerminalScreen
from chatwire.terminal.transfers import Report, Transfers

_LAST_WAIT = 15.0  # seconds for what is still to be sent when the input has ended


class App:
    """One run of the program."""

    def __init__(self, connector: Connector, *, interactive: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.screen: Screen = self._terminal() if interactive else PlainScreen(self._output_died)
        network = Network(connector, self._post)
        transfers = Transfers(connector, network.ask, self._post, patient=interactive)
        self.chat = Chat(connector.name, network, transfers, self.screen)
        self._follower = Follower(self.chat)

    async def run(self, user: str = "") -> int:
        """Until the user leaves; with ``user``, log in first. Returns the exit code."""
        self.chat.network.start()
        try:
            if user:
                await self._guarded(find("login").function(self.chat, user))
                if not self.chat.state.user and not self.screen.interactive:
                    return 1
            else:
                self.chat.show(note("/login NAME or /register NAME; /help lists all commands"))
            await self._read_lines()
        finally:
            self.chat.send_read()
            await asyncio.to_thread(self.chat.transfers.stop)
            await asyncio.to_thread(self.chat.network.stop)
            await self.screen.close()
        return self.chat.exit_code

    async def _read_lines(self) -> None:
        """Read until the end of the input or /quit. On a terminal, commands run while the next line is typed."""
        leaving = asyncio.ensure_future(self.chat.leaving.wait())
        while not leaving.done():
            reading = asyncio.ensure_future(self.screen.read())
            await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                await asyncio.wait((reading,))
                break
            if not await self._take(reading.result()):
                break
        leaving.cancel()
        await self._finish()

    async def _take(self, line: str | None) -> bool:
        """One line, or the end of the input; false when no further line is to be read."""
        if line is None:
            self.chat.leave()
            return self.screen.interactive and not self.chat.leaving.is_set()
        if self._runs_aside(line):
            self._start(self._execute(line))
        else:
            await self._execute(line)
        return not self.chat.leaving.is_set()

    def _runs_aside(self, line: str) -> bool:
        called = parse(line)
        if not self.screen.interactive or called is None:
            return False
        try:
            return not find(called[0]).asks
        except Usage:
            return False

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, line: str) -> None:
        """One typed line. Whatever goes wrong is told in one line."""
        if not line.strip():
            return
        await self._guarded(self._command(line))
        if not self.screen.interactive:
            pending = self.chat.state.pending
            await self.chat.until(lambda: all(message.marked for message in pending.values()))

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.chat.tell(error)

    async def _command(self, line: str) -> None:
        called = parse(line)
        if called is None:
            self._say_here(self.chat.readable(line.removeprefix("/") if line.startswith("//") else line))
            return
        name, argument = called
        if self.screen.interactive:
            self.chat.show([("class:note", f"› {' '.join(safe(line).split())}")])
        entry = find(name)
        if entry.login and not self.chat.state.user:
            raise Usage("log in first: /login NAME, or /register NAME")
        paths = entry.completes in ("path", "file")  # the names of files are bytes, whatever these mean
        await entry.function(self.chat, argument if paths else self.chat.readable(argument))

    def _say_here(self, text: str) -> None:
        if not self.chat.state.user:
            raise Usage("log in first: /login NAME, or /register NAME")
        if self.chat.state.open is None:
            raise Usage("to whom? /to NAME or /group NAME opens a conversation")
        self.chat.say(self.chat.state.open, text)

    async def _finish(self) -> None:
        """A script's messages are given some time, and its files all that they take; what was not sent is said."""
        chat = self.chat
        if not self.screen.interactive:
            try:
                await asyncio.wait_for(chat.until(lambda: not chat.state.pending), _LAST_WAIT)
            except asyncio.TimeoutError:
                pass  # what waits is told
            await chat.until(lambda: not chat.transfers.running)
            try:
                await asyncio.wait_for(chat.until(lambda: not self._follower.busy), _LAST_WAIT)
            except asyncio.TimeoutError:
                pass  # the server is away
        for request in chat.last_requests()():
            chat.network.tell(**request)
        if chat.give_up():
            chat.exit_code = 1

    def _post(self, event: Posted | Report) -> None:
        """The network thread, and those of the transfers."""
        try:
            self._loop.call_soon_threadsafe(self._follower.follow, event)
        except RuntimeError:
            return  # the program has ended

    def _output_died(self) -> None:
        self.chat.failed()
        self.chat.leaving.set()

    def _terminal(self) -> TerminalScreen:
        return TerminalScreen(
            lambda: self._follower.prompt(),
            lambda: self._follower.status(),
            lambda typed: completions(typed, self.chat.state, [offer.name for offer in self.chat.offers]),
            lambda typed: self.chat.typed(typed),
        )
