"""A generator process: one thread, one poller, all clients of the casts that it was dealt.

The conductor sends the name of the next phase; the generator says `Done` when a phase that ends by itself has ended,
and sends a `Snapshot` every quarter of a second and at each change of phase.
"""

from __future__ import annotations

import gc
import resource
import select
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.load.client import Client
from tests.load.figures import Failure, Snapshot
from tests.load.scenarios.base import Activity, Cast, Scenario
from tests.load.stage import Stage
from tests.load.targets.base import Address
from tests.load.wires.base import Wire

GATHER, RETURN = "gather", "return"  # before and after a restart of the server; only with scenarios that ask for one
CONNECT, WARM_UP, MEASURE, DRAIN, END = "connect", "warm-up", "measure", "drain", "end"

TICK = 0.25  # seconds between snapshots
AT_ONCE = 200  # clients that are on their way in at a time
EVENTS = 128  # at a time, so that whose window has opened needs not wait for all others' bytes
GREEDY = 100  # connects between two looks at what has come, where all come at once
_SHORT = 0.002  # seconds below which the poller's milliseconds are too coarse


@dataclass(frozen=True)
class Part:
    """What a process is told at its start."""

    process: int
    wire: Wire
    address: Address
    scenarios: Sequence[Scenario]
    casts: Sequence[tuple[int, Cast]]
    run: str
    patience: float


@dataclass(frozen=True)
class Done:
    """A phase has ended here."""

    process: int
    phase: str


@dataclass(frozen=True)
class Final:
    """The last word of a process. ``figures`` of each scenario, by name; ``times``, too: encoded histograms."""

    process: int
    failures: Sequence[Failure]
    errors: dict[str, int]
    figures: dict[str, dict[str, float]]
    times: dict[str, dict[str, bytes]]


