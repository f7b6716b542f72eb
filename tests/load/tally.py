"""What the generators say, added up: the moments of the time series, and what was done in the measured phase."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from tests.load.figures import Moment, Snapshot
from tests.load.latency import Latencies
from tests.load.watch import Watch

MOMENT = 0.5  # seconds that a moment of the time series covers, at least


@dataclass(frozen=True)
class Totals:
    """Of all generators, since the start."""

    sent: int = 0
    acked: int = 0
    delivered: int = 0


class Tally:
    """Takes all snapshots. The conductor's thread calls everything."""

    def __init__(self, server: Watch) -> None:
        self.moments: list[Moment] = []
        self.measured = Latencies()
        self.latest: dict[int, Snapshot] = {}
        self._marks: dict[tuple[int, str], Snapshot] = {}  # the last snapshot of each process in each phase
        self._server = server
        self._began = self._since = time.monotonic()
        self._interval = Latencies()
        self._totals = Totals()
        self._cpu = server.cpu()

    def take(self, snapshot: Snapshot, measured: Collection[str]) -> None:
        """A snapshot; ``measured`` are the phases whose latencies count."""
        self.latest[snapshot.process] = snapshot
        self._marks[snapshot.process, snapshot.phase] = snapshot
        latencies = Latencies.decode(snapshot.latencies)
        self._interval.add(latencies)
        if snapshot.phase in measured:
            self.measured.add(latencies)

    def moment(self) -> Moment | None:
        """The next point of the time series, when it is time for one."""
        now = time.monotonic()
        seconds = now - self._since
        if seconds < MOMENT or not self.latest:
            return None
        totals, cpu = self.totals(), self._server.cpu()
        made = Moment(
            now - self._began, (totals.sent - self._totals.sent) / seconds,
            (totals.delivered - self._totals.delivered) / seconds, self._interval.percentile(50),
            self._interval.percentile(99), sum(snapshot.connected for snapshot in self.latest.values()),
            max(0.0, cpu - self._cpu) / seconds, self._server.rss(),
        )  # fmt: skip
        self._since, self._totals, self._cpu, self._interval = now, totals, cpu, Latencies()
        self.moments.append(made)
        return made

    def totals(self) -> Totals:
        """Of all generators until now."""
        return _sum(list(self.latest.values()))

    def errors(self) -> dict[str, int]:
        """By kind, until now."""
        errors: Counter[str] = Counter()
        for snapshot in self.latest.values():
            errors.update(snapshot.errors)
        return dict(errors)

    def between(self, before: str, phase: str) -> tuple[Totals, float, list[float]]:
        """What was done in a phase, in how many seconds, and the share of a core that each generator took.

        ``before`` is the phase before it.
        """
        starts = [self._marks[key] for key in sorted(self._marks) if key[1] == before]
        ends = [self._marks[key] for key in sorted(self._marks) if key[1] == phase]
        if not starts or len(starts) != len(ends):
            return Totals(), 0.0, []
        first, last = _sum(starts), _sum(ends)
        done = Totals(last.sent - first.sent, last.acked - first.acked, last.delivered - first.delivered)
        pairs = list(zip(starts, ends, strict=True))
        seconds = sum(end.at - start.at for start, end in pairs) / len(pairs)
        return done, seconds, [(end.cpu - start.cpu) / (end.at - start.at) for start, end in pairs]


def _sum(snapshots: list[Snapshot]) -> Totals:
    return Totals(
        sum(snapshot.sent for snapshot in snapshots),
        sum(snapshot.acked for snapshot in snapshots),
        sum(snapshot.delivered for snapshot in snapshots),
    )
