"""Where lines are shown and typed: a terminal with an editable line below the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from chatwire.terminal.render import Line, joined

# Colours of the 16 that every terminal has and its user has chosen; none of them alone carries a meaning.
_STYLE = Style.from_dict(
    {
        "time": "ansibrightblack",
        "name": "ansicyan",
        "me": "ansigreen",
        "group": "ansimagenta",
        "note": "ansibrightblack",
        "problem": "ansired",
        "mark": "ansiyellow",
        "online": "ansigreen",
        "offline": "ansibrightblack",
        "status": "ansiyellow",
        "prompt": "bold",
        "bar": "ansicyan",
    }
)

Complete = Callable[[str], Iterable[tuple[str, int, str]]]
"""From what is typed to (insertion, start relative to the end, explanation)."""


class Screen(Protocol):
    """Main thread only."""

    interactive: bool
    typed: bool  # somebody types the input, so a new secret is better typed twice

    def show(self, line: Line) -> None:
        """Show one line above what is being typed."""

    async def read(self) -> str | None:
        """Return what the user has typed, or None at the end of the input."""

    async def read_hidden(self, label: str) -> str | None:
        """Return a secret."""

    async def read_answer(self, question: str) -> str | None:
        """Return the answer to a question."""

    def refresh(self) -> None:
        """The prompt may have changed."""

    def flush(self) -> None:
        """Write everything out."""

    async def close(self) -> None:
        """The last line has been shown."""


class TerminalScreen:
    """A terminal. What is shown while the user types appears above the input, which stays as it is.

    One prompt_toolkit application runs from the first line to the last, so there is no moment in which something could
    be shown between two of them and leave traces; questions and secrets borrow its input line.
    """

    interactive = True
    typed = True

    def __init__(
        self, prompt: Callable[[], Line], status: Callable[[], Line], complete: Complete, typing: Callable[[str], None]
    ) -> None:
        """``prompt`` and ``status`` are asked at each redraw; ``typing`` gets the input whenever it changes."""
        self._prompt = prompt
        self._status = status
        self._complete = complete
        self._typing = typing
        self._question = ""
        self._shown: list[Line] = []
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._running: asyncio.Task[str] | None = None
        self._session = self._make_session()

    def show(self, line: Line) -> None:
        if not self._shown:  # many lines at once are one redraw
            asyncio.get_running_loop().call_soon(self.flush)
        self._shown.append(line)

    async def read(self) -> str | None:
        self._run()
        return await self._lines.get()

    async def read_hidden(self, label: str) -> str | None:
        self._session.is_password = True
        try:
            return await self.read_answer(label)
        finally:
            self._session.is_password = False

    async def read_answer(self, question: str) -> str | None:
        self._question = question
        self._session.default_buffer.reset()
        self.refresh()
        try:
            return await self.read()
        finally:
            self._question = ""
            self.refresh()

    def refresh(self) -> None:
        if self._session.app.is_running:
            self._session.app.invalidate()

    def flush(self) -> None:
        """Print above the input line, without leaving raw mode.

        That is what ``run_in_terminal`` and ``patch_stdout`` would do, and keys that are pressed in that moment would
        be echoed by the terminal itself, into the middle of our lines.
        """
        lines, self._shown = self._shown, []
        if not lines:
            return
        app = self._session.app
        if app.is_running:
            app.renderer.erase()
        print_formatted_text(app.output, FormattedText([*joined(lines), ("", "\n")]), _STYLE)
        if app.is_running:
            app.renderer.reset()
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    async def close(self) -> None:
        self.flush()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))
        self.flush()

    def _run(self) -> None:
        if self._running is None:
            self.flush()
            work = self._session.prompt_async(self._message, set_exception_handler=False)
            self._running = asyncio.ensure_future(work)
            self._running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Task[str]) -> None:
        """The terminal is gone, or we are."""
        if not running.cancelled():
            running.exception()
        self._lines.put_nowait(None)

    def _message(self) -> FormattedText:
        return FormattedText([("class:prompt", self._question)] if self._question else self._prompt())

    def _make_session(self) -> PromptSession[str]:
        session: PromptSession[str] = PromptSession(
            style=_STYLE,
            erase_when_done=True,  # what was typed comes back as a line of the conversation
            completer=_Completer(lambda typed: () if self._question else self._complete(typed)),
            complete_while_typing=Condition(lambda: session.default_buffer.text.startswith("/")),
            reserve_space_for_menu=5,
            rprompt=lambda: FormattedText([] if self._question else self._status()),
            key_bindings=self._keys(),
            enable_suspend=True,
        )
        session.default_buffer.accept_handler = self._accept
        session.default_buffer.on_text_changed += self._changed
        return session

    def _accept(self, buffer: Buffer) -> bool:
        self._lines.put_nowait(buffer.text)
        if self._question:
            buffer.reset()  # answers and secrets do not go into the history
        return False

    def _changed(self, buffer: Buffer) -> None:
        if not self._question:
            self._typing(buffer.text)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        @keys.add("<sigint>")
        def clear(event: KeyPressEvent) -> None:
            """As in a shell; a question is left without an answer."""
            event.current_buffer.reset()
            if self._question:
                self._lines.put_nowait(None)

        @keys.add("c-d", filter=Condition(lambda: not self._session.default_buffer.text))
        def end(event: KeyPressEvent) -> None:
            """The end of the input, or of the question."""
            self._lines.put_nowait(None)

        @keys.add("c-q")
        def nothing(event: KeyPressEvent) -> None:
            """It would put the next key, whatever it is, into the text."""

        return keys


class _Completer(Completer):
    def __init__(self, complete: Complete) -> None:
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for text, start, explanation in self._complete(document.text_before_cursor):
            yield Completion(text, start_position=start, display_meta=explanation)
