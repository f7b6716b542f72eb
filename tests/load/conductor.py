"""A run from its beginning to its end: target, generators, phases, and what came out."""

from __future__ import annotations

import multiprocessing
import platform
import resource
import time
from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from tests.bench import machine
from tests.load.figures import Failure, Moment, Result, Snapshot
from tests.load.generator import (
    CONNECT,
    DRAIN,
    END,
    GATHER,
    MEASURE,
    RETURN,
    TICK,
    WARM_UP,
    Done,
    Final,
    Part,
    main,
)
from tests.load.latency import Latencies
from tests.load.plan import Plan, deal, population
from tests.load.scenarios.base import Cast
from tests.load.tally import Tally
from tests.load.targets.base import Address, Target
from tests.load.watch import Watch

CONNECT_LIMIT = 300.0  # seconds until all clients are in
GRACE = 30.0  # seconds beyond a drain's own limits
FULL = 0.9  # of a core; a generator that takes more may be what limits the figures
STOP_LIMIT = 5.0  # seconds until a generator is killed

_SHOWN = {"p50": 50.0, "p99": 99.0, "max": 100.0}

FAILURES = 1000  # that are kept with their names

_ENDED = "generator {} has ended by itself"


class Broken(Exception):
    """The run could not be made; the message is one line that says why."""


class Display(Protocol):
    """What shows the run while it goes on."""

    def phase(self, name: str, seconds: float = 0.0) -> None: ...

    def show(self, moment: Moment, errors: Mapping[str, int], done: float | None = None) -> None: ...


class Nothing:
    """Shows nothing."""

    def phase(self, name: str, seconds: float = 0.0) -> None:
        """Not shown."""

    def show(self, moment: Moment, errors: Mapping[str, int], done: float | None = None) -> None:
        """Not shown."""


