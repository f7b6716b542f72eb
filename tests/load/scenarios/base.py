"""What the clients of a run do: a scenario says who takes part, and makes them do it in a generator process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.load.client import Client
from tests.load.stage import Stage
from tests.load.wires.base import Person

Hire = Callable[[int], tuple[Person, ...]]
"""Gives as many people who have no part yet."""


@dataclass(frozen=True)
class Cast:
    """Those who take part in one conversation, or in one piece of whatever a scenario does; all are in one process.

    ``number``: of this cast among those of its scenario, from 0. ``friends``: they know each other from the beginning.
    """

    name: str
    number: int
    people: tuple[Person, ...]
    group: bool = False
    friends: bool = False


class Activity:
    """A cast at work in a generator process, whose only thread calls everything.

    ``clients``: its connections, which the generator opens. All of them have logged in when `start` is called.
    Connections that come and go are the activity's own (`session.Session`); it begins with those in `open`.
    """

    clients: Sequence[Client] = ()

    def gather(self) -> None:
        """Before anything else, with `Scenario.restarts` only: come in, before the server is started again."""

    def gathered(self) -> bool:
        """Whether the server may be started again now."""
        return True

    def come_back(self) -> None:
        """The server has been started again."""

    def returned(self) -> bool:
        """Whether all are back."""
        return True

    def open(self) -> None:
        """Make the connections that are there from the beginning and are not among ``clients``."""

    def entered(self) -> bool:
        """Whether those have logged in, and everything is ready."""
        return True

    def start(self, at: int) -> None:
        """Begin; ``at`` is the time (ns of the monotonic clock) from which on a schedule counts."""

    def measure(self) -> None:
        """The measured phase begins."""

    def tidy(self) -> None:
        """Called every quarter of a second: forget what is not needed any more."""

    def settled(self) -> bool:
        """Whether everything that was begun has come to its end; asked when nobody is to begin anything any more."""
        return True

    def finish(self) -> None:
        """The run is over: tell the ledger what is missing."""

    def figures(self) -> dict[str, float]:
        """What was measured beside messages: what all casts say is added up, but of ``max_…`` the highest counts."""
        return {}


class Scenario(ABC):
    """A frozen dataclass with the knobs as fields; pickled into the generators."""

    name: ClassVar[str]
    restarts: ClassVar[bool] = False
    """Whether the server is to be started again before all others come."""

    @abstractmethod
    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        """Who takes part. Names of groups begin with ``prefix``, and are of ASCII letters and digits."""

    @abstractmethod
    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        """Make a cast's clients, which do not connect yet. ``run``: the run's id, for texts."""

    def summary(self, figures: dict[str, float]) -> dict[str, float]:
        """The figures of all casts together, as they are shown; more may follow from them."""
        return figures
