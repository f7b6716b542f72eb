"""Lines in and lines out, without a terminal or on one that can do nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import termios
import threading
from collections.abc import Callable, Iterator

from chatwire.terminal.render import Line, text_of


class PlainScreen:
    """Pipes: commands line by line, and lines out. A secret or an answer is the next line of the input."""

    interactive = False

    def __init__(self, died: Callable[[], None]) -> None:
        """``died`` is called once, when nobody reads what is shown any more."""
        self.typed = os.isatty(0)
        self._encoding = sys.stdin.encoding or "utf-8"
        if isinstance(sys.stdout, io.TextIOWrapper):  # what the locale has no bytes for is shown by its number
            sys.stdout.reconfigure(errors="backslashreplace")
        self._died = died
        self._dead = False
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._reader: threading.Thread | None = None

    def show(self, line: Line) -> None:
        if self._dead:
            return
        try:
            sys.stdout.write(text_of(line) + "\n")
            sys.stdout.flush()
        except OSError:
            self._die()

    async def read(self) -> str | None:
        if self._dead:
            return None
        if self._reader is None:
            # A daemon, since nothing ends a read; on the descriptor, since Python's own buffers have locks.
            loop = asyncio.get_running_loop()
            self._reader = threading.Thread(target=self._read_all, args=(loop,), name="stdin", daemon=True)
            self._reader.start()
        return await self._lines.get()

    async def read_hidden(self, label: str) -> str | None:
        if not self.typed:
            return await self.read()
        with _no_echo():
            _prompt(label)
            secret = await self.read()
            _prompt("\n")  # the one that was typed has not been shown either
        return secret

    async def read_answer(self, question: str) -> str | None:
        if self.typed:
            _prompt(question)
        else:
            self.show([("", question)])
        return await self.read()

    def refresh(self) -> None:
        return

    def flush(self) -> None:
        return  # `show` has done it

    async def close(self) -> None:
        self.flush()

    def _die(self) -> None:
        """What Python still holds would fail again at the end of the program, so it goes nowhere."""
        self._dead = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        self._lines.put_nowait(None)  # for the one who waits for a line now
        self._died()

    def _read_all(self, loop: asyncio.AbstractEventLoop) -> None:
        """The reader's thread."""
        rest = b""
        try:
            while data := os.read(0, 65536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(self._lines.put_nowait, self._text(line.rstrip(b"\r")))
            if rest:
                loop.call_soon_threadsafe(self._lines.put_nowait, self._text(rest))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)
        except (OSError, RuntimeError):
            return  # the program ends, and with it the loop

    def _text(self, line: bytes) -> str:
        """Bytes that are no text stay what they are, since they may name a file."""
        return line.decode(self._encoding, errors="surrogateescape")


def _prompt(text: str) -> None:
    """Where the user sees it, even if the output goes elsewhere."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


@contextlib.contextmanager
def _no_echo() -> Iterator[None]:
    """While a secret is typed on a terminal, it is not shown."""
    before = termios.tcgetattr(0)
    changed = [*before]
    changed[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
