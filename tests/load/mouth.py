"""A sender: its voice, its connection, and when it may speak."""

from __future__ import annotations

import time

from tests.load.client import Client
from tests.load.ledger import Voice
from tests.load.stage import Stage
from tests.load.wires.base import Conversation


class Mouth:
    """Closed loop: ``window`` messages are on their way to the witness. Open loop: one every ``interval`` ns, whatever
    became of those before; what is due is gathered and goes out in one send, and keeps the time at which it was due.
    """

    __slots__ = ("_client", "_gathered", "_said", "_speaker", "_stage", "interval", "voice", "window")

    def __init__(
        self, stage: Stage, client: Client, voice: Voice, to: Conversation, window: int, interval: int
    ) -> None:
        self.voice = voice
        self.window = window
        self.interval = interval
        self._stage = stage
        self._client = client
        self._speaker = stage.wire.speaker(client.person, to)
        self._gathered: list[bytes] = []

    def start(self, order: int, at: int) -> None:
        """Begin to speak: at once, or from ``at`` (ns) on; ``order`` is the place among all senders of the schedule."""
        if self.interval:
            self._stage.schedule(at, order, self)
        else:
            self.speak()

    def gather(self, due: int) -> None:
        """The next message, which was meant for ``due``, goes out with the next `speak`."""
        number, [text] = self.voice.say(1, due)
        self._gathered.append(self._speaker(number, text))

    def speak(self) -> None:
        """Send what was gathered, or as many as the window has room for."""
        if self.interval:
            if self._gathered:
                self._client.send(b"".join(self._gathered))
                self._gathered.clear()
            return
        voice = self.voice
        room = self.window - voice.sent + voice.heard
        if room > 0 and self._stage.speaking:
            number, texts = voice.say(room, time.monotonic_ns())
            self._client.send(b"".join(map(self._speaker, range(number, number + room), texts)))
