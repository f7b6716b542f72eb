"""A receiver that reads every message by itself: in private conversations, in groups where everybody speaks or reads
bytes of its own, and wherever something has gone wrong and has to be named.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from operator import lt

from tests.load.client import Bytes, Client
from tests.load.ledger import Ear, Voice
from tests.load.mouth import Mouth
from tests.load.stage import Stage
from tests.load.texts import spoken
from tests.load.wires.base import Ack, Heard, Message, Unreadable


class Listener:
    """What one client must hear: the next message of each voice, in growing order of the server's numbers, once.

    ``to`` is whom messages must be addressed to: the group's name, or the client's. ``own``: the client's own voice, if
    it speaks; where it reads its own messages, those are no deliveries. Belongs to the generator's thread.
    """

    __slots__ = ("_own", "_rest", "_stage", "_stamp", "_to", "_witnessed", "client", "ears")

    def __init__(self, stage: Stage, client: Client, to: str, own: Voice | None = None) -> None:
        self.client = client
        self.ears: dict[str, Ear] = {}
        self._stage = stage
        self._to = to
        self._own = own
        self._witnessed: dict[str, Mouth] = {}
        self._rest = b""
        self._stamp = 0

    def listen(self, voice: Voice, following: int = 1, mouth: Mouth | None = None) -> None:
        """Expect a voice from number ``following`` on; with its ``mouth``, this is a witness for it."""
        self.ears[voice.name] = Ear(voice, self.client.person.name, following)
        if mouth is not None:
            self._witnessed[voice.name] = mouth

    def take(self, data: Bytes) -> None:
        """Read what has come."""
        frames = self._rest + data if self._rest else bytes(data)
        wire = self._stage.wire
        try:
            cut = wire.cut(frames)
            self._rest = frames[cut:]
            if cut:
                self._account(wire.parse(frames[:cut] if self._rest else frames))
        except Unreadable as error:
            self.client.fail("altered", f"{self._to}: {self.client.person.name} reads {error}")

    def finish(self) -> None:
        """Name what never came."""
        if self._rest and not self.client.closed:
            self._fail("altered", f"is left with {self._rest[:100]!a}")
        for ear in self.ears.values():
            ear.finish()

    def has_all(self) -> bool:
        """Whether everything that was said has come."""
        return all(ear.has_all for ear in self.ears.values())

    def _account(self, heard: Heard) -> None:
        failed = self._stage.ledger.failed
        if heard.messages:
            self._hear(heard.messages)
        if heard.acks:
            self._answer(heard.acks)
        for frame in heard.others:
            self._other(frame)
        if heard.stamps:
            self._check_order(heard.stamps, told=self._stage.ledger.failed > failed)

    def _hear(self, messages: Sequence[Message]) -> None:
        sender, to, text, _ = messages[0]
        ear = self.ears.get(sender) or self._find(sender, text)
        if ear is not None and to == self._to:
            count, voice = len(messages), ear.voice
            at = ear.next - voice.forgotten - 1
            texts = [message[2] for message in messages]
            if texts == voice.texts[at : at + count] and (
                count == 1 or {message[:2] for message in messages} == {(sender, to)}
            ):
                self._hear_run(ear, messages, voice.dues[at : at + count])
                return
        for message in messages:
            self._hear_one(message)

    def _hear_run(self, ear: Ear, messages: Sequence[Message], dues: Iterable[int]) -> None:
        """The next messages of one voice, as they were sent."""
        voice, stage = ear.voice, self._stage
        ear.next += len(messages)
        mouth = self._witnessed.get(voice.name)
        if mouth is not None:
            if ear.next > voice.heard + 1:
                voice.heard = ear.next - 1
            stage.eager.add(mouth)
            if messages[0][3]:
                voice.stamped([message[3] for message in messages])
        if voice is not self._own:
            now = time.monotonic_ns()
            stage.ledger.delivered += len(messages)
            stage.ledger.latencies.record_all([(now - due) // 1000 for due in dues])

    def _hear_one(self, message: Message) -> None:
        sender, to, text, _ = message
        ear = self.ears.get(sender) or self._find(sender, text)
        if ear is None:
            self._fail("altered", f"hears {sender!a}, who has not spoken: {str(text)[:100]!a}")
        elif to != self._to:
            self._fail("altered", f"reads what is addressed to {to!a}: {str(text)[:100]!a}")
        elif text == ear.voice.said(ear.next):
            self._hear_run(ear, [message], [ear.voice.due(ear.next)])
        else:
            ear.voice.stamped(None)
            self._stage.ledger.delivered += ear.hear_oddly(text)
            mouth = self._witnessed.get(ear.voice.name)
            if mouth is not None:
                ear.voice.heard = max(ear.voice.heard, ear.next - 1)
                self._stage.eager.add(mouth)

    def _find(self, sender: str, text: str) -> Ear | None:
        """The ear for a message whose sender is told by its text alone."""
        about = spoken(text) if not sender else None
        return self.ears.get(about.sender) if about is not None else None

    def _answer(self, acks: Sequence[Ack]) -> None:
        if self._own is None:
            self._fail("doubled", "has sent nothing, and is answered")
        else:
            self._own.answered([number for number, _ in acks], [stamp for _, stamp in acks])

    def _check_order(self, stamps: Sequence[int], *, told: bool) -> None:
        """The server's numbers have to grow, of messages and acknowledgements alike; ``told``: a reason is known."""
        last, self._stamp = self._stamp, stamps[-1]
        if stamps[0] > last and all(map(lt, stamps, stamps[1:])):
            return
        for stamp in stamps:
            if stamp <= last and not told:
                self._fail("disordered", f"reads mid {stamp} behind mid {last}")
            last = stamp

    def _other(self, frame: bytes) -> None:
        wire = self._stage.wire
        answer = wire.aside(frame)
        if wire.is_pong(frame):
            self.client.pong()
        elif answer is None:
            self._fail("unexpected", f"reads {frame[:200]!a}")
        elif answer:
            self.client.send(answer)

    def _fail(self, kind: str, what: str) -> None:
        self._stage.ledger.fail(kind, f"{self._to}: {self.client.person.name} {what}")
