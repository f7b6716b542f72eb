"""The storm: a server with thousands of users is restarted, and all of them come back at once and resume."""

from __future__ import annotations

import resource
import time

from tests.load.bench.samples import Sample
from tests.load.client import Client, new_client
from tests.load.conductor import FULL, Broken
from tests.load.stage import Stage
from tests.load.targets.base import Address, Population, Target
from tests.load.targets.chatd import Chatd
from tests.load.watch import Watch
from tests.load.wires.base import Person

LIMIT = 120.0  # seconds until it is given up
GREEDY = 100  # connects between two looks at what has come


def measure(target: Target, count: int) -> Sample:
    """Start, restart, and let ``count`` users come back; the clients are in this process.

    Raises:
        Unusable: the server does not come up.
        Broken: not everybody was answered in time.
    """
    assert isinstance(target, Chatd)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    people = [Person(number, f"storm{number}", "") for number in range(1, count + 1)]
    try:
        address = target.start(Population(people, {}))
        target.restart(address)
        return _come_back(target, address, people)
    finally:
        target.stop()


def _come_back(target: Target, address: Address, people: list[Person]) -> Sample:
    server = Watch([*target.pids(), *target.database_pids()])
    stage = Stage(target.wire, address)
    clients = [new_client(stage, person) for person in people]
    used, own, began = server.cpu(), time.process_time(), time.monotonic()
    try:
        _let_in(stage, clients)
        seconds = time.monotonic() - began
        cpu, share = server.cpu() - used, (time.process_time() - own) / seconds
    finally:
        stage.close()
    failures = tuple(f"{failure.kind}: {failure.detail}" for failure in stage.ledger.failures[:3])
    return Sample(
        rate=len(people) / seconds, cpu=cpu / len(people), cores=cpu / seconds, seconds=seconds, generator=share,
        limited=share > FULL and cpu / seconds < FULL, failures=failures,
    )  # fmt: skip


def _let_in(stage: Stage, clients: list[Client]) -> None:
    """Connect all, however many are on their way, until each has its reply or was refused."""
    end = time.monotonic() + LIMIT
    waiting = list(reversed(clients))
    while waiting or stage.connected < len(stage.clients):
        if time.monotonic() > end:
            raise Broken(f"only {stage.connected} of {len(clients)} were answered within {LIMIT:.0f} s")
        for _ in range(min(GREEDY, len(waiting))):
            waiting.pop().connect()
        for descriptor, events in stage.poller.poll(0 if waiting else 1.0):
            if (client := stage.clients.get(descriptor)) is not None:
                client.ready_for(events)
