"""What keys do in the terminal client: none puts a control character into a message."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from chatwire.terminal.screen import TerminalScreen
from tests.support.waiting import DEADLINE

_LEADS = {"alone": "", "escape": "\x1b", "c-q": "\x11", "c-x": "\x18", "c-v": "\x16"}
_KEYS = [chr(code) for code in (*range(32), 127)]
_NOT = "\x1a\x1b"  # one stops the program, one begins another key


def _typed(*pieces: str) -> tuple[list[str], list[str]]:
    """The lines that come of these pieces, and all that was in the input line meanwhile."""
    seen: list[str] = []

    async def run() -> list[str]:
        screen = TerminalScreen(lambda: [], lambda: [], lambda typed: (), seen.append)
        pipe.send_text("".join(f"{piece}\r" for piece in (*pieces, "the end")))
        lines: list[str] = []
        while (line := await screen.read()) != "the end":
            lines += [line] if line else []  # some keys take the Enter that follows, some make another
        await screen.close()
        return lines

    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        return asyncio.run(asyncio.wait_for(run(), DEADLINE)), seen


@pytest.mark.parametrize("lead", _LEADS)
def test_no_key_puts_a_control_character_into_a_line(lead: str) -> None:
    pieces = [f"a{_LEADS[lead]}{key}b\x07\r\x15" for key in _KEYS if key not in _NOT]  # c-g ends a search
    lines, seen = _typed(*pieces)
    assert [text for text in (*lines, *seen) if not text.isprintable()] == []
    assert len(lines) >= len(pieces) / 2


def test_pasted_lines_stay_one_message() -> None:
    assert _typed("\x1b[200~one\r\ntwo\n\tthree\x1b[201~")[0] == ["one\ntwo\n\tthree"]


def test_letters_of_all_kinds_arrive() -> None:
    letters = ["é", "e\u0301", "你好", "🩷", "👩\u200d💻", "\u202eabc", "\u00a0x", "안녕"]
    assert _typed(*letters)[0] == letters
