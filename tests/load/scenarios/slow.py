"""Slow readers: members of a group who stop reading, or read a little now and then.

The server has to disconnect them when what waits for them passes its high mark; they come back, and have to get all
that they have missed. The others in the group have to hear everything meanwhile, as if nothing was the matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.correspondent import Correspondent
from tests.load.scenarios.line import Line
from tests.load.stage import Stage
from tests.load.wires.base import Conversation, Person

_TOGETHER = 4  # slow ones in a group
_OTHERS = 2  # who hear all at once, beside the one who speaks
_RECEIVE_BUFFER = 16 << 10  # bytes that a slow reader's kernel keeps, so that it is the server's that fill up
_MOUTHFUL = 4096  # bytes that are read at a time by those who do not stop altogether
_MIB = 1 << 20


@dataclass(frozen=True)
class Slow(Scenario):
    """``count`` slow readers in groups of a few, half of whom stop and half of whom read 16 KiB per second. They begin
    to read again when ``lag`` MiB are waiting: more than the server's high mark and the kernel's buffers together, so
    they must have been disconnected then. In each group one speaks, ``window`` messages of ``text`` bytes at a time.
    """

    name: ClassVar[str] = "slow readers"
    count: int
    lag: float = 16.0
    window: int = 8
    text: int = 8192

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        sizes = [min(_TOGETHER, self.count - begin) for begin in range(0, self.count, _TOGETHER)]
        return [
            Cast(f"{prefix}w{number}", number, hire(size + _OTHERS + 1), group=True)
            for number, size in enumerate(sizes)
        ]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Company(self, cast, stage, run)


class Company(Activity):
    """One group: who speaks, the quick ones, and the slow ones."""

    def __init__(self, scenario: Slow, cast: Cast, stage: Stage, run: str) -> None:
        self._stage = stage
        people = cast.people
        self._speaker = Correspondent(stage, people[0], run)
        line = self._speaker.say(Conversation(cast.name, True), scenario.text, scenario.window, scenario.window)
        self._quick = [Correspondent(stage, person, run) for person in people[1 : _OTHERS + 1]]
        line.paced_by = [one.hear(line) for one in self._quick]
        lag = int(scenario.lag * _MIB / scenario.text)
        self._slow = [
            SlowReader(stage, person, run, line, lag, stops=number % 2 == 0)
            for number, person in enumerate(people[_OTHERS + 1 :])
        ]
        for one in self._slow:
            one.person.times = stage.timed(scenario.name, "resume")
        self._everybody = [self._speaker, *self._quick, *(one.person for one in self._slow)]

    def open(self) -> None:
        self._stage.entering += [one.come for one in self._everybody]

    def entered(self) -> bool:
        return all(one.inside or one.gone for one in self._everybody)

    def start(self, at: int) -> None:
        for one in self._slow:
            one.grow_deaf()
        self._speaker.speak()

    def tidy(self) -> None:
        for one in self._slow:
            one.tidy()
        self._speaker.forget()

    def settled(self) -> bool:
        for one in self._slow:
            one.listen()
        return not [one for one in self._everybody if not one.settled()]

    def finish(self) -> None:
        for one in self._everybody:
            one.finish()

    def figures(self) -> dict[str, float]:
        return {
            "disconnected": sum(one.disconnected for one in self._slow),
            "heard after a resume": sum(one.person.caught_up for one in self._slow),
            "heard by the others": sum(one.heard for one in self._quick),
        }


class SlowReader:
    """One of the slow: deaf until it is ``lag`` messages behind; then it reads what is left and has to find the end of
    its connection, comes back, catches up, and grows deaf again.
    """

    def __init__(self, stage: Stage, person: Person, run: str, line: Line, lag: int, *, stops: bool) -> None:
        self.person = Correspondent(stage, person, run, _RECEIVE_BUFFER)
        self.disconnected = 0
        self._stage = stage
        self._hearing = self.person.hear(line)
        self._lag = lag
        self._stops = stops
        self._deaf = False
        self._behind = False  # since it grew deaf it has not caught up
        self._overdue = 0  # the message up to which all was said when it was to be disconnected; 0: it was not yet
        self.person.prompt = False
        self.person.lost = self._lost
        self.person.changed = self._changed

    def grow_deaf(self) -> None:
        """Read no more of what comes."""
        if self.person.session is not None and self.person.inside:
            self._deaf = self._behind = True
            self._overdue = 0
            self.person.session.client.deaf(True)

    def listen(self) -> None:
        """Read everything again."""
        if self._deaf and self.person.session is not None:
            self._deaf = False
            self.person.session.client.deaf(False)

    def tidy(self) -> None:
        """Called every quarter of a second."""
        if not self._deaf or self.person.session is None:
            return
        line = self._hearing.line
        if line.sent - self._hearing.high > self._lag:
            self._overdue = line.sent
            self.listen()
        elif not self._stops:
            self.person.session.client.read(_MOUTHFUL)

    def _changed(self) -> None:
        """It has come in, or heard something."""
        line, hearing = self._hearing.line, self._hearing
        if self._deaf:
            return
        if self._overdue and hearing.high >= self._overdue:
            self._stage.ledger.fail(
                "kept", f"{line.to.name}: {hearing.receiver} was not disconnected with {self._lag} messages unread"
            )
            self._overdue = 0
        elif not self._overdue and hearing.next > line.sent - line.window:
            self._behind = False
            if self._stage.speaking:
                self.grow_deaf()

    def _lost(self, kind: str, detail: str) -> None:
        """The connection has ended, as it had to, unless it has caught up since it was deaf."""
        if kind != "closed" or not self._behind:
            self._stage.ledger.fail(kind, detail)
            return
        self._deaf = False
        self._overdue = 0
        self.disconnected += 1
        self._stage.entering.append(self.person.come)
