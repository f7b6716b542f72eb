"""Group chat: in each group some members speak and all listen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.load.chorus import Chorus
from tests.load.client import new_client
from tests.load.ledger import Voice
from tests.load.listener import Listener
from tests.load.mouth import Mouth
from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.pace import interval
from tests.load.singers import Singer
from tests.load.soloist import Soloist
from tests.load.stage import Stage
from tests.load.texts import Phrases
from tests.load.wires.base import Conversation, Own


@dataclass(frozen=True)
class Groups(Scenario):
    """``senders`` of the ``size`` members of each group speak: ``window`` messages of each are on their way, or, with a
    ``rate``, so many messages per second are sent by all groups together. ``text``: bytes of each text.
    """

    name: ClassVar[str] = "groups"
    count: int
    size: int
    senders: int
    window: int = 8
    rate: float = 0.0
    text: int = 64

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        return [Cast(f"{prefix}g{number}", number, hire(self.size), group=True) for number in range(self.count)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        compared = stage.wire.same_for_all and self.senders < self.size
        return (Compared if compared else Heard)(self, cast, stage, run)


class GroupActivity(Activity):
    """One group. The first ``senders`` of its people speak."""

    def __init__(self, scenario: Groups, cast: Cast, stage: Stage, run: str) -> None:
        self.name = cast.name
        self.clients = [new_client(stage, person) for person in cast.people]
        self.wire = stage.wire
        self._first = cast.number * scenario.senders
        pace = interval(scenario.rate, scenario.count * scenario.senders)
        self._step = pace // (scenario.count * scenario.senders)
        self.mouths: list[Mouth] = []
        for client in self.clients[: scenario.senders]:
            voice = Voice(stage.ledger, Phrases(run, cast.name, client.person.name, scenario.text))
            self.mouths.append(Mouth(stage, client, voice, Conversation(cast.name, True), scenario.window, pace))

    def start(self, at: int) -> None:
        for order, mouth in enumerate(self.mouths, self._first):
            mouth.start(order, at + order * self._step)

    def settled(self) -> bool:
        voices = [mouth.voice for mouth in self.mouths]
        return all(voice.heard == voice.sent for voice in voices) and (
            not self.wire.acknowledges or all(voice.acked == voice.sent for voice in voices)
        )

    def finish(self) -> None:
        if self.wire.acknowledges:
            for mouth in self.mouths:
                mouth.voice.finish()


class Compared(GroupActivity):
    """A group whose silent members read the same bytes: one stream is parsed, the others are compared with it."""

    def __init__(self, scenario: Groups, cast: Cast, stage: Stage, run: str) -> None:
        super().__init__(scenario, cast, stage, run)
        self._chorus = chorus = Chorus(stage, cast.name)
        for mouth in self.mouths:
            chorus.add(mouth)
        alone = scenario.senders if stage.wire.own is not Own.SAME else 0
        senders = zip(self.clients[:alone], self.mouths, strict=False)
        self._soloists = [Soloist(chorus, client, mouth.voice) for client, mouth in senders]
        self._singers = [Singer(chorus, client) for client in self.clients[alone:]]
        self._members: Sequence[Singer | Soloist] = [*self._soloists, *self._singers]
        for member in self._members:
            member.client.hand_to(member.take)

    def tidy(self) -> None:
        alive = [member for member in self._members if not member.client.closed]
        inside = [member for member in alive if member.listener is None]
        if not any(isinstance(member, Singer) for member in inside):
            for member in inside:  # nobody is left who could extend the stream
                member.leave_behind()
            inside = []
        for soloist in self._soloists:
            soloist.catch_up()
        self._chorus.forget(min((member.offset for member in inside), default=self._chorus.end))
        listeners = [member.listener for member in alive if member.listener is not None]
        for mouth in self.mouths:
            name = mouth.voice.name
            ears = [listener.ears[name].next - 1 for listener in listeners if name in listener.ears]
            mouth.voice.forget(min([self._chorus.forgotten(name), *ears] if inside or not ears else ears))

    def settled(self) -> bool:
        return super().settled() and all(member.has_all() for member in self._members if not member.client.closed)

    def finish(self) -> None:
        for member in self._members:
            member.finish()
        super().finish()


class Heard(GroupActivity):
    """A group that is parsed by each member: all speak, or the protocol has different bytes for each."""

    def __init__(self, scenario: Groups, cast: Cast, stage: Stage, run: str) -> None:
        super().__init__(scenario, cast, stage, run)
        own = {mouth.voice.name: mouth.voice for mouth in self.mouths}
        self._listeners = [Listener(stage, client, cast.name, own.get(client.person.name)) for client in self.clients]
        witnessed: set[str] = set()
        for listener in self._listeners:
            for mouth in self.mouths:
                name = mouth.voice.name
                if name != listener.client.person.name:
                    listener.listen(mouth.voice, mouth=None if name in witnessed else mouth)
                    witnessed.add(name)
                elif stage.wire.own is Own.SAME:
                    listener.listen(mouth.voice)
            listener.client.hand_to(listener.take)

    def tidy(self) -> None:
        alive = [listener for listener in self._listeners if not listener.client.closed]
        for mouth in self.mouths:
            voice = mouth.voice
            ears = [listener.ears[voice.name].next - 1 for listener in alive if voice.name in listener.ears]
            voice.forget(min(ears, default=voice.sent))
            voice.compare_stamps()

    def settled(self) -> bool:
        alive = (listener for listener in self._listeners if not listener.client.closed)
        return super().settled() and all(listener.has_all() for listener in alive)

    def finish(self) -> None:
        for listener in self._listeners:
            listener.finish()
        super().finish()
