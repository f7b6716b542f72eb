"""What an operator sees while it runs: on a terminal, whose screen pyte shows, and in a log."""

from __future__ import annotations

import io
import threading
from contextlib import suppress

import pyte
import pytest
from rich.console import Console

from tests.load import live
from tests.load.live import Live
from tests.load.sample import moment
from tests.support.waiting import wait_until

WIDTH, HEIGHT = 100, 24


class Terminal:
    """A console that writes to a screen. What rich's thread writes is fed to the screen when somebody looks."""

    def __init__(self, width: int = WIDTH) -> None:
        self._written = io.StringIO()
        self._size = (width, HEIGHT)
        self.console = Console(
            file=self._written, force_terminal=True, width=width, height=HEIGHT, color_system="standard"
        )

    def text(self) -> str:
        screen = pyte.Screen(*self._size)
        pyte.Stream(screen).feed(self._written.getvalue().replace("\n", "\r\n"))
        return "\n".join(screen.display)

    def shows(self, *words: str) -> None:
        wait_until(lambda: all(word in self.text() for word in words), f"{words} in\n{self.text()}")


def _log() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=80), written


def test_the_display_shows_phase_figures_and_curves() -> None:
    terminal = Terminal()
    with Live("fanout-100 · chatd", terminal.console) as display:
        terminal.shows("fanout-100 · chatd", "start")
        display.phase("measure", 30)
        for at in range(1, 10):
            display.show(moment(at, 10_000.0 * at), {})
        terminal.shows("measure", "of 30 s", "deliveries/s      90,000", "▂▃▃▄▅▆▆▇█", "4.50 ms", "0.95 cores", "none")


def test_errors_are_named_the_most_frequent_first() -> None:
    terminal = Terminal()
    with Live("a run", terminal.console) as display:
        display.show(moment(1), {f"kind{number}": number for number in range(1, 7)})
        terminal.shows("21", "kind6 6, kind5 5, kind4 4, kind3 3, ...")


@pytest.mark.parametrize("width", [20, 40, 200])
def test_any_width_will_do(width: int) -> None:
    terminal = Terminal(width)
    with Live("a title that is longer than a narrow terminal is wide", terminal.console) as display:
        display.show(moment(1), {})
        terminal.shows("connec" if width == 20 else "connected")


def test_afterwards_nothing_of_the_display_is_left_and_its_thread_has_ended() -> None:
    terminal, before = Terminal(), set(threading.enumerate())
    with suppress(KeyboardInterrupt), Live("a run", terminal.console) as display:
        display.show(moment(1), {})
        display.say("a warning that stays")
        raise KeyboardInterrupt
    assert "connected" not in terminal.text()
    assert "a warning that stays" in terminal.text()
    assert set(threading.enumerate()) <= before, "an earlier test's may end meanwhile"


def test_without_a_terminal_there_are_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LINE_EVERY", 0.0)
    console, written = _log()
    with Live("fanout-100", console) as display:
        display.phase("connect")
        display.phase("measure", 5)
        display.show(moment(1.5), {})
        display.show(moment(2.5), {"lost": 3})
    title, connect, measure, first, second = written.getvalue().splitlines()
    assert (title, connect, measure) == ("fanout-100", "connect", "measure, 5 s")
    assert "1.5 s  measure" in first
    assert "100,000 deliveries/s  p50 1.50 ms  p99 4.50 ms" in first
    assert first.endswith("errors none")
    assert second.endswith("errors 3 (lost 3)")


def test_plain_lines_do_not_come_with_every_moment() -> None:
    console, written = _log()
    with Live("a run", console) as display:
        display.phase("measure")
        for at in range(100):
            display.show(moment(at), {})
    assert len(written.getvalue().splitlines()) < 10


def test_what_a_server_says_does_not_reach_the_terminal_as_it_is() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=WIDTH, height=HEIGHT, color_system=None)
    with Live("run \x1b]0;title\x07[red]", console) as display:
        display.show(moment(1), {"bad\x1b[2J\r\n[blink]": 1})
        display.say("\x1b[5mwarning\x9b2J")
    assert "\x1b]" not in written.getvalue()
    assert "\x1b[2J" not in written.getvalue()
    assert "\x1b[5m" not in written.getvalue()
    assert "[red]" in written.getvalue()
    assert "[blink]" in written.getvalue()
