"""A proxy that understands lines, stands between the load test's clients and a server, and may meddle with one message.

For the tests of the tool: what the proxy does must be found out.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chatwire.certificate import ensure_self_signed
from chatwire.tls import client_context, server_context
from tests.load.targets.base import Address, Population, Target
from tests.load.targets.chatd import Chatd

LINE_LIMIT = 1 << 24  # bytes of a line; the reply to a login is long

Deed = Callable[[list[bytes]], list[bytes]]
"""What becomes of a message; for `swap`, of two that follow each other."""


def drop(lines: list[bytes]) -> list[bytes]:
    """It is gone."""
    return []


def double(lines: list[bytes]) -> list[bytes]:
    """It comes twice."""
    return [lines[0], lines[0]]


def swap(lines: list[bytes]) -> list[bytes]:
    """The second comes first."""
    return [lines[1], lines[0]]


def garble(lines: list[bytes]) -> list[bytes]:
    """One letter of the text is another one."""
    at = lines[0].index(b'"', lines[0].index(b'"text":"') + len(b'"text":"')) - 1
    letter = b"x" if lines[0][at : at + 1] != b"x" else b"y"
    return [lines[0][:at] + letter + lines[0][at + 1 :]]


@dataclass
class Meddling:
    """What is done, to which lines of whose connection, and to which of them, counted from 1.

    ``up``: to what the client says, in place of what it is told. ``done`` is set when it has happened.
    """

    deed: Deed
    lines: bytes  # a line that has this in it is one of those that count
    user: int
    at: int
    up: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0
    _held: bytes = b""

    def with_line(self, line: bytes) -> list[bytes]:
        """What is passed on in place of a line. The proxy's thread."""
        if self.lines not in line:
            return [line]
        self._seen += 1
        lines, self._held = [self._held, line] if self._held else [line], b""
        if self._seen == self.at and self.deed is swap:
            self._held = line
            return []
        if self._seen != self.at + (self.deed is swap):
            return lines
        self.done.set()
        return self.deed(lines)


class ProxiedChatd(Target):
    """A chatd behind the proxy, which runs in a thread of this process."""

    name = "chatd behind a proxy"
    engine = "sqlite"

    def __init__(
        self, meddling: Meddling | None = None, *, tls: bool = False, files: bool = False, options: Sequence[str] = ()
    ) -> None:
        self._behind = Chatd(tls=tls, files=files, options=options)
        self.wire = self._behind.wire
        self._meddling = meddling
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def start(self, population: Population) -> Address:
        self._address = address = self._behind.start(population)
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(address), self._loop).result(30)
        return replace(address, port=port)

    def restart(self, address: Address) -> None:
        self._behind.restart(self._address)

    def stop(self) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
        if not self._loop.is_closed():
            self._loop.close()
        self._behind.stop()

    def pids(self) -> Sequence[int]:
        return self._behind.pids()

    async def _listen(self, address: Address) -> int:
        ours: ssl.SSLContext | None = None
        if address.tls:  # with the server's own certificate, so that nobody notices
            ours = server_context(*map(str, ensure_self_signed(self._behind.folder)))

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            await self._serve(address, reader, writer)

        self._server = await asyncio.start_server(accepted, "127.0.0.1", 0, limit=LINE_LIMIT, ssl=ours, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = client_context(verify=False) if address.tls else None
        there_reader, there = await asyncio.open_connection(address.host, address.port, ssl=context, limit=LINE_LIMIT)
        self._writers += [writer, there]
        try:
            first = await reader.readline()
            there.write(first)
            user = re.search(rb'"user":"[a-z]+n(\d+)"', first)
            mine = self._meddling if self._meddling and user and int(user[1]) == self._meddling.user else None
            down = asyncio.create_task(_pump(there_reader, writer, mine if mine and not mine.up else None))
            self._tasks.add(down)
            await _pump(reader, there, mine if mine and mine.up else None)
            await down
        except OSError:
            pass
        finally:
            there.close()
            writer.close()

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()  # over TLS, `close` alone waits for the other side, which may be gone
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, meddling: Meddling | None) -> None:
    """Pass lines on until there are no more."""
    try:
        while line := await reader.readline():
            writer.write(b"".join(meddling.with_line(line) if meddling else [line]))
            await writer.drain()
    except ConnectionError:
        pass  # it was cut off: so is the other side
    finally:
        writer.close()
