"""The accounts of one sender in one conversation whose connections come and go, and of those who hear it.

Sessions may go back, and be told again what was heard before: that is compared like everything else, and counted apart.
All belongs to the generator's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tests.load.ledger import Ledger
from tests.load.texts import Phrases, spoken
from tests.load.wires.base import Conversation

KEPT = 64  # messages that all have heard, and that are kept: so many a session may go back
ENDLESS = 1 << 60

Object = dict[str, Any]


class Speaks(Protocol):
    """Who speaks."""

    def speak(self) -> None: ...


class Line:
    """What is said by ``speaker`` in a conversation. Messages are numbered from 1; ``sent`` and ``acked`` are the last.

    ``window``: so many may be unacknowledged; ``lag``: so many may be unheard by the slowest of ``paced_by``, who are
    all ``hearers`` unless a scenario says otherwise; ``most``: so many may be said in all. ``filed`` is told the number
    and the reply of each that was acknowledged.
    """

    def __init__(
        self, ledger: Ledger, speaker: Speaks, phrases: Phrases, to: Conversation, window: int, lag: int = ENDLESS
    ) -> None:
        self.ledger = ledger
        self.speaker = speaker
        self.phrases = phrases
        self.name = phrases.sender
        self.to = to
        self.hearers: list[Hearing] = []
        self.paced_by: Sequence[Hearing] = self.hearers
        self.sent = self.acked = 0
        self.said: dict[int, tuple[str, int]] = {}  # texts, and when they were said (ns)
        self._mids: dict[int, int] = {}  # as first told
        self.most = ENDLESS
        self.window = window
        self.filed: Callable[[int, Object], None] = _nowhere
        self._lag = lag
        self._forgotten = 0
        self._skipped: set[int] = set()  # numbers that were jumped over by an acknowledgement

    def room(self) -> int:
        """How many more may be said now."""
        slowest = min((hearing.high for hearing in self.paced_by), default=self.sent)
        return min(self.window + self.acked, self._lag + slowest, self.most) - self.sent

    def say(self, now: int) -> int:
        """The number of the next message, which is said now (ns)."""
        self.sent += 1
        self.said[self.sent] = self.phrases.text(self.sent), now
        self.ledger.sent += 1
        return self.sent

    def unanswered(self) -> range:
        """The numbers of those that were not acknowledged."""
        return range(self.acked + 1, self.sent + 1)

    def answered(self, number: int, reply: Object) -> None:
        """An acknowledgement: of the next message that has none, since all are answered in their order."""
        if number > self.acked:
            self._skipped.update(range(self.acked + 1, number))
            self.acked = number
            self.ledger.acked += 1
        elif number in self._skipped:
            self._skipped.remove(number)
            self.ledger.fail("disordered", f"{self.told(number)}: acknowledged behind message {self.acked}")
        else:
            self.ledger.fail("doubled", f"{self.told(number)}: acknowledged twice")
        self.stamped(number, reply["mid"])
        self.filed(number, reply)

    def stamped(self, number: int, mid: int) -> None:
        """Everybody must be told the same mid for a message, as long as it is kept."""
        if number > self._forgotten and self._mids.setdefault(number, mid) != mid:
            self.ledger.fail("altered", f"{self.told(number)}: told as mid {self._mids[number]} and as mid {mid}")

    def number_of(self, text: str) -> int:
        """Which message this is, if it is one that was said here, and unchanged; else 0."""
        about = spoken(text)
        number = about.number if about is not None else 0
        return number if 0 < number <= self.sent and text == self.phrases.text(number) else 0

    def forget(self) -> None:
        """What all have heard, and no session will go back to."""
        heard = min((hearing.high for hearing in self.hearers), default=self.sent)
        for number in range(self._forgotten + 1, min(self.acked, heard) - KEPT + 1):
            self.said.pop(number, None)
            self._mids.pop(number, None)
            self._forgotten = number

    def finish(self) -> None:
        """Name what was not acknowledged."""
        for number in sorted({*self.unanswered(), *self._skipped}):
            self.ledger.fail("unacknowledged", self.told(number))

    def told(self, number: int) -> str:
        """A message's name, for people."""
        return f"{self.phrases.conversation}: message {number} of {self.name}"


class Hearing:
    """What one receiver has heard of one line: all below ``next`` but what is missing.

    ``high``: the highest number that was ever heard; ``next`` goes back behind it with a session.
    """

    __slots__ = ("_missing", "high", "line", "next", "receiver")

    def __init__(self, line: Line, receiver: str) -> None:
        self.line = line
        self.receiver = receiver
        self.next = 1
        self.high = 0
        self._missing: set[int] = set()
        line.hearers.append(self)

    def hear(self, text: str, mid: int) -> tuple[int, bool]:
        """The number of the message that was heard, 0 for none, and whether it was not heard before."""
        line, number = self.line, self.next
        kept = line.said.get(number)
        if kept is None or kept[0] != text:
            number = self._hear_oddly(text)
            if not number:
                return 0, False
        else:
            self.next += 1
        line.stamped(number, mid)
        new = number > self.high
        self.high = max(self.high, number)
        return number, new

    def go_back(self, number: int) -> None:
        """From this message on everything will be told again."""
        self.next = min(self.next, number)

    def has_all(self) -> bool:
        """Whether everything that was said has come."""
        return self.next > self.line.sent and not self._missing

    def finish(self) -> None:
        """Name what never came."""
        for number in sorted(self._missing | set(range(self.next, self.line.sent + 1))):
            self.line.ledger.fail("lost", self._told(number))

    def _hear_oddly(self, text: str) -> int:
        """What is not the next one: name what is wrong."""
        line, number = self.line, self.line.number_of(text)
        if not number:
            line.ledger.fail("altered", f"{self._told(self.next)}: it reads {text[:100]!a}")
        elif number >= self.next:
            self._missing.update(range(self.next, number))
            self.next = number + 1
            return number
        elif number in self._missing:
            self._missing.remove(number)
            line.ledger.fail("disordered", f"{self._told(number)}: behind message {self.next - 1}")
        else:
            line.ledger.fail("doubled", self._told(number))
        return 0

    def _told(self, number: int) -> str:
        return f"{self.line.told(number)} to {self.receiver}"


def _nowhere(number: int, reply: Object) -> None:
    """Nobody wants to know."""
