"""Reconnecting clients: connections are cut in the middle of everything, and nothing is lost or comes twice."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.correspondent import Correspondent
from tests.load.stage import Stage
from tests.load.wires.base import Conversation

_LAG = 500  # messages that the slowest may be behind, so that what is missed stays in bounds
_BACK = 8  # messages that a session goes back at most, to be told again what it has heard


@dataclass(frozen=True)
class Reconnecting(Scenario):
    """``count`` conversations of ``size`` people: with two a private one, with more a group. All speak, ``window``
    messages of each unacknowledged, and all are cut off after ``every`` messages and acknowledgements on average.
    """

    name: ClassVar[str] = "reconnecting"
    count: int
    size: int = 2
    every: int = 100
    window: int = 8
    text: int = 64

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        group = self.size > 2
        return [
            Cast(f"{prefix}r{number}", number, hire(self.size), group=group, friends=not group)
            for number in range(self.count)
        ]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Cuts(self, cast, stage, run)


class Cuts(Activity):
    """One conversation."""

    def __init__(self, scenario: Reconnecting, cast: Cast, stage: Stage, run: str) -> None:
        self._stage = stage
        self._name = scenario.name
        self._every = scenario.every
        self._random = random.Random(f"{run}{cast.name}")
        self._people = [Correspondent(stage, person, run) for person in cast.people]
        self._left = [0] * len(self._people)  # what each may still read before it is cut off
        self._away: list[int] = []
        self._cuts = 0
        for number, one in enumerate(self._people):
            one.changed = lambda number=number: self._changed(number)  # type: ignore[misc]
        self._connect_all(scenario, cast)

    def open(self) -> None:
        self._stage.entering += [one.come for one in self._people]

    def entered(self) -> bool:
        return all(one.inside or one.gone for one in self._people)

    def start(self, at: int) -> None:
        for number, one in enumerate(self._people):
            one.times = self._stage.timed(self._name, "resume")
            self._left[number] = self._portion()
            one.speak()

    def tidy(self) -> None:
        away, self._away = self._away, []
        for number in away:
            self._return(number)
        for one in self._people:
            one.forget()

    def settled(self) -> bool:
        return not [one for one in self._people if not one.settled()]

    def finish(self) -> None:
        for one in self._people:
            one.finish()

    def figures(self) -> dict[str, float]:
        people = self._people
        return {
            "cuts": self._cuts,
            "sent again": sum(one.again for one in people),
            "heard after a resume": sum(one.caught_up for one in people),
            "told again": sum(one.repeated for one in people),
        }

    def _connect_all(self, scenario: Reconnecting, cast: Cast) -> None:
        for one in self._people:
            others = [other for other in self._people if other is not one]
            to = Conversation(cast.name if cast.group else others[0].person.name, cast.group)
            line = one.say(to, scenario.text, scenario.window, _LAG)
            for other in others:
                other.hear(line)

    def _changed(self, number: int) -> None:
        """One of them has entered, heard something, or was answered."""
        if not self._stage.speaking:
            return
        self._left[number] -= 1
        if self._left[number]:
            return
        self._cuts += 1
        self._left[number] = self._portion()
        self._people[number].go(cut=True)
        if self._random.random() < 0.5:
            self._away.append(number)  # until the next tidying
        else:
            self._return(number)

    def _return(self, number: int) -> None:
        self._people[number].come(self._random.randrange(_BACK))

    def _portion(self) -> int:
        return self._random.randint(1, 2 * self._every)
