"""Private chat: pairs of users, of whom the first speaks to the second, or each to the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.load.client import new_client
from tests.load.ledger import Voice
from tests.load.listener import Listener
from tests.load.mouth import Mouth
from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.pace import interval
from tests.load.stage import Stage
from tests.load.texts import Phrases
from tests.load.wires.base import Conversation


@dataclass(frozen=True)
class Pairs(Scenario):
    """``window`` messages of each sender are on their way, or, with a ``rate``, so many messages per second are sent by
    all pairs together. ``both``: both speak. ``text``: bytes of each text.
    """

    name: ClassVar[str] = "pairs"
    count: int
    window: int = 8
    rate: float = 0.0
    both: bool = False
    text: int = 64

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        return [Cast(f"{prefix}p{number}", number, hire(2), friends=True) for number in range(self.count)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Pair(self, cast, stage, run)


class Pair(Activity):
    """Two people."""

    def __init__(self, scenario: Pairs, cast: Cast, stage: Stage, run: str) -> None:
        self.clients = [new_client(stage, person) for person in cast.people]
        self._acknowledged = stage.wire.acknowledges
        directions = [(0, 1), (1, 0)] if scenario.both else [(0, 1)]
        pace = interval(scenario.rate, scenario.count * len(directions))
        self._step = pace // (scenario.count * len(directions))
        self._first = cast.number * len(directions)
        self._mouths: dict[int, Mouth] = {}
        for speaks, hears in directions:
            speaker, hearer = self.clients[speaks], self.clients[hears]
            voice = Voice(stage.ledger, Phrases(run, cast.name, speaker.person.name, scenario.text))
            to = Conversation(hearer.person.name, False)
            self._mouths[speaks] = Mouth(stage, speaker, voice, to, scenario.window, pace)
        self._listeners = [self._listener(stage, number) for number in (0, 1)]

    def start(self, at: int) -> None:
        for order, mouth in enumerate(self._mouths.values(), self._first):
            mouth.start(order, at + order * self._step)

    def tidy(self) -> None:
        for number, mouth in self._mouths.items():
            voice, ear = mouth.voice, self._listeners[1 - number].ears[mouth.voice.name]
            voice.forget(ear.next - 1)
            voice.compare_stamps()

    def settled(self) -> bool:
        voices = [mouth.voice for mouth in self._mouths.values()]
        return all(listener.has_all() for listener in self._listeners) and (
            not self._acknowledged or all(voice.acked == voice.sent for voice in voices)
        )

    def finish(self) -> None:
        for listener in self._listeners:
            listener.finish()
        if self._acknowledged:
            for mouth in self._mouths.values():
                mouth.voice.finish()

    def _listener(self, stage: Stage, number: int) -> Listener:
        client, own, other = self.clients[number], self._mouths.get(number), self._mouths.get(1 - number)
        listener = Listener(stage, client, client.person.name, own.voice if own else None)
        if other is not None:
            listener.listen(other.voice, mouth=other)
        client.hand_to(listener.take)
        return listener
