"""What came out, as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench import tables
from tests.bench.tables import Row
from tests.load.bench import goals
from tests.load.bench.contenders import INSPIRCD, MARIADB, MOSQUITTO, PROSODY, SQLITE, UVLOOP
from tests.load.bench.rounds import Results
from tests.load.bench.samples import Series
from tests.load.bench.workloads import ALL, Kind, Workload

TALK_HEAD = (
    "workload", "server", "deliveries/s", "slowest", "fastest", "CPU µs each", "p50 ms", "p99 ms", "cores",
    "generator", "",
)  # fmt: skip
IDLE_HEAD = ("workload", "server", "KiB each", "% of a core", "")
STORM_HEAD = ("workload", "server", "s", "logins/s", "CPU µs each", "generator", "")
RATIO_HEAD = ("workload", "ours", "theirs", "deliveries/s, ours/theirs", "CPU of each, ours/theirs", "")
VERDICT_HEAD = ("goal", "ours", "theirs", "ratio", "goal", "")

REMARKS = (
    "Medians of the rounds; every run has a server of its own, and accounts for every message.",
    "CPU is that of all processes of a server and of its database, per delivery (login), in the measured time.",
    "cores: how many the server and its database kept busy; generator: the share of a core of the busiest client"
    " process.",
    "chatd has stored every message durably before it delivers it, Prosody has written it to its archives; the others"
    " store nothing.",
)


@dataclass
class Outcome:
    """All that a run has found out. ``notes``: a line each, of what has been noticed besides."""

    results: Results
    head: Sequence[str]
    notes: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """Broken promises, each with where it happened."""
        return [
            f"{workload}, {label}: {failure}"
            for (workload, label), series in self.results.items()
            for sample in series.samples
            for failure in sample.failures
        ]


def as_text(outcome: Outcome) -> str:
    """For a terminal."""
    return _pages(outcome, tables.text, "{}")


def as_markdown(outcome: Outcome) -> str:
    """For a document."""
    return _pages(outcome, tables.markdown, "- {}")


def _pages(outcome: Outcome, table: Callable[[Row, list[Row]], str], line: str) -> str:
    parts = ["\n".join(line.format(text) for text in outcome.head)]
    for head, rows in (
        (TALK_HEAD, list(_talk(outcome.results))),
        (STORM_HEAD, list(_storms(outcome.results))),
        (IDLE_HEAD, list(_idle(outcome.results))),
        (RATIO_HEAD, list(ratios(outcome.results))),
    ):
        parts += [table(head, rows)] if rows else []
    parts.append("\n".join(line.format(text) for text in (*REMARKS, *outcome.notes)))
    if reached := goals.verdicts(outcome.results):
        rows = [(v.what, v.ours, v.theirs, v.ratio, v.goal, v.state) for v in reached]
        parts += [table(VERDICT_HEAD, rows), f"{sum(v.met for v in reached)} of {len(reached)} goals are met."]
    if failures := outcome.failures():
        parts.append("\n".join(line.format(text) for text in ["BROKEN PROMISES:", *failures]))
    return "\n\n".join(parts)


def _of(results: Results, kind: Kind) -> Iterator[tuple[Workload, str, Series]]:
    """What was measured of a kind, by workload."""
    for workload in ALL:
        for (name, label), series in results.items():
            if name == workload.name and workload.kind is kind:
                yield workload, label, series


def _talk(results: Results) -> Iterator[Row]:
    rows = list(_of(results, Kind.TALK))
    order = {workload.name: number for number, workload in enumerate(ALL)}
    for workload, label, series in sorted(rows, key=lambda row: (order[row[0].name], -row[2].rate)):
        yield (
            workload.name, label, f"{series.rate:.0f}", f"{series.slowest:.0f}", f"{series.fastest:.0f}",
            f"{series.cpu * 1e6:.2f}", f"{series.p50:.2f}", f"{series.p99:.2f}", f"{series.cores:.2f}",
            f"{series.generator:.2f}", _marks(series),
        )  # fmt: skip


def _storms(results: Results) -> Iterator[Row]:
    for workload, label, series in _of(results, Kind.STORM):
        yield (
            workload.name, label, f"{series.seconds:.2f}", f"{series.rate:.0f}", f"{series.cpu * 1e6:.0f}",
            f"{series.generator:.2f}", _marks(series),
        )  # fmt: skip


def _idle(results: Results) -> Iterator[Row]:
    for workload, label, series in _of(results, Kind.IDLE):
        yield workload.name, label, f"{series.each / 1024:.2f}", f"{series.cores * 100:.2f}", _marks(series)


def ratios(results: Results) -> Iterator[Row]:
    """Ours, on each engine, against each of the others."""
    for workload in ALL:
        for ours in (SQLITE, MARIADB):
            for theirs in (INSPIRCD, MOSQUITTO, UVLOOP, PROSODY):
                one, other = results.get((workload.name, ours)), results.get((workload.name, theirs))
                if one and other and workload.kind is Kind.TALK:
                    doubt = one.doubt or other.doubt
                    yield workload.name, ours, theirs, _ratio(one.rate, other.rate), _ratio(one.cpu, other.cpu), doubt


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "-"


def _marks(series: Series) -> str:
    """What a reader has to know before trusting a line, and how fast files were moved beside it."""
    files = "files: {:.0f} MiB/s up, {:.0f} down".format(*series.files) if any(series.files) else ""
    runs = len(series.samples)
    limited = f"the generator was the bottleneck in {series.limited} of {runs}" if series.limited else ""
    failed = f"{series.failed} of {runs} FAILED" if series.failed else ""
    return "; ".join(filter(None, (files, limited, failed)))
