"""Who takes part: our server on both engines, and the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.load.bench.traffic import BusyChatd
from tests.load.bench.workloads import Workload
from tests.load.targets.base import Target
from tests.load.targets.chatd import Chatd
from tests.load.targets.inspircd import Inspircd
from tests.load.targets.mosquitto import Mosquitto
from tests.load.targets.plain import Plain
from tests.load.targets.prosody import Prosody

SQLITE, MARIADB = "chatd, SQLite", "chatd, MariaDB"
INSPIRCD, MOSQUITTO, PROSODY, UVLOOP = Inspircd.name, Mosquitto.name, Prosody.name, Plain.name
WORKERS = (1, 2, 4)  # whose best the default is chosen by


@dataclass(frozen=True)
class Contender:
    """A server in one of its ways of working. ``make``: a target that was not started yet, as a workload needs it."""

    label: str
    make: Callable[[Workload], Target]
    ours: bool = False
    workers: bool = False  # one of those with different numbers of workers

    def takes_part(self, workload: Workload) -> bool:
        return self.workers == workload.workers and (self.ours or workload.peers)


def ours(engines: Sequence[str], options: Sequence[str]) -> list[Contender]:
    """Our server on each engine, with further options."""
    labels = {"sqlite": SQLITE, "mariadb": MARIADB}
    return [Contender(labels[engine], _chatd(engine, options), ours=True) for engine in engines]


def workers(options: Sequence[str]) -> list[Contender]:
    """Our server with different numbers of workers, on SQLite."""
    return [
        Contender(with_workers(count), _chatd("sqlite", [*options, "--workers", str(count)]), ours=True, workers=True)
        for count in WORKERS
    ]


def with_workers(count: int) -> str:
    """The label of our server with so many workers."""
    return f"{SQLITE}, {count} worker{'s' * (count > 1)}"


def _chatd(engine: str, options: Sequence[str]) -> Callable[[Workload], Target]:
    def make(workload: Workload) -> Chatd:
        return BusyChatd(engine, options) if workload.files else Chatd(engine, tls=workload.tls, options=options)

    return make


PEERS = tuple(
    Contender(kind.name, lambda workload, kind=kind: kind())  # type: ignore[misc]
    for kind in (Inspircd, Mosquitto, Prosody, Plain)
)
