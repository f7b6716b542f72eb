"""What came out, as plain text and as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench import tables, verdicts
from tests.bench.follow import Follow
from tests.bench.memory import Memory
from tests.bench.rounds import Place, Results, Series
from tests.bench.sources import MIB
from tests.bench.verdicts import Verdict

REMARKS = (
    "MiB/s are medians of the rounds. All bytes were compared, outside the measured time.",
    "CPU is what all processes of a server used until the last byte was there, per GiB. What came without an announced"
    " SHA-256, filed hashes afterwards: the next measurement waits for that, and its price stands under `afterwards`.",
    "nginx: sendfile on, tcp_nopush off, client_body_buffer_size 1m. Parallel FTP clients begin 4 ms apart.",
)


@dataclass
class Outcome:
    """All that a run has found out."""

    rounds: int
    place: Place
    facts: list[str]
    results: Results = field(default_factory=lambda: defaultdict(Series))
    follows: list[Follow] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)

    @property
    def clients(self) -> int:
        """How many there are at a time."""
        return len(self.place.sources.small)

    def verdicts(self) -> list[Verdict]:
        return [
            *verdicts.of_speed(self.results, self.clients),
            *verdicts.of_cpu(self.results),
            *verdicts.of_following(self.follows),
            *verdicts.of_memory(self.memories),
        ]

    def head(self) -> list[str]:
        """What was done where, a line each."""
        large, small = self.place.sources.large.size // MIB, self.place.sources.small[0].size // MIB
        return [
            f"{large} MiB, and {self.clients} x {small} MiB in parallel; {self.rounds} rounds; all in memory (tmpfs)",
            *self.facts,
            f"others took {self.place.others.share:.0%} of the processors while it was measured",
        ]

    def score(self) -> str:
        """How many goals are met, in one line."""
        reached = self.verdicts()
        return f"{sum(verdict.met for verdict in reached)} of {len(reached)} goals are met."


def as_text(outcome: Outcome) -> str:
    """For a terminal."""
    return _pages(outcome, tables.text, "{}")


def as_markdown(outcome: Outcome) -> str:
    """For a document."""
    return _pages(outcome, tables.markdown, "- {}")


def _pages(outcome: Outcome, table: Callable[[tables.Row, list[tables.Row]], str], line: str) -> str:
    parts = ["\n".join(line.format(text) for text in outcome.head())]
    if outcome.results:
        parts.append(table(tables.SPEED_HEAD, tables.speeds(outcome.results, outcome.clients)))
    parts.append("\n".join(line.format(text) for text in REMARKS))
    if reached := outcome.verdicts():
        parts += [table(tables.VERDICT_HEAD, tables.verdict_rows(reached)), outcome.score()]
    return "\n\n".join(parts)
