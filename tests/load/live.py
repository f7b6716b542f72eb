"""What an operator watches while it runs: one display that stays in place, or plain lines where no terminal is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live as Display
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chatwire.terminal.safe import safe
from tests.load import units
from tests.load.figures import Moment

REFRESH = 4  # displays per second
LINE_EVERY = 2.0  # seconds between plain lines
MINUTE = 60  # seconds that the small curves show
MOST_ERRORS = 4  # kinds that are named

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class _View:
    """All that is shown. It is replaced as a whole, so that the display's thread always sees one state."""

    phase: str
    began: float  # time.monotonic() when the phase began
    seconds: float = 0.0  # that it is meant to take; 0: nobody knows
    done: float | None = None  # share; None: by the clock
    moment: Moment | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    past: tuple[tuple[int, Moment], ...] = ()  # the last moment of each second


class Live:
    """A display for one run; a context manager. The conductor's thread calls its methods, rich's own thread draws."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._title = safe(title)
        self._console = console or Console()
        self._view = _View("start", time.monotonic())
        self._display: Display | None = None
        self._said = 0.0  # when the last plain line was written

    def __enter__(self) -> Live:
        if self._console.is_terminal:
            self._display = Display(
                get_renderable=self._drawn, console=self._console, refresh_per_second=REFRESH, transient=True
            )
            self._display.start(refresh=True)
        else:
            self.say(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display:
            self._display.stop()
            self._display = None

    def phase(self, name: str, seconds: float = 0.0) -> None:
        """A phase begins; ``seconds`` is how long it is meant to take, 0 when nobody knows."""
        self._view = replace(self._view, phase=name, began=time.monotonic(), seconds=seconds, done=None)
        if not self._display:
            self.say(f"{name}, {seconds:g} s" if seconds else name)
            self._said = time.monotonic()

    def show(self, moment: Moment, errors: Mapping[str, int], done: float | None = None) -> None:
        """How it goes; ``done`` is the share of the phase, from 0 to 1; without it, the clock tells."""
        past = self._view.past
        second = int(moment.at)
        if past and past[-1][0] == second:
            past = past[:-1]
        past = (*past, (second, moment))[-MINUTE:]
        self._view = replace(self._view, moment=moment, errors=dict(errors), done=done, past=past)
        if not self._display and time.monotonic() >= self._said + LINE_EVERY:
            self._said = time.monotonic()
            self.say(_line(self._view))

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(Text(safe(text)), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        view = self._view
        parts: list[RenderableType] = [_progress(view)]
        if view.moment:
            parts += [Text(), _figures(view, view.moment, min(MINUTE, self._console.width - 36))]
        title = Text(self._title, style="bold")
        return Panel(Group(*parts), title=title, title_align="left", border_style="dim", padding=(1, 2))


def _share(view: _View) -> float | None:
    if view.done is not None:
        return min(1.0, max(0.0, view.done))
    return min(1.0, (time.monotonic() - view.began) / view.seconds) if view.seconds else None


def _progress(view: _View) -> RenderableType:
    """The phase, how far it is, and since when."""
    share = _share(view)
    bar = ProgressBar(total=1.0, completed=share or 0.0, pulse=share is None, complete_style="cyan")
    spent = f"{time.monotonic() - view.began:.0f} s"
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True, min_width=10)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(
        Text(safe(view.phase), style="bold cyan"), bar, f"{spent} of {view.seconds:g} s" if view.seconds else spent
    )
    return grid


def _figures(view: _View, now: Moment, width: int) -> RenderableType:
    """Name, value and the last minute, a line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=10)
    grid.add_column(justify="right", no_wrap=True, min_width=10)
    grid.add_column(no_wrap=True)
    past = [moment for _, moment in view.past]
    curve = _Curves(past, width)
    grid.add_row("connected", units.count(now.connected), "")
    grid.add_row("messages/s", units.count(now.messages), curve.of("messages", "green"))
    grid.add_row("deliveries/s", Text(units.count(now.deliveries), "bold"), curve.of("deliveries", "green"))
    grid.add_row("p50 now", units.duration(now.p50), curve.of("p50", "blue"))
    grid.add_row("p99 now", Text(units.duration(now.p99), "bold"), curve.of("p99", "blue"))
    grid.add_row("server", f"{now.server_cpu:.2f} cores", curve.of("server_cpu", "magenta"))
    grid.add_row("memory", units.size(now.server_rss), curve.of("server_rss", "magenta"))
    grid.add_row("errors", *_errors(view.errors))
    return grid


class _Curves:
    """Small curves of the last minute; the highest value of each is its full height."""

    def __init__(self, past: list[Moment], width: int) -> None:
        self._past = past[-max(0, width) :] if width > 0 else []

    def of(self, name: str, style: str) -> Text:
        values: list[float] = [getattr(moment, name) for moment in self._past]
        most = max(values, default=0.0)
        steps = (int(value / most * (len(_BARS) - 1) + 0.5) if most > 0 else 0 for value in values)
        return Text("".join(_BARS[max(0, step)] for step in steps), style)


def _errors(errors: Mapping[str, int]) -> tuple[Text, Text]:
    total = sum(errors.values())
    if not total:
        return Text("none", "green"), Text()
    worst = sorted(errors.items(), key=lambda entry: -entry[1])
    named = ", ".join(f"{safe(kind)} {number:,}" for kind, number in worst[:MOST_ERRORS])
    return Text(f"{total:,}", "bold red"), Text(named + (", ..." if len(worst) > MOST_ERRORS else ""), "red")


def _line(view: _View) -> str:
    """The same for a log."""
    now = view.moment
    assert now
    total, named = _errors(view.errors)
    return (
        f"{now.at:7.1f} s  {view.phase:10}  {now.connected:,} connected  {units.count(now.messages)} messages/s"
        f"  {units.count(now.deliveries)} deliveries/s  p50 {units.duration(now.p50)}  p99 {units.duration(now.p99)}"
        f"  server {now.server_cpu:.2f} cores {units.size(now.server_rss)}  errors {total}"
        + (f" ({named})" if view.errors else "")
    )
