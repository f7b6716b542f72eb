"""The resume storm: the server is started again, and all its users come back at once and resume.

Before that, half of them go, and somebody writes to all; when they are back, to all again. So some messages are missed
before the restart, some are live while others are still coming back, and everybody has to have each of them once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.correspondent import Correspondent
from tests.load.stage import Stage
from tests.load.wires.base import Conversation

_TOGETHER = 50  # people of a cast who are no friends
_TEXT = 64  # bytes
_WINDOW = 8


@dataclass(frozen=True)
class ResumeStorm(Scenario):
    """``count`` users come back, each with so many ``friends`` who do the same. ``missed`` messages are written to each
    before the restart, and as many when the first are back.
    """

    name: ClassVar[str] = "resume storm"
    restarts: ClassVar[bool] = True
    count: int
    missed: int = 2
    friends: int = 0

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        together = self.friends + 1 if self.friends else _TOGETHER
        sizes = [min(together, self.count - begin) for begin in range(0, self.count, together)]
        return [
            Cast(f"{prefix}s{number}", number, hire(size), friends=self.friends > 0)
            for number, size in enumerate(sizes)
        ]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Returning(self, cast, stage, run)

    def summary(self, figures: dict[str, float]) -> dict[str, float]:
        seconds = figures.get("max_seconds to the last reply", 0.0)
        return {**figures, "resumes/s": figures["resumes"] / seconds if seconds else 0.0}


class Returning(Activity):
    """Some of them. The first is the one who writes to the others; every second of those is away when it is done."""

    def __init__(self, scenario: ResumeStorm, cast: Cast, stage: Stage, run: str) -> None:
        self._stage = stage
        self._missed = scenario.missed
        self._times = stage.timed(scenario.name, "resume")
        self._everybody = [Correspondent(stage, person, run) for person in cast.people]
        self._writer, self._others = self._everybody[0], self._everybody[1:]
        self._wanted = 0  # messages that are to be written to each
        self._restarting = False
        self._left = False  # those who miss something have gone
        self._start = self._replied = self._complete = 0  # ns
        self._back = 0
        self._writer.may_speak = lambda: True
        for one in self._others:
            to = Conversation(one.person.name, False)
            one.hear(self._writer.say(to, _TEXT, _WINDOW, lag=0))
        for one in self._everybody:
            one.lost = partial(self._lost, one)

    def gather(self) -> None:
        self._stage.entering += [one.come for one in self._everybody]

    def gathered(self) -> bool:
        if not all(one.inside or one.gone for one in self._everybody):
            return False
        if not self._left:
            self._left = True
            for one in self._others[::2]:
                one.go()
            self._write()
        present = self._others[1::2]
        ready = self._writer.has_all() and all(one.has_all() or one.gone for one in present)
        self._restarting = self._restarting or ready
        return ready

    def come_back(self) -> None:
        self._start = self._replied = self._complete = time.monotonic_ns()
        self._restarting = False
        for one in self._everybody:
            one.go()
            one.changed = partial(self._changed, one)
            self._stage.entering.append(one.come)

    def returned(self) -> bool:
        """All are back, and have everything; or what is missing does not come."""
        if not all(one.inside or one.gone for one in self._everybody) or self._stage.entering:
            return False
        if self._writer.inside and self._wanted == self._missed:
            self._write()
        return all(one.has_all() or one.gone for one in self._everybody)
