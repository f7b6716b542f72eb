"""A user who says and hears over many connections: whatever becomes of them, every message comes once and in order.

What was not acknowledged when a connection ended is said again on the next one, with the same ``cid``. A session may
begin further back than it had to (`Correspondent.come`), so that some messages are told again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from tests.load.latency import Latencies
from tests.load.scenarios.line import ENDLESS, KEPT, Hearing, Line
from tests.load.scenarios.session import Object, Owner, Session, expect, said
from tests.load.stage import Stage
from tests.load.texts import Phrases
from tests.load.wires.base import Conversation, Person

_HARMLESS = ("friend_login", "friend_offline", "goodbye")  # behind a goodbye the connection ends, which is looked at


class Correspondent(Owner):
    """The generator's thread only.

    ``lines``: where this user speaks; ``hearings``: whom it hears, by sender and addressee. ``may_speak`` says whether
    it may begin something new. ``changed`` is called when it has entered, heard or been answered; ``lost`` when a
    connection has ended that was not ended here. ``times``: where it is recorded how long it takes to come in.
    ``prompt``: whether what it hears counts for the latencies of the run.

    ``heard`` counts messages, ``caught_up`` those among them that were said before the session began; ``repeated`` are
    told again; ``again`` counts what was said again.
    """

    def __init__(self, stage: Stage, person: Person, run: str, receive_buffer: int = 0) -> None:
        self.stage = stage
        self.person = person
        self.lines: list[Line] = []
        self.hearings: dict[tuple[str, str], Hearing] = {}
        self.session: Session | None = None
        self.heard = self.caught_up = self.repeated = self.again = 0
        self.may_speak: Callable[[], bool] = lambda: stage.speaking
        self.changed: Callable[[], None] = nothing
        self.lost: Callable[[str, str], None] = stage.ledger.fail
        self.times: Latencies | None = None
        self.prompt = True
        self._run = run
        self._receive_buffer = receive_buffer
        self._came = 0  # ns
        self._seen = -1  # the mid up to which nothing is missing; -1: it was never there
        self._trail: deque[tuple[int, Hearing, int]] = deque(maxlen=KEPT)  # mids, and what was heard by them

    @property
    def inside(self) -> bool:
        """Whether it has a session."""
        return self.session is not None and self.session.inside

    @property
    def gone(self) -> bool:
        """Whether it has come, and its connection has ended."""
        return self.session is not None and self.session.client.closed

    def say(self, to: Conversation, text: int, window: int, lag: int = ENDLESS) -> Line:
        """Speak in a conversation from now on; texts have so many bytes."""
        phrases = Phrases(self._run, to.name, self.person.name, text)
        self.lines.append(line := Line(self.stage.ledger, self, phrases, to, window, lag))
        return line

    def hear(self, line: Line) -> Hearing:
        """Expect everything that is said on a line."""
        self.hearings[line.name, line.to.name] = hearing = Hearing(line, self.person.name)
        return hearing

    def come(self, back: int = 0) -> None:
        """Begin a session behind the last message that was heard, or ``back`` messages before it."""
        for _ in range(min(back, len(self._trail) - 1)):
            _, hearing, number = self._trail.pop()
            hearing.go_back(number)
        self._came = time.monotonic_ns()
        self.session = Session(self.stage, self.person, self, self._receive_buffer)
        self.session.resume(self._trail[-1][0] if self._trail else self._seen)

    def go(self, *, cut: bool = False) -> None:
        """End the session; ``cut``: without a word, and what is on its way is lost."""
        if self.session is not None:
            (self.session.cut if cut else self.session.close)()

    def speak(self) -> None:
        """Say as much as there is room for, in one send."""
        session = self.session
        if session is None or not session.inside or not self.may_speak():
            return
        now = time.monotonic_ns()
        requests = [
            self._request(session, line, line.say(now)) for line in self.lines for _ in range(line.room())
        ]  # fmt: skip
        if requests:
            session.send(b"".join(requests))

    def has_all(self) -> bool:
        """Whether it has heard everything, and everything it said was acknowledged."""
        return all(hearing.has_all() for hearing in self.hearings.values()) and not any(
            line.unanswered() for line in self.lines
        )

    def settled(self) -> bool:
        """Whether it has everything, and the server has said that there is no more."""
        session = self.session
        if session is None or not session.inside or not self.has_all():
            return False
        return session.quiet()

    def forget(self) -> None:
        """What is not needed any more."""
        for line in self.lines:
            line.forget()

    def finish(self) -> None:
        """Name what never came."""
        for hearing in self.hearings.values():
            hearing.finish()
        for line in self.lines:
            line.finish()

    def began(self, session: Session, reply: Object) -> None:
        if self.times is not None:
            self.times.record((session.since - self._came) // 1000)
        if self._seen < 0:
            self._seen = int(reply["mid"])
        again = [self._request(session, line, number) for line in self.lines for number in line.unanswered()]
        self.again += len(again)
        if again:
            session.send(b"".join(again))
        self.stage.eager.add(self)
        self.changed()

    def told(self, session: Session, push: Object) -> None:
        cmd = push["cmd"]
        if cmd == "private_chat":
            self._hear(session, push["user_from"], push["user_to"], push["text"], push["mid"])
        elif cmd == "group_chat":
            self._hear(session, push["user"], push["group"], push["text"], push["mid"])
        elif cmd not in _HARMLESS:
            self.stage.ledger.fail("unexpected", f"{self.person.name} reads {said(push)}")

    def ended(self, session: Session, kind: str, detail: str) -> None:
        self.lost(kind, detail)

    def _request(self, session: Session, line: Line, number: int) -> bytes:
        text = line.said[number][0]
        cid = f"{self._run}.{line.to.name}.{number}"
        then = partial(self._acknowledged, line, number)
        if line.to.group:
            return session.request(then, "group_chat", group=line.to.name, text=text, cid=cid)
        return session.request(then, "private_chat", user_to=line.to.name, text=text, cid=cid)

    def _acknowledged(self, line: Line, number: int, reply: Object) -> None:
        expect(reply, "success", *([] if line.to.group else ["offline"]))
        line.answered(number, reply)
        self.stage.eager.add(self)
        self.changed()

    def _hear(self, session: Session, sender: str, to: str, text: str, mid: int) -> None:
        ledger = self.stage.ledger
        if mid <= session.mid:
            ledger.fail("disordered", f"{self.person.name} reads mid {mid} behind mid {session.mid}")
        session.mid = max(session.mid, mid)
        if sender == self.person.name:
            self._hear_own(to, text, mid)
            return
        hearing = self.hearings.get((sender, to))
        if hearing is None:
            ledger.fail("altered", f"{self.person.name} hears {sender!a} say {text[:100]!a} to {to!a}")
            return
        number, new = hearing.hear(text, mid)
        if number:
            self._seen = max(self._seen, mid)
            self._trail.append((mid, hearing, number))
            self._count(session, hearing.line, number, new=new)

    def _count(self, session: Session, line: Line, number: int, *, new: bool) -> None:
        stage, kept = self.stage, line.said.get(number)
        if not new:
            self.repeated += 1
            stage.steps += 1
        else:
            self.heard += 1
            stage.ledger.delivered += 1
            live = kept is not None and kept[1] > session.since
            self.caught_up += not live
            if kept is not None and live and self.prompt:
                stage.ledger.latencies.record((time.monotonic_ns() - kept[1]) // 1000)
        stage.eager.add(line.speaker)
        self.changed()

    def _hear_own(self, to: str, text: str, mid: int) -> None:
        """What was said here is told as well, to a session that names the place from which it goes on."""
        line = next((line for line in self.lines if line.to.name == to), None)
        number = line.number_of(text) if line is not None else 0
        if line is not None and number:
            line.stamped(number, mid)
        else:
            self.stage.ledger.fail("altered", f"{self.person.name} is told to have said {text[:100]!a} to {to!a}")


def nothing() -> None:
    """Nobody wants to know."""
