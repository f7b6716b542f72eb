"""``make fuzz``: both combinations of engine and transport, each for half of the time."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatbase.drivers import sqlite_url
from tests.fuzz.rounds import Fault, Rounds
from tests.fuzz.world import World
from tests.support.mariadb import MariaDB

_ENGINES = ("sqlite", "mariadb")


def main() -> int:
    """Play; 1 when something was found, with what finds it again on standard error."""
    options = _parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        for engine in options.engine or _ENGINES:
            seconds = options.seconds / len(options.engine or _ENGINES)
            with _database(engine) as (database, data):
                _play(World(database, data, tls=engine == "mariadb"), engine, seconds, options)
    except Fault as fault:
        print(f"{engine}: {fault}", file=sys.stderr)
        return 1
    return 0


def _play(world: World, engine: str, seconds: float, options: argparse.Namespace) -> None:
    rounds, began = Rounds(world, options.seed), time.monotonic()
    try:
        rounds.run(seconds, options.first, options.rounds)
        grown = {name: f"{count / 2**20:+.1f} MiB" for name, count in world.memory().items()}
        world.close()
    except BaseException:
        world.abandon()
        raise
    print(
        f"{engine}: {rounds.played} rounds in {time.monotonic() - began:.0f} s, {rounds.sent / 2**20:.1f} MiB sent, "
        f"attackers who were answered: {dict(rounds.answers)}, memory {grown}; nothing found",
        flush=True,
    )


@contextmanager
def _database(engine: str) -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if engine == "sqlite":
            yield sqlite_url(data / "chat.db"), data
            return
        database = MariaDB(Path(folder) / "mariadb")
        try:
            yield database.new_database(), data
        finally:
            database.remove()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, default=600, help="in all; %(default)s unless told")
    add("--seed", type=int, default=random.randrange(10**6), help="the same seed, the same attackers; any unless told")
    add("--first", type=int, default=0, metavar="N", help="begin with this round")
    add("--rounds", type=int, default=2**60, metavar="N", help="at most so many on each engine")
    add("--engine", action="append", choices=_ENGINES, help="only this one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
