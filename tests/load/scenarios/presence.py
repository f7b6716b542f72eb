"""Presence churn: friends come and go, and every `friend_login` and `friend_offline` is accounted for.

Those who come and go have several sessions at a time: their friends are told of the first and of the end of the last,
and of nothing in between. The next step is taken when all have been told of the one before, so each of them has to hear
of every coming and of every going exactly once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.session import Object, Owner, Session, said
from tests.load.stage import Stage
from tests.load.wires.base import Person


class State(Enum):
    """Of one who comes and goes; the value is what friends are told."""

    HERE = "friend_login"
    AWAY = "friend_offline"


@dataclass(frozen=True)
class Presence(Scenario):
    """``count`` users come and go, each with so many ``friends`` who stay, with ``sessions`` at a time, and stay and
    stay away for ``stay`` seconds.
    """

    name: ClassVar[str] = "presence"
    count: int
    friends: int = 10
    sessions: int = 2
    stay: float = 0.0

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        size = self.friends + 1
        return [Cast(f"{prefix}c{number}", number, hire(size), friends=True) for number in range(self.count)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Churn(self, cast, stage)


class Churn(Activity):
    """One who comes and goes, and the friends who stay. ``state`` is what they should know."""

    def __init__(self, scenario: Presence, cast: Cast, stage: Stage) -> None:
        self.stage = stage
        self.state = State.AWAY
        self._name = scenario.name
        self._stay = scenario.stay
        self._stayers = [Stayer(self, person) for person in cast.people[1:]]
        self.names = frozenset(stayer.person.name for stayer in self._stayers)
        self.guest = Guest(self, cast.people[0], scenario.sessions)
        self._unaware = 0  # friends who have not been told of the state
        self._since = self._rests = 0  # ns: when it changed, and since when there is nothing to be done
        self._changes = 0

    def open(self) -> None:
        self.stage.entering += [stayer.come for stayer in self._stayers]

    def entered(self) -> bool:
        return all(stayer.session.inside or stayer.session.client.closed for stayer in self._stayers)

    def start(self, at: int) -> None:
        self.guest.come()

    def tidy(self) -> None:
        if self._stay and not self._unaware and not self.guest.busy:
            self._go_on()

    def settled(self) -> bool:
        """The step that was begun is done, and all have been told."""
        if self.guest.busy or self._unaware:
            return False
        return not [stayer for stayer in self._stayers if stayer.session.inside and not stayer.session.quiet()]

    def finish(self) -> None:
        for stayer in self._stayers:
            if stayer.state is not self.state:
                self.stage.ledger.fail("lost", self.told(stayer))

    def figures(self) -> dict[str, float]:
        return {"comings and goings": self._changes, "notices": sum(stayer.notices for stayer in self._stayers)}

    def changes(self, state: State) -> None:
        """The one who comes and goes is about to."""
        self.state = state
        self._unaware = len(self._stayers)
        self._since = time.monotonic_ns()
        self._changes += 1

    def aware(self) -> None:
        """One more friend has been told."""
        self.stage.steps += 1
        self._unaware -= 1
        self.stage.timed(self._name, self.state.value).record((time.monotonic_ns() - self._since) // 1000)
        self.done()

    def done(self) -> None:
        """Something was done; take the next step when all of this one is."""
        if not self._unaware and not self.guest.busy:
            self._rests = time.monotonic_ns()
            self._go_on()

    def told(self, stayer: Stayer) -> str:
        """A notice's name, for people."""
        return (
            f"presence: {self.state.value} of {self.guest.person.name} to {stayer.person.name}, the {self._changes}th"
        )

    def _go_on(self) -> None:
        if not self.stage.speaking or time.monotonic_ns() - self._rests < self._stay * 1e9:
            return
        if self.state is State.AWAY:
            self.guest.come()
        else:
            self.guest.leave()


class Stayer(Owner):
    """A friend who stays. ``state``: what it was told last."""

    def __init__(self, churn: Churn, person: Person) -> None:
        self.person = person
        self.state = State.AWAY
        self.notices = 0
        self.session = Session(churn.stage, person, self)
        self._churn = churn
        self._met: set[str] = set()  # others who stay, of whose coming it was told

    def come(self) -> None:
        """Log in."""
        self.session.resume(-1)

    def began(self, session: Session, reply: Object) -> None:
        """Nothing to be done."""

    def told(self, session: Session, push: Object) -> None:
        churn, friend = self._churn, push.get("friend")
        if friend == churn.guest.person.name and push["cmd"] in (State.HERE.value, State.AWAY.value):
            self._notice(State(push["cmd"]))
        elif push["cmd"] == State.HERE.value and friend in churn.names and friend not in self._met:
            self._met.add(friend)  # who came a little later
        else:
            churn.stage.ledger.fail("unexpected", f"presence: {self.person.name} reads {said(push)}")

    def ended(self, session: Session, kind: str, detail: str) -> None:
        self._churn.stage.ledger.fail(kind, detail)

    def _notice(self, state: State) -> None:
        churn = self._churn
        self.notices += 1
        if state is self.state:
            churn.stage.ledger.fail("doubled", f"{churn.told(self)}: told {state.value} again")
        elif state is not churn.state:
            self.state = state
            churn.stage.ledger.fail("unexpected", f"{churn.told(self)}: told {state.value}")
        else:
            self.state = state
            churn.aware()


class Guest(Owner):
    """The one who comes and goes. ``busy``: is on the way in."""

    def __init__(self, churn: Churn, person: Person, sessions: int) -> None:
        self.person = person
        self.busy = False
        self._churn = churn
        self._wanted = sessions
        self._sessions: list[Session] = []

    def come(self) -> None:
        """Begin the sessions, one after the other; only the last of them stays then."""
        self.busy = True
        self._churn.changes(State.HERE)
        self._next()

    def leave(self) -> None:
        """End the last session."""
        self._churn.changes(State.AWAY)
        self._sessions.pop().cut()

    def began(self, session: Session, reply: Object) -> None:
        """Those who stay must be shown as online."""
        online = {friend["user"] for friend in reply["friends"] if friend["online"]}
        for name in sorted(self._churn.names - online):
            self._churn.stage.ledger.fail("altered", f"presence: {self.person.name} is told that {name} is not there")
        if len(self._sessions) < self._wanted:
            self._next()
            return
        while len(self._sessions) > 1:
            self._sessions.pop(0).close()
        self.busy = False
        self._churn.done()

    def told(self, session: Session, push: Object) -> None:
        if push["cmd"] != State.HERE.value or push["friend"] not in self._churn.names:
            self._churn.stage.ledger.fail("unexpected", f"presence: {self.person.name} reads {said(push)}")

    def ended(self, session: Session, kind: str, detail: str) -> None:
        self._churn.stage.ledger.fail(kind, detail)
        self.busy = True  # it does not come again

    def _next(self) -> None:
        session = Session(self._churn.stage, self.person, self)
        self._sessions.append(session)
        session.resume(-1)
