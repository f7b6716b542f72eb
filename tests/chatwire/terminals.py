"""The terminal client on a pseudo-terminal, as its user sees it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
from wcwidth import wcwidth

from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import DEADLINE, wait_until

ROWS = 300


class _Screen(pyte.Screen):
    """Keeps what has no width with what is before it, where pyte would give up the rest of the line."""

    def draw(self, data: str) -> None:
        for piece in re.split("([^\x20-\x7e])", data):
            if len(piece) != 1 or wcwidth(piece) > 0 or not self.cursor.x:
                super().draw(piece)
                continue
            line, last = self.buffer[self.cursor.y], self.cursor.x - 1
            last -= last > 0 and not line[last].data  # the second half of a wide one
            line[last] = line[last]._replace(data=line[last].data + piece)

    def text(self) -> str:
        """Its lines, without those below that nothing was ever written to: nearly all of them."""
        lines = [self.buffer[y] for y in range(max(self.buffer, default=-1) + 1)]
        shown = ("".join(line[x].data for x in range(max(line, default=-1) + 1)) for line in lines)
        return "\n".join(line.rstrip() for line in shown).rstrip()


class Terminal:
    """One run of the program on a pseudo-terminal. ``raw`` is all that it has written."""

    def __init__(
        self, server: ServerProcess, config: Path, *arguments: str, term: str = "xterm", encoding: str = "utf-8"
    ) -> None:
        """``encoding`` is what the program believes its terminal to speak."""
        self.raw = ""
        self._text = ""
        self._screen = _Screen(160, ROWS)
        self._stream = pyte.Stream(self._screen)
        environment = {
            **os.environ, "TERM": term, "PROMPT_TOOLKIT_NO_CPR": "1", "XDG_CONFIG_HOME": str(config),
            "PYTHONIOENCODING": encoding,
        }  # fmt: skip
        self.child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "chatwire", f"{server.host}:{server.port}", *arguments],
            env=environment, cwd=str(ROOT), dimensions=(ROWS, 160), encoding=encoding, timeout=DEADLINE,
        )  # fmt: skip
        self.child.delaybeforesend = None

    def text(self) -> str:
        """What its user sees; the screen is so high that nothing scrolls out of it."""
        before = len(self.raw)
        try:
            while not self.child.closed:
                data = self.child.read_nonblocking(65536, timeout=0)
                self.raw += data
                self._stream.feed(data)
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass
        if len(self.raw) != before:
            self._text = self._screen.text()
        return self._text

    def shows(self, text: str, times: int = 1) -> None:
        """Wait until something is seen so often."""
        try:
            wait_until(lambda: self.text().count(text) >= times, text, DEADLINE)
        except AssertionError:
            raise AssertionError(f"{text!r} is not seen; the end of what is: {self.text()[-1500:]!r}") from None

    def types(self, text: str) -> None:
        self.child.send(text)

    def enters(self, line: str) -> None:
        self.child.send(line + "\r")

    def enters_bytes(self, line: bytes) -> None:
        """What a terminal sends that speaks another encoding."""
        os.write(self.child.child_fd, line + b"\r")

    def ends(self) -> int:
        """Wait for the end of the program, and return its exit code."""
        wait_until(lambda: self.text() is not None and not self.child.isalive(), "the program ends", DEADLINE)
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)


Program = Callable[..., Terminal]
"""Starts one for a user, with further arguments; each user has a configuration folder."""


def trust(terminal: Terminal, process: ServerProcess) -> None:
    """Say yes to the server's certificate, where it has one."""
    if process.tls:
        terminal.shows(process.fingerprint)
        terminal.shows("(yes/no)")
        terminal.enters("yes")


def register(program: Program, process: ServerProcess, name: str, **how: str) -> Terminal:
    """A new user who has logged in."""
    terminal = program(name, **how)
    trust(terminal, process)
    terminal.shows("/login NAME or /register NAME")
    terminal.enters(f"/register {name}")
    for label in ("New password:", "Once more:"):
        terminal.shows(label)
        terminal.enters(f"pw-{name}")
    terminal.shows(f"logged in as {name}")
    return terminal


def log_in(program: Program, name: str) -> Terminal:
    """A user who comes back."""
    terminal = program(name, "--user", name)
    terminal.shows(f"Password of {name}:")
    terminal.enters(f"pw-{name}")
    terminal.shows(f"logged in as {name}")
    return terminal


def friends(program: Program, process: ServerProcess) -> tuple[Terminal, Terminal]:
    """Alice and bob, who are friends."""
    alice, bob = (register(program, process, name) for name in ("alice", "bob"))
    alice.enters("/add bob")
    alice.shows("bob and you are friends now")
    bob.shows("alice has made you a friend")
    return alice, bob


@contextmanager
def programs(process: ServerProcess, folder: Path) -> Iterator[Program]:
    """Start programs for users of the server; each has a configuration folder of its own."""
    made: list[Terminal] = []

    def start(name: str, *arguments: str, **how: str) -> Terminal:
        choice = [] if process.tls else ["--plain"]
        made.append(Terminal(process, folder / f"config-{name}", *arguments, *choice, **how))
        return made[-1]

    yield start
    for terminal in made:
        terminal.child.close(force=True)
