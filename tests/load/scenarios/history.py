"""History paging: conversations are written, and then read in pages, from the newest back (`history`) and from the
beginning on (`sync`).

Every page has to be the very piece of the whole that was asked for: no gap, no repeat, nothing changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from tests.load.latency import Latencies
from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.scenarios.correspondent import Correspondent
from tests.load.scenarios.line import Line
from tests.load.scenarios.patience import Patience
from tests.load.scenarios.session import Object
from tests.load.scenarios.walk import Entry, Walk
from tests.load.stage import Stage
from tests.load.wires.base import Conversation

_WINDOW = 16


@dataclass(frozen=True)
class History(Scenario):
    """``count`` pairs of users write ``messages`` to each other and in a group, before anything is measured; then both
    read them again and again, ``page`` messages at a time. ``text``: bytes of each text.
    """

    name: ClassVar[str] = "history"
    count: int
    messages: int = 1000
    page: int = 100
    text: int = 64

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        return [Cast(f"{prefix}h{number}", number, hire(2), group=True, friends=True) for number in range(self.count)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Library(self, cast, stage, run)


class Library(Activity):
    """One pair, their two conversations, and all that was said in them."""

    def __init__(self, scenario: History, cast: Cast, stage: Stage, run: str) -> None:
        self._stage = stage
        self._page = scenario.page
        self._name = scenario.name
        self._patience = Patience(stage)
        self._entries: list[Entry] = []
        self._people = [Correspondent(stage, person, run) for person in cast.people]
        self._readers: list[Reader] = []
        self._started = 0  # ns
        self._group = cast.name
        for one, other in (self._people, self._people[::-1]):
            one.may_speak = self._may_write
            for to in (Conversation(other.person.name, False), Conversation(cast.name, True)):
                line = one.say(to, scenario.text, _WINDOW)
                line.most = -(-scenario.messages // 4)
                line.filed = partial(self._file, line)
                other.hear(line)

    def open(self) -> None:
        self._stage.entering += [one.come for one in self._people]

    def entered(self) -> bool:
        """All is written, and both have heard it; or it does not come to that."""
        written = all(one.has_all() and all(line.sent == line.most for line in one.lines) for one in self._people)
        return written or any(one.gone for one in self._people) or self._patience.over()

    def start(self, at: int) -> None:
        self._started = time.monotonic_ns()
        self._entries.sort()
        times = self._stage.timed(self._name, "page")
        for one, other in (self._people, self._people[::-1]):
            reader = Reader(one, other, self._group, self._entries, self._page, times)
            self._readers.append(reader)
            reader.read()

    def settled(self) -> bool:
        return not [one for one in self._people if not one.gone and not one.settled()] and not any(
            reader.waits for reader in self._readers
        )

    def finish(self) -> None:
        for one in self._people:
            one.finish()
        for reader in self._readers:
            if reader.waits:
                self._stage.ledger.fail("lost", f"{reader.name}: a page that was asked for")

    def figures(self) -> dict[str, float]:
        pages = sum(reader.pages for reader in self._readers)
        seconds = (max((reader.last for reader in self._readers), default=0) - self._started) / 1e9
        messages = sum(reader.messages for reader in self._readers)
        return {"pages": pages, "messages read": messages, "pages/s": pages / seconds if pages else 0.0}

    def _may_write(self) -> bool:
        """Only before the run; from then on nothing changes."""
        return not self._started

    def _file(self, line: Line, number: int, reply: Object) -> None:
        """A message was stored."""
        cmd = "group_chat" if line.to.group else "private_chat"
        text = line.phrases.text(number)
        self._entries.append(Entry(reply["mid"], reply["ts"], cmd, line.name, line.to.name, text))


class Reader:
    """One of the two: reads all there is in three ways, again and again. ``waits``: for a page."""

    def __init__(
        self,
        one: Correspondent,
        other: Correspondent,
        group: str,
        entries: Sequence[Entry],
        page: int,
        times: Latencies,
    ) -> None:
        self.pages = self.messages = 0
        self.last = 0  # ns; when the last page came
        self.waits = False
        self._person = one
        self._page = page
        self._times = times
        private = [entry for entry in entries if entry.cmd == "private_chat"]
        public = [entry for entry in entries if entry.cmd == "group_chat"]
        name = other.person.name
        self._ways: Sequence[tuple[str, Sequence[Entry], dict[str, str]]] = (
            (f"history of {name}", private, {"peer": name}),
            (f"history of {group}", public, {"group": group}),
            ("sync", entries, {}),
        )
        self._turn = 0
        self._walk = self._begin()
        self._asked = 0  # ns

    @property
    def name(self) -> str:
        """Who reads what."""
        return self._walk.name

    def read(self) -> None:
        """Ask for the next page."""
        session = self._person.session
        if session is None or not session.inside or not self._person.stage.speaking:
            return
        self.waits = True
        self._asked = time.monotonic_ns()
        self._walk.ask(session, self._take)

    def _take(self, reply: Object) -> None:
        self.waits = False
        self.last = time.monotonic_ns()
        self._times.record((self.last - self._asked) // 1000)
        stage = self._person.stage
        count, more = self._walk.take(reply, stage.ledger.fail)
        self.pages += 1
        self.messages += count
        stage.steps += 1
        if not more:
            self._walk = self._begin()
        self.read()

    def _begin(self) -> Walk:
        name, entries, where = self._ways[self._turn % len(self._ways)]
        self._turn += 1
        return Walk(f"{self._person.person.name} reads {name}", entries, self._page, where)
