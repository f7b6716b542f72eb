"""What our own code does for one message, without sockets, threads and database: microseconds, step by step.

``python -m tests.load.bench.message_path``. The machine's noise is left out by taking the least of many turns, so that
a change of a few percent shows; what the kernel, the database and the interpreter lock cost on top, `make bench` tells.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

from chatd.commands import handlers  # noqa: F401  (fills the command table)
from chatd.commands.dispatch import Dispatcher
from chatd.commands.intake import Intake
from chatd.commands.peer import Peer
from chatd.config import load
from chatd.delivery import Delivery
from chatd.net.connection import Connection, ConnectionSettings
from chatd.net.loop import EventLoop
from chatd.registry.nodes import Session
from chatd.registry.registry import GroupRegistry, OnlineRegistry, Profile
from chatd.store.batch import Chats
from chatd.store.records import ChatRecord
from chatwire.codec import Object, encode

PEOPLE = 100  # in pairs, and all in one group
WINDOW = 8  # requests of each sender in a turn; in pairs also with one, and one speaker, as people talk
TURNS = 200
TEXT = "x" * 64
STEPS = ("decode and check", "number", "encode for all", "queue", "take from queues")


class _Loop:
    """What a session asks of its loop."""

    def __init__(self, floor: Floor) -> None:
        self.post = floor.posted.append
        self.mark_dirty = floor.dirty.append

    def assert_in_loop(self) -> None:
        """Always."""

    def before_output(self, job: Callable[[], None]) -> None:
        """It is done by hand."""

    def hold_output(self, seconds: float) -> None:
        """It is written by hand."""

    def call_later(self, delay: float, job: Callable[[], None]) -> Any:
        """Never comes."""
        return SimpleNamespace(cancel=lambda: None)


class Floor:
    """A hundred sessions on one loop, whose journal is a list, and whose posted jobs run when they are asked to."""

    def __init__(self, stack: ExitStack) -> None:
        self.records: list[ChatRecord] = []
        self.posted: list[Callable[[], None]] = []
        self.dirty: list[Connection] = []
        online = OnlineRegistry(GroupRegistry())
        self.delivery = Delivery(online)
        loop = cast(EventLoop, _Loop(self))
        journal = cast(Any, SimpleNamespace(submit_all=self.records.extend, full=False))
        services = cast(Any, SimpleNamespace(settings=load(["--limits", "off"]), online=online, journal=journal))
        self.intake = Intake(loop, journal, lambda records: None)
        self.dispatchers = [self._enter(stack, loop, services, online, number) for number in range(PEOPLE)]

    def _enter(
        self, stack: ExitStack, loop: EventLoop, services: Any, online: OnlineRegistry, number: int
    ) -> Dispatcher:
        sock = stack.enter_context(socket.socket())
        marks = ConnectionSettings(1 << 40, 1 << 40, None, 10.0, lambda address: True)
        peer = Peer(services, Connection(loop, sock, "127.0.0.1", marks, lambda connection: None), self.intake)
        profile = Profile(number + 1, _name(number), {_name(number ^ 1): (number ^ 1) + 1}, {"crew": 7})
        peer.session = online.enter(profile, lambda user: Session(user, peer, b"")).session
        peer.session.held = None  # it has caught up
        return Dispatcher(peer)


def turn(floor: Floor, requests: dict[int, bytes], window: int) -> Iterator[float]:
    """The time after each step; ``window`` requests of each sender."""
    for number, data in requests.items():
        floor.dispatchers[number].received(data)
        floor.dispatchers[number].work()
    floor.intake.flush()
    yield time.process_time()
    chats = Chats(floor.records.copy())
    chats.number(1_000, 1_700_000_000_000)
    assert len(chats.rows) == len(requests) * window
    yield time.process_time()
    floor.delivery.deliver(chats.records)
    yield time.process_time()
    for job in floor.posted:
        job()
    yield time.process_time()
    for connection in floor.dirty:
        connection._dirty = False
        while connection._out.take():
            pass
        connection._out.release()
    yield time.process_time()
    for used in (floor.records, floor.posted, floor.dirty):
        used.clear()


def least(floor: Floor, requests: dict[int, bytes], window: int) -> list[float]:
    """The least time of each step in many turns, in microseconds for one message."""
    best = [float("inf")] * len(STEPS)
    for _ in range(TURNS):
        before = time.process_time()
        for step, now in enumerate(turn(floor, requests, window)):
            best[step] = min(best[step], now - before)
            before = now
    return [seconds / (len(requests) * window) * 1e6 for seconds in best]


def main() -> None:
    """Print a line for each kind of message."""
    private = {n: encode(_private(n)) * WINDOW for n in range(PEOPLE)}
    single = {n: encode(_private(n)) for n in range(0, PEOPLE, 2)}
    group = {
        n: encode({"cmd": "group_chat", "user": _name(n), "group": "crew", "text": TEXT}) * WINDOW for n in range(10)
    }
    print("us for a message   " + "".join(f"{step:>18}" for step in (*STEPS, "all")))
    kinds = (("private, pairs", private, WINDOW), ("one at a time", single, 1), ("group of 100", group, WINDOW))
    for kind, requests, window in kinds:
        with ExitStack() as stack:
            found = least(Floor(stack), requests, window)
        print(f"{kind:19}" + "".join(f"{value:18.2f}" for value in (*found, sum(found))))


def _private(number: int) -> Object:
    return {"cmd": "private_chat", "user_from": _name(number), "user_to": _name(number ^ 1), "text": TEXT}


def _name(number: int) -> str:
    return f"user{number}"


if __name__ == "__main__":
    main()