class Conductor:
    """One run. `run` blocks; nothing is called from other threads."""

    def __init__(self, plan: Plan, target: Target, display: Display | None = None) -> None:
        self._plan = plan
        self._target = target
        self._display: Display = display or Nothing()
        self._pipes: dict[Connection, int] = {}
        self._processes: list[SpawnProcess] = []
        self._done: set[int] = set()
        self._final: dict[int, Final] = {}
        self._expected = 0  # connections
        self._phase = ""
        self._tally = Tally(Watch([]))

    def run(self) -> Result:
        """Everything, and what came out; whatever happens, nothing is left running.

        Raises:
            Unusable: the target does not come up.
            Broken: a generator has ended, or the clients do not come in.
        """
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            self._display.phase("start")
            casts = self._plan.casts()
            self._expected = sum(len(cast.people) for some in casts for cast in some)
            address = self._target.start(population(casts))
            self._start(deal(casts, self._plan.processes), address)
            return self._conduct(address)
        finally:
            self._stop()
            self._target.stop()

    def _start(self, hands: list[list[tuple[int, Cast]]], address: Address) -> None:
        """Start the generators."""
        plan, context = self._plan, multiprocessing.get_context("spawn")
        for number, casts in enumerate(hands):
            part = Part(number, self._target.wire, address, plan.scenarios, casts, plan.run, plan.patience)
            ours, theirs = context.Pipe()
            process = context.Process(target=main, args=(part, theirs), name=f"generator-{number}", daemon=True)
            process.start()
            theirs.close()
            self._pipes[ours] = number
            self._processes.append(process)

    def _conduct(self, address: Address) -> Result:
        server, database = Watch(self._target.pids()), Watch(self._target.database_pids())
        self._tally = Tally(server)
        if any(scenario.restarts for scenario in self._plan.scenarios):
            self._restart(server, address)
        self._go(CONNECT)
        self._until_done(CONNECT_LIMIT, "the clients do not come in")
        self._go(WARM_UP, self._plan.warm_up)
        self._listen(self._plan.warm_up)
        used = server.cpu(), database.cpu()
        self._go(MEASURE, self._plan.seconds)
        self._listen(self._plan.seconds)
        used = server.cpu() - used[0], database.cpu() - used[1]
        rss = server.rss()
        self._go(DRAIN)
        self._until_done(2 * self._plan.patience + GRACE, "the run does not come to its end")
        self._go(END)
        self._until_final()
        return self._result(used, rss, server.peak)

    def _restart(self, server: Watch, address: Address) -> None:
        """Start the server again, while those are there who want to see that."""
        self._go(GATHER)
        self._until_done(CONNECT_LIMIT, "the clients of the storm do not come in")
        self._target.restart(address)
        for pid in self._target.pids():
            server.add(pid)
        self._go(RETURN)
        self._until_done(CONNECT_LIMIT, "the clients do not come back after the restart")

    def _go(self, phase: str, seconds: float = 0.0) -> None:
        self._phase = phase
        self._done.clear()
        self._display.phase(phase, seconds)
        for pipe, number in self._pipes.items():
            try:
                pipe.send(phase)
            except OSError:
                raise Broken(_ENDED.format(number)) from None

    def _listen(self, seconds: float) -> None:
        """Take what the generators say, for so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._hear(min(left, TICK))

    def _until_done(self, limit: float, otherwise: str) -> None:
        end = time.monotonic() + limit
        while len(self._done) < len(self._pipes):
            if time.monotonic() > end:
                raise Broken(otherwise)
            self._hear(TICK)

    def _until_final(self) -> None:
        end = time.monotonic() + GRACE
        while len(self._final) < len(self._pipes):
            if time.monotonic() > end:
                raise Broken("a generator does not come to its end")
            self._hear(TICK)

    def _hear(self, timeout: float) -> None:
        for pipe in wait([pipe for pipe, number in self._pipes.items() if number not in self._final], timeout):
            assert isinstance(pipe, Connection)
            try:
                self._take(pipe.recv())
            except (EOFError, ConnectionError):
                raise Broken(_ENDED.format(self._pipes[pipe])) from None
        if (moment := self._tally.moment()) is not None:
            entering = self._phase == CONNECT and self._expected
            self._display.show(moment, self._tally.errors(), moment.connected / self._expected if entering else None)

    def _take(self, said: object) -> None:
        if isinstance(said, Snapshot):
            self._tally.take(said, (MEASURE, DRAIN))  # what is late is not to be missing
        elif isinstance(said, Done):
            self._done.add(said.process)
        elif isinstance(said, Final):
            self._final[said.process] = said

    def _result(self, used: tuple[float, float], rss: int, peak: int) -> Result:
        totals, seconds, shares = self._tally.between(WARM_UP, MEASURE)
        finals = [self._final[number] for number in sorted(self._final)]
        failures: list[Failure] = [failure for final in finals for failure in final.failures]
        errors: Counter[str] = Counter()
        for final in finals:
            errors.update(final.errors)
        server = used[0] / seconds if seconds else 0.0
        full = bool(shares) and max(shares) > FULL and (server < FULL or not self._target.pids())
        return Result(
            self._plan.described(), self._target.name, self._target.engine, _machine(), seconds, totals.sent,
            totals.acked, totals.delivered, self._tally.measured.percentiles(), self._tally.measured.encode(), used[0],
            rss, peak, used[1], shares, full, self._figures(finals), self._tally.moments, dict(errors),
            failures[:FAILURES], errors.total(),
        )  # fmt: skip

    def _figures(self, finals: list[Final]) -> dict[str, dict[str, float]]:
        """The scenarios' figures of all processes: sums, and the highest of those that are called ``max_…``."""
        found: dict[str, dict[str, float]] = {}
        for scenario in self._plan.scenarios:
            figures: dict[str, float] = {}
            for name, value in (pair for final in finals for pair in final.figures.get(scenario.name, {}).items()):
                had = figures.get(name, 0.0)
                figures[name] = max(had, value) if name.startswith("max_") else had + value
            told = {**scenario.summary(figures), **_times(finals, scenario.name)}
            if told:
                found[scenario.name] = {name.removeprefix("max_"): value for name, value in told.items()}
        return found

    def _stop(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(STOP_LIMIT)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._pipes.clear()
        self._processes.clear()


def _machine() -> list[str]:
    return [*machine.system(), f"clients and server: Python {platform.python_version()}"]


def _times(finals: list[Final], scenario: str) -> dict[str, float]:
    """Percentiles in ms of what a scenario has timed, of all processes together."""
    merged: dict[str, Latencies] = {}
    for final in finals:
        for name, encoded in final.times.get(scenario, {}).items():
            merged.setdefault(name, Latencies()).merge(encoded)
    return {
        f"{name} {percent} ms": taken.percentile(value)
        for name, taken in merged.items()
        for percent, value in _SHOWN.items()
    }
