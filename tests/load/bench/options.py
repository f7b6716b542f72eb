"""The options of ``python -m tests.load.bench``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.load.bench.contenders import PEERS
from tests.load.bench.workloads import ALL, NAMES, Workload


def parser() -> argparse.ArgumentParser:
    """All options, with their defaults."""
    made = argparse.ArgumentParser(
        prog="python -m tests.load.bench",
        description="Fixed workloads with our server and, with --peers, with others.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    made.add_argument("--peers", action="store_true", help="only the workloads that other servers can do, with them")
    made.add_argument("--against", nargs="+", choices=[peer.label for peer in PEERS], metavar="SERVER",
        default=[peer.label for peer in PEERS], help=f"of {', '.join(peer.label for peer in PEERS)}")  # fmt: skip
    made.add_argument("--only", nargs="+", choices=NAMES, default=None, metavar="WORKLOAD",
        help=f"of {', '.join(NAMES)}")  # fmt: skip
    made.add_argument("--engines", nargs="+", choices=("sqlite", "mariadb"), default=["sqlite", "mariadb"],
        help="of our server")  # fmt: skip
    made.add_argument("--rounds", type=_count, default=5, metavar="N", help="of which the medians are shown")
    made.add_argument("--seconds", type=_seconds, default=5.0, metavar="S", help="how long each run is measured")
    made.add_argument("--warm-up", type=_seconds, default=3.0, metavar="S", help="before that")
    made.add_argument("--processes", type=_count, default=1, metavar="N", help="generators of each run")
    made.add_argument("--patience", type=float, default=300, metavar="S",
        help="seconds in all to wait until nobody else works, and to repeat what was disturbed")  # fmt: skip
    made.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    made.add_argument("--server", default="", metavar="OPTIONS", help="further options of chatd, as for a shell")
    return made


def chosen(options: argparse.Namespace) -> list[Workload]:
    """The workloads that are asked for, in the order of the table."""
    if options.only:
        return [workload for workload in ALL if workload.chosen_by in options.only]
    return [workload for workload in ALL if not options.peers or (workload.peers and not workload.asked)]


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _seconds(text: str) -> float:
    if not 0 < (value := float(text)) < 3600:
        raise argparse.ArgumentTypeError("must be above 0, and below an hour")
    return value
