"""What a run does, and who takes part in it."""

from __future__ import annotations

import dataclasses
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, count, islice

from tests.load.scenarios.base import Cast, Scenario
from tests.load.targets.base import Population
from tests.load.wires.base import Person

_LETTERS = string.ascii_lowercase


def _run_id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


@dataclass(frozen=True)
class Plan:
    """``seconds`` are measured, ``warm_up`` seconds before them are not. What is not delivered when nothing has been
    for ``patience`` seconds is lost. ``run`` is part of every name, so that runs against one server do not meet.
    """

    scenarios: Sequence[Scenario]
    seconds: float = 10.0
    warm_up: float = 1.0
    processes: int = 1
    patience: float = 15.0
    run: str = field(default_factory=_run_id)

    def described(self) -> dict[str, object]:
        """All of it as plain values."""
        made = {name.name: getattr(self, name.name) for name in dataclasses.fields(self) if name.name != "scenarios"}
        scenarios = [{"scenario": scenario.name, **_knobs(scenario)} for scenario in self.scenarios]
        return {**made, "scenarios": scenarios}

    def casts(self) -> list[list[Cast]]:
        """Those of each scenario."""
        numbers = count(1)

        def hire(size: int) -> tuple[Person, ...]:
            return tuple(Person(number, f"{self.run}n{number}", "") for number in islice(numbers, size))

        return [scenario.casts(hire, f"{self.run}{_LETTERS[at]}") for at, scenario in enumerate(self.scenarios)]


def population(casts: Sequence[Sequence[Cast]]) -> Population:
    """Accounts, groups and friendships of all who take part; people learn which groups they are in."""
    everybody: list[Person] = []
    groups: dict[str, Sequence[str]] = {}
    friends: list[tuple[str, str]] = []
    for cast in (cast for some in casts for cast in some):
        everybody += cast.people
        if cast.group:
            groups[cast.name] = [person.name for person in cast.people]
            for person in cast.people:
                person.rooms = (*person.rooms, cast.name)
        if cast.friends:
            friends += combinations([person.name for person in cast.people], 2)
    return Population(everybody, groups, friends)


def deal(casts: Sequence[Sequence[Cast]], processes: int) -> list[list[tuple[int, Cast]]]:
    """The casts of each process, with their scenario's index: each scenario is spread over all of them."""
    hands: list[list[tuple[int, Cast]]] = [[] for _ in range(processes)]
    everybody = [0] * processes
    for index, some in enumerate(casts):
        people = [0] * processes
        for cast in some:
            least = min(range(processes), key=lambda process: (people[process], everybody[process]))
            hands[least].append((index, cast))
            people[least] += len(cast.people)
            everybody[least] += len(cast.people)
    return hands


def _knobs(scenario: Scenario) -> dict[str, object]:
    return dataclasses.asdict(scenario) if dataclasses.is_dataclass(scenario) else {}
