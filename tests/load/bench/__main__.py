"""``make bench`` and ``make bench-peers``: the order of things, and an end that leaves nothing behind."""

from __future__ import annotations

import argparse
import platform
import shlex
import signal
import sqlite3
import sys

from tests.bench import machine
from tests.bench.others import LIMIT, Others
from tests.load import saved
from tests.load.bench import contenders, report
from tests.load.bench.contenders import Contender
from tests.load.bench.measure import Manner
from tests.load.bench.options import chosen, parser
from tests.load.bench.report import Outcome
from tests.load.bench.rounds import Rounds


def main() -> int:
    """Run all and print the tables; returns 1 when a promise was broken."""
    options = parser().parse_args()
    # `kill` and a closed terminal mean the same as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        outcome = _run(options)
        print(report.as_text(outcome))
        if options.markdown:
            text = report.as_markdown(outcome) + "\n"
            saved.write(options.markdown, lambda path: path.write_text(text))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return 1 if outcome.failures() else 0


def _run(options: argparse.Namespace) -> Outcome:
    workloads = chosen(options)
    others = Others(options.patience)
    rounds = Rounds(_taking_part(options), Manner(options.seconds, options.warm_up, options.processes), others)
    facts = [*machine.system(), f"chatd on Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"]
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rounds.run(number, workloads)
    head = [
        f"{options.rounds} rounds, {options.seconds:g} s each, {options.processes} generator process(es)",
        *facts,
        *rounds.versions.values(),
        f"others took {others.share:.0%} of the processors while it was measured"
        + (": this was no quiet machine, and the figures are as little exact" if others.share > LIMIT else ""),
    ]
    notes = [f"{label} is left out: {why}" for label, why in rounds.missing.items()]
    return Outcome(rounds.results, head, notes)


def _taking_part(options: argparse.Namespace) -> list[Contender]:
    more = shlex.split(options.server)
    peers = [peer for peer in contenders.PEERS if options.peers and peer.label in options.against]
    return [*contenders.ours(options.engines, more), *contenders.workers(more), *peers]


if __name__ == "__main__":
    sys.exit(main())
