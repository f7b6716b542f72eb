"""A group's stream, read once and compared ever after.

All members who say nothing read the very same bytes. So there is one canonical stream for a group: whoever is the first
to read new bytes extends it, and only then are they parsed and checked against what the senders have said. What the
others read is compared with it (`singers`), from each one's own place on.

Nobody is trusted: bytes that are not right are not appended, whoever brings them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Sequence

from tests.load.mouth import Mouth
from tests.load.stage import Stage
from tests.load.texts import spoken
from tests.load.wires.base import Message, Own, Unreadable

Place = tuple[int, int, int]
"""A sender's own message in the stream: where its frame begins and ends, and its number."""


class Chorus:
    """The canonical stream of one group. Offsets count from its beginning; what all have passed is forgotten.

    The stream begins at ``base``, behind ``passed`` messages. ``dues`` has the intended time of each message in it, and
    ``index`` tells how many messages end at or before an offset at which one ends. ``places``: of each sender who does
    not read its own messages as others do, those it has not come to yet. ``waiting``: is called when the stream has
    grown. Belongs to the generator's thread.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.name = name
        self.stream = bytearray()
        self.base = self.passed = 0
        self.dues: list[int] = []
        self.index: dict[int, int] = {0: 0}
        self.mouths: dict[str, Mouth] = {}
        self.places: dict[str, deque[Place]] = {}
        self.waiting: list[Callable[[], None]] = []
        self._ends: list[int] = []
        self._speakers: list[str] = []
        self._heard: Counter[str] = Counter()  # messages of each voice that are in the stream, or were
        self._before: Counter[str] = Counter()  # messages of each voice that are forgotten
        self._stamp = 0

    @property
    def end(self) -> int:
        """The offset at which the stream ends: always that of a message."""
        return self.base + len(self.stream)

    def add(self, mouth: Mouth) -> None:
        """A sender of this group."""
        self.mouths[mouth.voice.name] = mouth
        if self.stage.wire.own is not Own.SAME:
            self.places[mouth.voice.name] = deque()

    def heard_at(self, offset: int) -> int:
        """How many messages end at or before an offset."""
        count = self.index.get(offset)
        return self.passed + bisect_right(self._ends, offset) if count is None else count

    def boundary(self, offset: int) -> int:
        """Where the last message ends that ends at or before an offset."""
        count = self.heard_at(offset) - self.passed
        return self._ends[count - 1] if count else self.base

    def frame_at(self, offset: int) -> bytes:
        """The message that begins at an offset; empty at the end."""
        count = self.heard_at(offset) - self.passed
        return self.slice(offset, self._ends[count]) if count < len(self._ends) else b""

    def slice(self, start: int, end: int) -> bytes:
        """The stream between two offsets."""
        return bytes(self.stream[start - self.base : end - self.base])

    def counts_at(self, offset: int) -> Counter[str]:
        """How many messages of each voice end at or before an offset."""
        counts = self._before.copy()
        counts.update(self._speakers[: self.heard_at(offset) - self.passed])
        return counts

    def extend(self, data: bytes, ends: Sequence[int]) -> int:
        """Append frames of ``data``, as far as they are right; returns the bytes that those have."""
        wire = self.stage.wire
        try:
            heard = wire.parse(data[: ends[-1]])
            if len(heard.messages) != len(ends):
                ends = ends[:1]  # something else is among them: one by one, to stop before it
                heard = wire.parse(data[: ends[-1]])
        except Unreadable:
            return 0
        return self._append(data, ends, heard.messages) if len(heard.messages) == len(ends) else 0

    def forget(self, offset: int) -> None:
        """Drop the messages that end at or before an offset that all have passed."""
        gone = self.heard_at(offset) - self.passed
        if not gone:
            return
        for end in (self.base, *self._ends[: gone - 1]):
            del self.index[end]
        cut = self._ends[gone - 1]
        self._before.update(self._speakers[:gone])
        del self.stream[: cut - self.base], self._ends[:gone], self._speakers[:gone], self.dues[:gone]
        self.base = cut
        self.passed += gone

    def forgotten(self, name: str) -> int:
        """Up to which of a voice's messages the stream was forgotten."""
        return self._before[name]

    def _append(self, data: bytes, ends: Sequence[int], messages: Sequence[Message]) -> int:
        start, good = self.end, 0
        count = before = self.passed + len(self._ends)
        for end, message in zip(ends, messages, strict=True):
            mouth = self._right(message)
            if mouth is None:
                break
            voice = mouth.voice
            self._heard[voice.name] = number = self._heard[voice.name] + 1
            voice.heard = max(voice.heard, number)
            count += 1
            self.index[start + end] = count
            self._ends.append(start + end)
            self._speakers.append(voice.name)
            self.dues.append(voice.due(number))
            self.stage.eager.add(mouth)
            if (places := self.places.get(voice.name)) is not None:
                places.append((start + good, start + end, number))
            good = end
        if not self.places:  # senders read their own messages, too; those are no deliveries
            self.stage.ledger.delivered -= count - before
        self.stream += data[:good]
        return good

    def _right(self, message: Message) -> Mouth | None:
        """Whose message this is, if it is the next of this sender and reads as it was sent; else None."""
        sender, to, text, stamp = message
        mouth = self.mouths.get(sender or _named_in(text))
        if mouth is None or to != self.name or (stamp and stamp <= self._stamp):
            return None
        if text != mouth.voice.said(self._heard[mouth.voice.name] + 1):
            return None
        self._stamp = stamp
        return mouth


def _named_in(text: str) -> str:
    about = spoken(text)
    return about.sender if about is not None else ""
