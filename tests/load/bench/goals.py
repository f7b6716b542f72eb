"""The goals, and whether they are met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.load.bench import workloads as work
from tests.load.bench.contenders import INSPIRCD, MARIADB, MOSQUITTO, PROSODY, SQLITE, UVLOOP, WORKERS, with_workers
from tests.load.bench.rounds import Results
from tests.load.bench.samples import Series
from tests.load.bench.workloads import Workload

TEN_THOUSAND, TLS, FOUR_WORKERS = 0.9, 0.5, 0.8  # of pair-8, of plain text, of the best
FILES = 3.0  # times the p99 alone


@dataclass(frozen=True)
class Goal:
    """Ours must make at least ``least`` times the deliveries of theirs."""

    workload: Workload
    ours: str
    theirs: str
    least: float


PEERS = (
    Goal(work.FANOUT_100, SQLITE, INSPIRCD, 1.2),
    Goal(work.FANOUT_100, MARIADB, INSPIRCD, 0.9),
    Goal(work.FANOUT_1000, SQLITE, INSPIRCD, 1.2),
    Goal(work.FANOUT_100, SQLITE, MOSQUITTO, 8.0),
    Goal(work.FANOUT_100, SQLITE, UVLOOP, 8.0),
    Goal(work.FANOUT_100, SQLITE, PROSODY, 100.0),
    Goal(work.PAIR_8, SQLITE, INSPIRCD, 0.8),
    Goal(work.PAIR_8, MARIADB, INSPIRCD, 0.45),
    Goal(work.PAIR_1, SQLITE, INSPIRCD, 0.5),
    Goal(work.PAIR_8, SQLITE, PROSODY, 40.0),
)


@dataclass(frozen=True)
class Limit:
    """A figure of one workload must be ``most`` at most; ``shown`` formats it."""

    workload: Workload
    what: str
    figure: Callable[[Series], float]
    most: float
    shown: str


LIMITS = (
    Limit(work.RATE_5K, "p99", lambda series: series.p99, 10.0, "{:.2f} ms"),
    Limit(work.RATE_5K, "processor", lambda series: series.cores, 0.5, "{:.2f} cores"),
    Limit(work.IDLE_5000, "memory of each", lambda series: series.each / 1024, 4.0, "{:.2f} KiB"),
    Limit(work.IDLE_5000, "processor", lambda series: series.cores * 100, 1.0, "{:.2f} % of a core"),
    Limit(work.STORM_5000, "last login", lambda series: series.seconds, 5.0, "{:.2f} s"),
)


@dataclass(frozen=True)
class Verdict:
    """One line of the final table, as text. ``state``: met, MISSED, or unproven, and why."""

    what: str
    ours: str
    theirs: str
    ratio: str
    goal: str
    state: str

    @property
    def met(self) -> bool:
        return self.state == "met"


def verdicts(results: Results) -> list[Verdict]:
    """Of all goals for which something was measured."""
    return [*_against_peers(results), *_limits(results), *_among_ours(results), *_workers(results)]


def _against_peers(results: Results) -> Iterator[Verdict]:
    for goal in PEERS:
        if pair := _both(results, (goal.workload.name, goal.ours), (goal.workload.name, goal.theirs)):
            yield _compared(f"{goal.workload.name}: {goal.ours}", goal.theirs, pair, goal.least)


def _limits(results: Results) -> Iterator[Verdict]:
    for limit in LIMITS:
        if series := results.get((limit.workload.name, SQLITE)):
            value = limit.figure(series)
            shown = limit.shown.format(value)
            met = _rounded(value) <= limit.most
            most = f"<= {limit.shown.replace('.2f', 'g').format(limit.most)}"
            yield Verdict(f"{limit.workload.name}: {limit.what}", shown, "", "", most, _state(met, series))


def _among_ours(results: Results) -> Iterator[Verdict]:
    """One workload of ours against another one of ours, on each engine."""
    for label in (SQLITE, MARIADB):
        for one, other, least in (
            (work.TEN_THOUSAND, work.PAIR_8, TEN_THOUSAND),
            (work.TLS_FANOUT, work.FANOUT_100, TLS),
            (work.TLS_PAIR, work.PAIR_8, TLS),
        ):
            if pair := _both(results, (one.name, label), (other.name, label)):
                yield _compared(f"{one.name}: {label}", other.name, pair, least)
        if pair := _both(results, (work.MIXED_FILES.name, label), (work.RATE_5K.name, label)):
            mixed, alone = pair
            ratio = _rounded(mixed.p99 / alone.p99) if alone.p99 else float("inf")
            yield Verdict(f"{work.MIXED_FILES.name}: {label}, p99", f"{mixed.p99:.2f} ms", f"{alone.p99:.2f} ms alone",
                          f"{ratio:.2f}", f"<= {FILES:g}", _state(ratio <= FILES, *pair))  # fmt: skip


def _workers(results: Results) -> Iterator[Verdict]:
    """The most of them against whichever number does best."""
    for workload in (work.WORKERS_FANOUT, work.WORKERS_PAIR):
        found = {count: results.get((workload.name, with_workers(count))) for count in WORKERS}
        measured = {count: series for count, series in found.items() if series}
        most = measured.get(max(WORKERS))
        if most and len(measured) > 1:
            best = max(measured, key=lambda count: measured[count].rate)
            theirs = f"best: {best} worker{'s' * (best > 1)}"
            yield _compared(
                f"{workload.name}: {with_workers(max(WORKERS))}", theirs, (most, measured[best]), FOUR_WORKERS
            )


def _both(results: Results, ours: tuple[str, str], theirs: tuple[str, str]) -> tuple[Series, Series] | None:
    one, other = results.get(ours), results.get(theirs)
    return (one, other) if one and other else None


def _compared(what: str, theirs: str, pair: tuple[Series, Series], least: float) -> Verdict:
    """A ratio is judged as it is shown, with two digits."""
    ratio = _rounded(pair[0].rate / pair[1].rate) if pair[1].rate else float("inf")
    return Verdict(what, f"{pair[0].rate:,.0f}/s", f"{pair[1].rate:,.0f}/s {theirs}", f"{ratio:.2f}", f">= {least:g}",
                   _state(ratio >= least, *pair))  # fmt: skip


def _rounded(value: float) -> float:
    return round(value, 2)


def _state(met: bool, *series: Series) -> str:
    """Whoever cannot vouch for the figures calls nothing met; and what is missed with them is as little proven."""
    doubts: Sequence[str] = [doubt for one in series if (doubt := one.doubt)]
    return f"unproven: {doubts[0]}" if doubts else "met" if met else "MISSED"
