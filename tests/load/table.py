"""What came out, at the end: one table for the terminal, and the same for a page."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chatwire.terminal.safe import safe
from tests.load import units, words
from tests.load.figures import Result
from tests.load.latency import PERCENTILES

MOST_FAILURES = 10  # that are named; the JSON file has more

Row = tuple[str, str]


def rows(result: Result) -> list[tuple[str, list[Row]]]:
    """Headings, and under each the names and values of its figures."""
    parts = [
        ("throughput", list(_throughput(result))),
        ("latency", [(name, units.duration(result.latency.get(name, 0.0))) for name in PERCENTILES]),
        ("server", list(_server(result))),
        ("generator", list(_generator(result))),
        *((safe(name), [_figure(*entry) for entry in found.items()]) for name, found in result.phases.items()),
        ("errors", [(safe(kind), f"{number:,}") for kind, number in result.errors.items()] or [("all kinds", "none")]),
    ]
    return [(heading, found) for heading, found in parts if found]


def show(result: Result, console: Console | None = None) -> None:
    """Print the table, what should be known about it, and the verdict."""
    console = console or Console()
    title = Text(words.headline(result), "bold")
    table = Table(title=title, title_justify="left", box=box.ROUNDED, border_style="dim", show_header=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for heading, found in rows(result):
        for index, (name, value) in enumerate(found):
            table.add_row(heading if not index else "", name, value, end_section=index == len(found) - 1)
    console.print(table)
    for line in (*words.doings(result), *words.machine(result)):
        console.print(Text(line, "dim"), soft_wrap=True)
    for remark in words.remarks(result):
        console.print(Text(remark, "yellow"), soft_wrap=True)
    for line in _failures(result):
        console.print(Text(line, "red"), soft_wrap=True)
    console.print(Text(words.verdict(result), "bold green" if result.ok() else "bold red"), soft_wrap=True)


def markdown(result: Result) -> str:
    """The same for a page."""
    lines = [f"**{_cell(words.headline(result))}**", "", "| | | |", "|---|---|--:|"]
    for heading, found in rows(result):
        for index, (name, value) in enumerate(found):
            lines.append(f"| {_cell(heading) if not index else ''} | {_cell(name)} | {_cell(value)} |")
    lines.append("")
    lines += [
        f"- {_cell(line)}"
        for line in (
            *words.doings(result),
            *words.machine(result),
            *words.remarks(result),
            *_failures(result),
            words.verdict(result),
        )
    ]
    return "\n".join(lines) + "\n"


def _throughput(result: Result) -> Iterator[Row]:
    seconds = result.seconds or 1.0
    yield "measured", f"{result.seconds:.1f} s"
    yield "messages sent", _total(result.sent, seconds)
    yield "acknowledged", _total(result.acked, seconds)
    yield "deliveries", _total(result.delivered, seconds)


def _total(number: int, seconds: float) -> str:
    return f"{number:,}  ({units.count(number / seconds)}/s)"


def _server(result: Result) -> Iterator[Row]:
    yield "database", safe(result.engine) or "none"
    if not result.server_rss_peak:
        yield "processor and memory", "not to be seen from here"
        return
    seconds, delivered = result.seconds or 1.0, result.delivered
    yield "processor", f"{result.server_cpu:.2f} s  ({result.server_cpu / seconds:.2f} cores)"
    if result.database_cpu:
        yield "database's processor", f"{result.database_cpu:.2f} s  ({result.database_cpu / seconds:.2f} cores)"
    if delivered:
        yield "processor per delivery", units.micro((result.server_cpu + result.database_cpu) / delivered)
    yield "memory", f"{units.size(result.server_rss)}  (at most {units.size(result.server_rss_peak)})"


def _generator(result: Result) -> Iterator[Row]:
    used = ", ".join(f"{share:.0%}" for share in result.generator_cpu)
    yield "processes", str(len(result.generator_cpu))
    yield "of a core", used or "-"
    yield "was the bottleneck", "YES" if result.generator_was_bottleneck else "no"


def _figure(name: str, value: float) -> Row:
    return safe(name), units.count(value) if abs(value) >= 100 else f"{value:.3g}"


def _failures(result: Result) -> list[str]:
    shown = [f"{safe(failure.kind)}: {safe(failure.detail)}" for failure in result.failures[:MOST_FAILURES]]
    left = result.failure_count - len(shown)
    return [*shown, f"... and {left:,} more"] if left > 0 else shown


def _cell(text: str) -> str:
    """Nothing in it means anything to Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_[]|~" else "&lt;" if c == "<" else "&amp;" if c == "&" else c for c in text)
