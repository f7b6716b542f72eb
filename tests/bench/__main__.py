"""The command line: options, the order of things, and an end that leaves nothing behind."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench import follow, machine, memory, report, sources, works
from tests.bench.ballast import Ballast
from tests.bench.curl import TransferFailed
from tests.bench.follow import Follow
from tests.bench.others import Others
from tests.bench.peers.base import Peer
from tests.bench.peers.filed import Filed
from tests.bench.peers.nginx import Nginx
from tests.bench.peers.pyftpdlib import Pyftpdlib
from tests.bench.peers.tus import TusServer
from tests.bench.peers.vsftpd import Vsftpd
from tests.bench.process import Unusable
from tests.bench.report import Outcome
from tests.bench.rounds import Place, Rounds
from tests.bench.sources import MIB, Source

MEMORY_FOLDER = "/dev/shm"
COPIES = 4  # of all sources: the sources, filed's own, the ballast or an upload, and room to breathe
SPARE = 64 * MIB  # what a transfer takes besides the file
FOLLOW, MEMORY = "follow", "memory"  # what is measured besides the works

KINDS: tuple[type[Peer], ...] = (Filed, Nginx, Vsftpd, Pyftpdlib, TusServer)


def main() -> int:
    """Run all and print the tables; returns 1 when a server or a transfer was not as it should be."""
    options = _parser().parse_args()
    # `kill` and a closed terminal mean the same as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            try:
                outcome = _run(options, stack)
            finally:
                # What is left to be done is to clean up, and nobody may cut that short.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (TransferFailed, Unusable) as error:
        print(f"the benchmark ends here: {error}", file=sys.stderr)
        return 1
    print(report.as_text(outcome), report.as_markdown(outcome), sep="\n\n\n")
    return 0


def _run(options: argparse.Namespace, stack: ExitStack) -> Outcome:
    needed = COPIES * (options.size + options.clients * options.each) * MIB
    if shutil.disk_usage(MEMORY_FOLDER).free < needed:
        raise Unusable(f"{MEMORY_FOLDER} has less than {needed // MIB} MiB free")
    facts = machine.facts()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-files-", dir=MEMORY_FOLDER)))
    folder.chmod(0o755)
    print("making the sources", file=sys.stderr)
    made = sources.make(folder / "sources", options.size * MIB, options.clients, options.each * MIB)
    largest = max(options.size, options.clients * options.each) * MIB
    place = Place(made, Ballast(folder / "ballast", largest + SPARE), Others(options.patience))
    peers, missing = _start(folder, made.all, stack)
    outcome = Outcome(options.rounds, place, [*facts, *(peer.version() for peer in peers), *missing])
    _measure(options, peers, outcome)
    if MEMORY in options.only and any(isinstance(peer, Filed) for peer in peers):
        outcome.memories += memory.measure(folder / "memory", made)
    return outcome


def _measure(options: argparse.Namespace, peers: Sequence[Peer], outcome: Outcome) -> None:
    filed = next((peer for peer in peers if isinstance(peer, Filed)), None)
    chosen = [work for work in works.ALL if work.key in options.only]
    rounds = Rounds(peers, outcome.place, outcome.results)
    print("comparing what will be downloaded", file=sys.stderr)
    rounds.check_downloads(chosen)
    if filed and FOLLOW in options.only:
        follow.check(filed, outcome.place.sources.large)
        outcome.follows += [Follow(filed, outcome.place, pace) for pace in (follow.PACE, 0)]
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rounds.run(number, chosen)
        for one in outcome.follows:
            one.run()


def _start(folder: Path, stored: Sequence[Source], stack: ExitStack) -> tuple[list[Peer], list[str]]:
    """Start all servers; those that cannot be are left out, and why is said."""
    peers, missing = [], []
    for kind in KINDS:
        try:
            peer = kind(folder / kind.name.replace("/", "-"), stored)
        except Unusable as error:
            missing.append(f"{kind.name} is left out: {error}")
            print(missing[-1], file=sys.stderr)
            continue
        stack.callback(peer.stop)
        peers.append(peer)
    return peers, missing


def _parser() -> argparse.ArgumentParser:
    everything = [*(work.key for work in works.ALL), FOLLOW, MEMORY]
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--rounds", type=_positive, default=9, metavar="N", help="of which the medians are shown")
    parser.add_argument("--size", type=_positive, default=1024, metavar="MIB", help="of the large file")
    parser.add_argument("--clients", type=_positive, default=64, metavar="N", help="at a time")
    parser.add_argument("--each", type=_positive, default=10, metavar="MIB", help="of the file of each of those")
    parser.add_argument("--patience", type=float, default=300, metavar="S",
        help="seconds in all to wait until nobody else works, and to repeat what was disturbed")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=everything, default=everything, metavar="WHAT",
        help=f"of {', '.join(everything)}")  # fmt: skip
    return parser


def _positive(text: str) -> int:
    """An argparse type."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