def main(part: Part, pipe: Connection) -> None:
    """Runs in a process of its own until the conductor says `END`, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the conductor ends its processes itself
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    generator = Generator(part, pipe)
    gc.freeze()
    gc.disable()  # nothing here makes circles, and a collection takes longer than a message
    try:
        generator.run()
    except (EOFError, BrokenPipeError):
        pass
    finally:
        generator.close()


class Generator:
    """The loop; everything of it belongs to the process's only thread."""

    def __init__(self, part: Part, pipe: Connection) -> None:
        self._part = part
        self._pipe = pipe
        self._stage = stage = Stage(part.wire, part.address)
        stage.patience = part.patience
        self._casts = [
            (part.scenarios[index], part.scenarios[index].perform(cast, stage, part.run)) for index, cast in part.casts
        ]
        self._activities: list[Activity] = [activity for _, activity in self._casts]
        self._clients: list[Client] = [client for activity in self._activities for client in activity.clients]
        self._entering = iter(self._clients)
        self._begun = 0
        self._phase = ""
        self._pinged = 0  # how often each client was asked
        self._progress = (0, 0.0)  # what had been delivered and acknowledged, and when that was seen
        self._next_tick = time.monotonic() + TICK
        stage.poller.register(pipe.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Until the end."""
        stage, pipe = self._stage, self._pipe.fileno()
        clients = stage.clients
        while self._phase != END:
            for descriptor, events in self._wait():
                if descriptor == pipe:
                    self._enter(self._pipe.recv())
                elif (client := clients.get(descriptor)) is not None:
                    if events == select.EPOLLIN:
                        client.read()
                    else:
                        client.ready_for(events)
            stage.speak_eager()
            if self._phase in (GATHER, RETURN, CONNECT, DRAIN) or time.monotonic() >= self._next_tick:
                self._turn()

    def close(self) -> None:
        """Close all connections."""
        self._stage.close()

    def _wait(self) -> list[tuple[int, int]]:
        """What the poller has; in an open loop what is due is sent, and nothing is waited for beyond the next."""
        stage = self._stage
        timeout = max(0.0, self._next_tick - time.monotonic())
        due = stage.speak_due()
        if due is not None and due < timeout:
            timeout = due
            if due < _SHORT:
                select.select([stage.poller], [], [], due)
                timeout = 0.0
        return stage.poller.poll(timeout, EVENTS)

    def _enter(self, phase: str) -> None:
        """A new phase begins."""
        if self._phase:
            self._snapshot()
        self._phase = phase
        stage = self._stage
        if phase in (GATHER, RETURN, CONNECT, MEASURE):
            self._announce(phase)
        elif phase == WARM_UP:
            stage.speaking = True
            at = time.monotonic_ns()
            for activity in self._activities:
                activity.start(at)
        elif phase == DRAIN:
            stage.speaking = False
            self._progress = (-1, time.monotonic())
        elif phase == END:
            self._finish()

    def _announce(self, phase: str) -> None:
        """Activities that have something to do in this phase begin with it."""
        for activity in self._activities:
            if phase == GATHER:
                activity.gather()
            elif phase == RETURN:
                activity.come_back()
            elif phase == CONNECT:
                activity.open()
            else:
                activity.measure()

    def _turn(self) -> None:
        """What is looked after now and then."""
        now = time.monotonic()
        self._let_in()
        if self._phase == CONNECT:
            self._connect_more()
        elif self._phase in (GATHER, RETURN):
            gathering = self._phase == GATHER
            if all(activity.gathered() if gathering else activity.returned() for activity in self._activities):
                self._done()
        elif self._phase == DRAIN:
            self._drain(now)
        if now >= self._next_tick:
            self._next_tick = now + TICK
            for activity in self._activities:
                activity.tidy()
            self._snapshot()

    def _let_in(self) -> None:
        """Connect those who wait for it: all at once after a restart, else some at a time."""
        stage = self._stage
        room = GREEDY if self._phase == RETURN else AT_ONCE - len(stage.clients) + stage.connected
        for _ in range(min(room, len(stage.entering))):
            stage.entering.popleft()()

    def _connect_more(self) -> None:
        while self._begun - self._arrived() < AT_ONCE and (client := next(self._entering, None)) is not None:
            self._begun += 1
            client.connect()
        if self._begun < len(self._clients) or self._arrived() < self._begun or self._stage.entering:
            return
        if all(activity.entered() for activity in self._activities) and self._all_answer():
            self._done()

    def _arrived(self) -> int:
        """How many have logged in, or failed to."""
        return self._stage.connected + self._begun - len(self._stage.clients)

    def _drain(self, now: float) -> None:
        """Wait until everything has come, or nothing comes any more; then for the answer to one more question."""
        if self._pinged < 2:
            done = self._stage.progress
            if done != self._progress[0]:
                self._progress = done, now
            waited = now - self._progress[1]
            if waited < self._part.patience and not all(activity.settled() for activity in self._activities):
                return
            self._progress = done, now
        if self._all_answer(2) or now - self._progress[1] > self._part.patience:
            self._done()

    def _all_answer(self, times: int = 1) -> bool:
        """Ask every client's server, and tell whether all have answered: then nothing is on its way any more."""
        clients = [client for client in self._stage.clients.values() if not client.guest]
        if self._pinged < times:
            self._pinged = times
            for client in clients:
                client.ping()
        return self._stage.pongs >= times * len(clients) and all(client.pongs >= times for client in clients)

    def _done(self) -> None:
        self._pipe.send(Done(self._part.process, self._phase))
        self._phase = f"after {self._phase}"

    def _finish(self) -> None:
        figures: dict[str, Counter[str]] = {}
        for scenario, activity in self._casts:
            activity.finish()
            for name, value in activity.figures().items():
                of = figures.setdefault(scenario.name, Counter())
                of[name] = max(of[name], value) if name.startswith("max_") else of[name] + value  # type: ignore[assignment]
        ledger = self._stage.ledger
        sums = {name: {key: float(value) for key, value in of.items()} for name, of in figures.items()}
        times = {
            scenario: {name: taken.encode() for name, taken in named.items() if taken.count}
            for scenario, named in self._stage.times.items()
        }
        self._pipe.send(Final(self._part.process, ledger.failures, dict(ledger.errors), sums, times))

    def _snapshot(self) -> None:
        stage, ledger = self._stage, self._stage.ledger
        self._pipe.send(
            Snapshot(
                self._part.process, time.monotonic(), self._phase, stage.connected, ledger.sent, ledger.acked,
                ledger.delivered, ledger.latencies.take(), dict(ledger.errors), time.process_time(),
            )
        )  # fmt: skip
