"""Clients who log in and then say and hear nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.load.client import new_client
from tests.load.listener import Listener
from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.stage import Stage

_AT_ONCE = 100  # clients of a cast, so that they can be dealt out to processes


@dataclass(frozen=True)
class Idle(Scenario):
    """So many connections that do nothing. Whatever one of them reads is one message too many."""

    name: ClassVar[str] = "idle"
    count: int

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        sizes = [min(_AT_ONCE, self.count - begin) for begin in range(0, self.count, _AT_ONCE)]
        return [Cast(f"{prefix}i{number}", number, hire(size)) for number, size in enumerate(sizes)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Silence(cast, stage)


class Silence(Activity):
    """Some of them."""

    def __init__(self, cast: Cast, stage: Stage) -> None:
        self.clients = [new_client(stage, person) for person in cast.people]
        for client in self.clients:
            client.hand_to(Listener(stage, client, client.person.name).take)
