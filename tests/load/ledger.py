"""The accounts of one process: every message that is said, and what each receiver has heard of it.

A `Voice` is one sender in one conversation; it keeps what was said until all receivers have it. An `Ear` is one
receiver's account of one voice: which number comes next, and which were jumped over. What is wrong goes to the `Ledger`
as a named `Failure`. Everything here belongs to the generator's only thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat

from tests.load.figures import Failure
from tests.load.latency import Latencies
from tests.load.texts import Phrases, spoken

KEPT = 100  # failures that are kept with their names; all are counted


class Ledger:
    """Totals, latencies and failures; ``failed``: how many promises were broken."""

    def __init__(self) -> None:
        self.sent = self.acked = self.delivered = self.failed = 0
        self.latencies = Latencies()
        self.errors: Counter[str] = Counter()
        self.failures: list[Failure] = []

    def fail(self, kind: str, detail: str) -> None:
        """A promise was broken."""
        self.failed += 1
        self.errors[kind] += 1
        if len(self.failures) < KEPT:
            self.failures.append(Failure(kind, detail))


class Voice:
    """What one sender says in one conversation.

    Messages are numbered from 1. ``sent`` and ``acked`` are the last numbers sent and acknowledged, ``heard`` the last
    that has come to the witness, whose hearing opens the window. ``texts`` and ``dues`` (intended times, ns of the
    monotonic clock) are those of the messages behind number ``forgotten``.
    """

    __slots__ = (
        "_ack_stamps", "_stamps", "_unanswered", "acked", "dues", "forgotten", "heard", "ledger", "name", "phrases",
        "sent", "texts",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, phrases: Phrases) -> None:
        self.ledger = ledger
        self.phrases = phrases
        self.name = phrases.sender
        self.sent = self.acked = self.heard = self.forgotten = 0
        self.texts: list[str] = []
        self.dues: list[int] = []
        self._unanswered: set[int] = set()  # numbers that were jumped over by an acknowledgement
        self._stamps: list[int] | None = []  # the server's numbers as the witness reads them; None: out of step
        self._ack_stamps: list[int] | None = []

    def say(self, count: int, due: int) -> tuple[int, list[str]]:
        """The number of the first, and the texts, of the next messages, which were meant to be sent at ``due``."""
        first = self.sent + 1
        texts = self.phrases.texts(first, count)
        self.sent += count
        self.ledger.sent += count
        self.texts += texts
        self.dues.extend(repeat(due, count))
        return first, texts

    def said(self, number: int) -> str | None:
        """The text of a message that was sent and is not forgotten."""
        at = number - self.forgotten - 1
        return self.texts[at] if 0 <= at < len(self.texts) else None

    def due(self, number: int) -> int:
        """When a message was meant to be sent, which is not forgotten."""
        return self.dues[number - self.forgotten - 1]

    def answered(self, numbers: Sequence[int], stamps: Sequence[int]) -> None:
        """Acknowledgements have come, with the server's numbers."""
        self.ledger.acked += len(numbers)
        if list(numbers) == list(range(self.acked + 1, self.acked + 1 + len(numbers))):
            self.acked += len(numbers)
            if self._ack_stamps is not None:
                self._ack_stamps += stamps
            return
        self._ack_stamps = None
        for number in numbers:
            self._answered_oddly(number)

    def stamped(self, stamps: Sequence[int] | None) -> None:
        """The server's numbers that the witness has read; None: it has not read all messages, one after the other."""
        if stamps is None:
            self._stamps = None
        elif self._stamps is not None:
            self._stamps += stamps

    def compare_stamps(self) -> None:
        """Sender and receiver must have been told the same number of the server's for each message."""
        told, answered = self._stamps, self._ack_stamps
        if told is None or answered is None:
            return
        common = min(len(told), len(answered))
        if told[:common] != answered[:common]:
            self.ledger.fail(
                "altered", f"{self.phrases.conversation}: {self.name} is told other numbers than the others"
            )
            self._stamps = None
        del told[:common], answered[:common]

    def forget(self, number: int) -> None:
        """All have heard up to ``number``: it need not be kept any longer."""
        gone = number - self.forgotten
        if gone > 0:
            del self.texts[:gone], self.dues[:gone]
            self.forgotten = number

    def finish(self) -> None:
        """Name what was not acknowledged."""
        self.compare_stamps()
        for number in sorted(self._unanswered | set(range(self.acked + 1, self.sent + 1))):
            self.ledger.fail("unacknowledged", self.told(number))

    def told(self, number: int) -> str:
        """A message's name, for people."""
        return f"{self.phrases.conversation}: message {number} of {self.name}"

    def _answered_oddly(self, number: int) -> None:
        if self.acked < number <= self.sent:
            self._unanswered.update(range(self.acked + 1, number))
            self.acked = number
        elif number in self._unanswered:
            self._unanswered.remove(number)
            self.ledger.fail("disordered", f"{self.told(number)}: acknowledged too late")
        else:
            self.ledger.fail("doubled", f"{self.told(number)}: acknowledged twice, or never sent")


class Ear:
    """What one receiver has heard of one voice: all below ``next`` but what is missing."""

    __slots__ = ("_missing", "next", "receiver", "voice")

    def __init__(self, voice: Voice, receiver: str, following: int = 1) -> None:
        self.voice = voice
        self.receiver = receiver
        self.next = following
        self._missing: set[int] = set()

    @property
    def has_all(self) -> bool:
        """Whether everything that was said has come."""
        return self.next > self.voice.sent and not self._missing

    def hear_oddly(self, text: str) -> bool:
        """Take a text that is not the next one, and name what is wrong; true when it is a delivery all the same."""
        voice, about = self.voice, spoken(text)
        number = about.number if about else 0
        if not 0 < number <= voice.sent or text != voice.phrases.text(number):
            voice.ledger.fail("altered", f"{self._told(self.next)}: it reads {str(text)[:100]!a}")
        elif number >= self.next:
            self._missing.update(range(self.next, number))
            self.next = number + 1
            return True
        elif number in self._missing:
            self._missing.remove(number)
            voice.ledger.fail("disordered", f"{self._told(number)}: behind message {self.next - 1}")
            return True
        else:
            voice.ledger.fail("doubled", self._told(number))
        return False

    def finish(self) -> None:
        """Name what never came."""
        for number in sorted(self._missing | set(range(self.next, self.voice.sent + 1))):
            self.voice.ledger.fail("lost", self._told(number))

    def _told(self, number: int) -> str:
        return f"{self.voice.told(number)} to {self.receiver}"
