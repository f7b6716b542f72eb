"""The resume storm: the server is started again, and all its users come back at once and resume.

Before that, half of them go, and one of them writes to all others; when that one is back, to all again. So some
messages are missed before the restart, some are live while others are still coming back, and everybody has to have each
once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.correspondent import Correspondent, nothing
from tests.load.scenarios.patience import Patience
from tests.load.stage import Stage
from tests.load.wires.base import Conversation

_TOGETHER = 50  # people of a cast who are no friends
_TEXT = 64  # bytes
_WINDOW = 8


@dataclass(frozen=True)
class ResumeStorm(Scenario):
    """``count`` users come back, each with so many ``friends`` who do the same. ``missed`` messages are written to each
    before the restart, and as many when the writer is back.
    """

    name: ClassVar[str] = "resume storm"
    restarts: ClassVar[bool] = True
    count: int
    missed: int = 2
    friends: int = 0

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        together = self.friends + 1 if self.friends else _TOGETHER
        sizes = [min(together, self.count - begin) for begin in range(0, self.count, together)]
        friends = self.friends > 0
        return [Cast(f"{prefix}s{number}", number, hire(size), friends=friends) for number, size in enumerate(sizes)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Returning(self, cast, stage, run)

    def summary(self, figures: dict[str, float]) -> dict[str, float]:
        seconds = figures.get("max_seconds to the last reply", 0.0)
        return {**figures, "resumes/s": figures["resumes"] / seconds if seconds else 0.0}


class Returning(Activity):
    """Some of them. The first is the one who writes; every second of the others is away when that happens."""

    def __init__(self, scenario: ResumeStorm, cast: Cast, stage: Stage, run: str) -> None:
        self._stage = stage
        self._missed = scenario.missed
        self._times = stage.timed(scenario.name, "resume")
        self._patience = Patience(stage)
        self._everybody = [Correspondent(stage, person, run) for person in cast.people]
        self._writer, self._others = self._everybody[0], self._everybody[1:]
        self._writer.may_speak = self._speaks
        for one in self._others:
            one.hear(self._writer.say(Conversation(one.person.name, False), _TEXT, _WINDOW))
        self._write(0)
        self._left = False  # those who are to miss something have gone
        self._restarting = False
        self._resumes = 0
        self._start = self._replied = self._complete = 0  # ns
        self._missing = set(self._everybody)  # who are not back, or have not all
        for one in self._everybody:
            one.lost = self._lost

    def gather(self) -> None:
        self._stage.entering += [one.come for one in self._everybody]

    def gathered(self) -> bool:
        if not all(one.inside or one.gone for one in self._everybody):
            return False
        if not self._left:
            self._left = True
            for one in self._others[::2]:
                one.go()
            self._write(self._missed)
        present = [self._writer, *self._others[1::2]]
        if (self._written() and all(one.has_all() or one.gone for one in present)) or self._patience.over():
            self._restarting = True
        return self._restarting

    def come_back(self) -> None:
        self._restarting = False
        self._start = self._replied = self._complete = time.monotonic_ns()
        self._write(2 * self._missed)
        for one in self._everybody:
            one.go()  # those whose connection has not ended yet
            one.changed = partial(self._replies, one)
            one.times = self._times
            self._stage.entering.append(one.come)

    def returned(self) -> bool:
        """All are back and have everything, or what is missing does not come."""
        back = [one for one in self._missing if one.inside and one.has_all()] if self._written() else []
        self._missing.difference_update(back, [one for one in self._missing if one.gone])
        if back:
            self._complete = time.monotonic_ns()
        return (not self._missing and not self._stage.entering) or self._patience.over()

    def settled(self) -> bool:
        return not [one for one in self._everybody if not one.gone and not one.settled()]

    def finish(self) -> None:
        for one in self._everybody:
            one.finish()

    def figures(self) -> dict[str, float]:
        return {
            "resumes": self._resumes,
            "missed messages": sum(one.caught_up for one in self._everybody),
            "max_seconds to the last reply": (self._replied - self._start) / 1e9,
            "max_seconds to the last message": (self._complete - self._start) / 1e9,
        }

    def _write(self, most: int) -> None:
        """Up to so many messages to each."""
        for line in self._writer.lines:
            line.most = most
        self._stage.eager.add(self._writer)

    def _written(self) -> bool:
        """Whether all that is to be written was sent; what was not acknowledged is looked at elsewhere."""
        return self._writer.gone or all(line.sent == line.most for line in self._writer.lines)

    def _speaks(self) -> bool:
        """It does not matter in which phase of the run this is."""
        return True

    def _replies(self, one: Correspondent) -> None:
        """Called for whatever happens to one of them; the first time it is the reply."""
        self._replied = time.monotonic_ns()
        self._resumes += 1
        one.changed = nothing

    def _lost(self, kind: str, detail: str) -> None:
        """Only the restart may end connections."""
        if kind != "closed" or not self._restarting:
            self._stage.ledger.fail(kind, detail)
