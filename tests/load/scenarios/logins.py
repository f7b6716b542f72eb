"""The login storm: many users log in with their passwords, some at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.session import Object, Owner, Session, said
from tests.load.stage import Stage
from tests.load.wires.base import Person

_TOGETHER = 100  # people of a cast, so that they can be dealt out to processes


@dataclass(frozen=True)
class Logins(Scenario):
    """``count`` users log in when the measured phase begins, ``at_once`` of them waiting for their reply at a time."""

    name: ClassVar[str] = "logins"
    count: int
    at_once: int = 50

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        number = self._parts()
        sizes = [self.count // number + (index < self.count % number) for index in range(number)]
        return [Cast(f"{prefix}l{index}", index, hire(size)) for index, size in enumerate(sizes)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        number = self._parts()
        return Storm(self.name, cast, stage, self.at_once // number + (cast.number < self.at_once % number))

    def summary(self, figures: dict[str, float]) -> dict[str, float]:
        seconds = figures.get("max_seconds", 0.0)
        return {**figures, "logins/s": figures["logins"] / seconds if seconds else 0.0}

    def _parts(self) -> int:
        return max(1, min(-(-self.count // _TOGETHER), self.at_once))


class Storm(Activity, Owner):
    """Some of them."""

    def __init__(self, scenario: str, cast: Cast, stage: Stage, at_once: int) -> None:
        self._stage = stage
        self._times = stage.timed(scenario, "login")
        self._waiting: list[Person] = list(reversed(cast.people))
        self._count = len(self._waiting)
        self._at_once = at_once
        self._began: dict[str, int] = {}  # ns, of those who wait for their reply
        self._start = self._end = 0
        self._inside = self._gone = 0
        self._sessions: list[Session] = []

    def measure(self) -> None:
        self._start = self._end = time.monotonic_ns()
        for _ in range(min(self._at_once, len(self._waiting))):
            self._next()

    def settled(self) -> bool:
        if self._inside + self._gone < self._count:
            return False
        return not [session for session in self._sessions if session.inside and not session.quiet()]

    def finish(self) -> None:
        for name in [*self._began, *(person.name for person in self._waiting)]:
            self._stage.ledger.fail("unanswered", f"{name} has got no reply to its login")

    def figures(self) -> dict[str, float]:
        return {"logins": self._inside, "max_seconds": (self._end - self._start) / 1e9}

    def began(self, session: Session, reply: Object) -> None:
        if not isinstance(reply["token"], str) or not reply["token"]:
            raise ValueError("no token")
        self._end = time.monotonic_ns()
        self._times.record((self._end - self._began.pop(session.name)) // 1000)
        self._inside += 1
        self._next()

    def told(self, session: Session, push: Object) -> None:
        self._stage.ledger.fail("unexpected", f"{session.name} reads {said(push)}")

    def ended(self, session: Session, kind: str, detail: str) -> None:
        self._gone += 1
        self._stage.ledger.fail(kind, detail)
        if self._began.pop(session.name, 0):
            self._next()
        else:
            self._inside -= 1

    def _next(self) -> None:
        if self._waiting:
            person = self._waiting.pop()
            session = Session(self._stage, person, self)
            self._sessions.append(session)
            self._began[person.name] = time.monotonic_ns()
            session.login(person.password)
