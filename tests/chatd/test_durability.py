"""The server is killed again and again under load: what it acknowledged is there, once, in order, for everybody.

The look is at the raw objects of each connection, below the client that drops a message it has: no double may be
hidden by it. Every user sends with several messages in flight, sends again under the same cid what was not answered,
and asks at each login for what lies above the highest mid that it has seen.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbase.engine import Database
from chatwire.codec import Object
from chatwire.errors import LinkError
from chatwire.transport import Transport
from tests.conftest import ProcessFactory
from tests.support.running import ServerProcess
from tests.support.waiting import DEADLINE, wait_until

KILLS = 12  # at least; on each engine
MOST_KILLS = 60  # if the moments were not spread by then, something is wrong
WINDOW = 12  # messages of one sender in flight
SENDERS = ("alice", "bob", "carol", "dave", "erin")
GROUP = "all"


class Load:
    """What the actors and the test share. Each actor writes to its own fields only; counters are read as a whole."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.up = threading.Event()
        self.draining = threading.Event()
        self.over = threading.Event()
        self.actors: list[Actor] = []
        self._lock = threading.Lock()  # guards the next
        self._strike_at = 0  # events; 0: no kill is ordered

    def events(self) -> int:
        """How many objects have been received by all actors."""
        return sum(actor.received for actor in self.actors)

    def total(self, what: str) -> int:
        """A counter of all actors."""
        return sum(actor.counts[what] for actor in self.actors)

    def spread(self) -> bool:
        """Whether there were kills before the commit of a message, and kills between its commit and its reply."""
        return self.total("stored, not answered") > 0 and self.total("not stored") > 0

    def kill(self, goal: int, *, by_actor: bool) -> None:
        """Kill the server once so many objects have come: at any moment, or right behind an acknowledgement."""
        with self._lock:
            self._strike_at = goal if by_actor else 0

        def due() -> bool:
            return self.broken() or (not self._strike_at if by_actor else self.events() >= goal)

        wait_until(due, "the load goes on")
        self.up.clear()
        self.server.kill()

    def acknowledged(self) -> None:
        """An actor has been told that a message is stored; it may be the one to kill the server before all else."""
        if self._strike_at and self.events() >= self._strike_at:
            with self._lock:
                ordered, self._strike_at = self._strike_at, 0
                if ordered and self.server.process is not None:
                    self.server.process.kill()

    def broken(self) -> bool:
        return any(actor.failure for actor in self.actors)

    def end(self) -> None:
        """Kill the server for good; every actor ends then."""
        self.over.set()
        self.up.set()
        self.server.stop()
        for actor in self.actors:
            if actor.ident is not None:
                actor.join(DEADLINE)


class Actor(threading.Thread):
    """One session of a user that comes back after every kill. It sends when ``sends``, and receives in any case."""

    def __init__(self, load: Load, name: str, seed: int, *, sends: bool) -> None:
        super().__init__(name=f"actor-{name}", daemon=True)
        self.user = name
        self.received = 0
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self.acknowledged: dict[str, int] = {}  # mid by cid
        self.unacknowledged: dict[str, Object] = {}  # the request by cid, in the order of sending
        self.sent: set[str] = set()
        self.pushed: list[Object] = []  # over all connections
        self.seen: set[int] = set()  # mids, of pushes and of replies
        self.highest = 0
        self._load = load
        self._random = random.Random(f"{seed}-{name}-{sends}")
        self._sends = sends
        self._lost: set[str] = set()  # unanswered when the last connection broke

    def run(self) -> None:
        try:
            while self._load.up.wait() and not self._load.over.is_set():
                self._one_connection()
        except BaseException as error:
            self.failure = error

    # -- one connection --------------------------------------------------------

    def _one_connection(self) -> None:
        try:
            transport = Transport("127.0.0.1", self._load.server.port)
        except LinkError:
            return
        try:
            if self._random.random() < 0.5:
                transport.start_tls("127.0.0.1", fingerprint=self._load.server.fingerprint)
            self._talk(transport)
        except LinkError:
            self._count_the_unanswered()
        finally:
            transport.close()

    def _talk(self, transport: Transport) -> None:
        transport.send({"cmd": "login", "user": self.user, "password": self.user, "after": self.highest})
        reply = _next(transport)
        assert (reply["cmd"], reply["result"]) == ("login_reply", "success"), reply
        self.received += 1
        for request in self.unacknowledged.values():
            transport.send(request)
        while True:
            while self._sends and len(self.unacknowledged) < WINDOW and not self._load.draining.is_set():
                transport.send(self._new_message())
            self._take_in(transport, _next(transport))

    def _new_message(self) -> Object:
        cid = f"{self.user}-{len(self.sent)}"
        text = cid + " " + "x" * self._random.choice((0, 10, 200, 5000))
        if self._random.random() < 0.5:
            request = {"cmd": "group_chat", "user": self.user, "group": GROUP, "text": text, "cid": cid}
        else:
            to = self._random.choice([name for name in SENDERS if name != self.user])
            request = {"cmd": "private_chat", "user_from": self.user, "user_to": to, "text": text, "cid": cid}
        self.sent.add(cid)
        self.unacknowledged[cid] = request = {**request, "id": cid}
        return request

    def _take_in(self, transport: Transport, obj: Object) -> None:
        self.received += 1
        if obj["cmd"] in ("private_chat", "group_chat"):
            self._pushed(obj)
        elif obj["cmd"] in ("private_chat_reply", "group_chat_reply"):
            self._answered(transport, obj)

    def _pushed(self, push: Object) -> None:
        mid = push["mid"]
        assert mid > self.highest, f"{self.user} has {self.highest} and is sent {mid}"
        self.pushed.append(push)
        self._see(mid)
        if push["cid"] in self._lost:
            self.counts["stored, not answered"] += 1
            self._lost.discard(push["cid"])

    def _answered(self, transport: Transport, reply: Object) -> None:
        cid = reply["id"]
        if reply["result"] not in ("success", "offline"):
            assert reply["result"] == "busy", reply
            transport.send(self.unacknowledged[cid])
            return
        self._load.acknowledged()
        assert cid not in self.acknowledged, f"{cid} is answered twice"
        mid = self.acknowledged[cid] = reply["mid"]
        del self.unacknowledged[cid]
        if mid not in self.seen:
            assert mid > self.highest, f"{self.user} has {self.highest}, and a reply brings {mid}"
            self._see(mid)
        if cid in self._lost:
            self.counts["not stored"] += 1
            self._lost.discard(cid)

    def _see(self, mid: int) -> None:
        self.seen.add(mid)
        self.highest = mid

    def _count_the_unanswered(self) -> None:
        self._lost = set(self.unacknowledged)
        self.counts["connections lost"] += 1


@pytest.mark.parametrize("tls", [True])  # the actors choose for each connection, TLS or plain text
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(
    make_process: ProcessFactory, engine: str, database_url: str, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    process = make_process("--limits", "off")
    _make_users(process)
    load = Load(process)
    load.actors = [Actor(load, name, seed, sends=True) for name in SENDERS]
    load.actors.append(Actor(load, SENDERS[0], seed, sends=False))  # a second session of the same user
    load.actors.append(Actor(load, "reader", seed, sends=False))
    try:
        kills = _kill_again_and_again(load, random.Random(seed))
        history = _drain(load)
    finally:
        load.end()
    _raise_failures(load)
    print(
        f"\n{engine}: seed={seed} kills={kills} acknowledged={sum(len(a.acknowledged) for a in load.actors)}"
        f" pushed={sum(len(a.pushed) for a in load.actors)} connections_lost={load.total('connections lost')}"
        f" unanswered_at_a_kill: stored={load.total('stored, not answered')} not_stored={load.total('not stored')}"
    )
    _check_senders(load, history)
    _check_receivers(load, history)
    _check_tables(database_url, len(history))
    assert load.spread()


def _make_users(process: ServerProcess) -> None:
    clients = process.group(GROUP, *SENDERS, "reader")
    clients[0].expect("add", friend=SENDERS[1])  # a message to a friend takes another way than one to a stranger
    clients[2].expect("add", friend=SENDERS[3])
    process.close()


def _kill_again_and_again(load: Load, moments: random.Random) -> int:
    """Kill after 1 to 10,000 received objects, every order of magnitude as likely: in logins, catch-up and full run."""
    load.up.set()
    for actor in load.actors:
        actor.start()
    kills = 0
    while kills < KILLS or (not load.spread() and kills < MOST_KILLS):
        goal = load.events() + int(10 ** moments.uniform(0, 4))
        load.kill(goal, by_actor=moments.random() < 0.5)
        _raise_failures(load)
        load.server.start()
        load.up.set()
        kills += 1
    return kills


def _drain(load: Load) -> dict[int, Object]:
    """Let everybody get everything; returns all stored messages by mid, as `history` shows them."""
    load.draining.set()
    wait_until(lambda: load.broken() or not any(actor.unacknowledged for actor in load.actors), "all is answered")
    _raise_failures(load)
    history = {message["mid"]: message for message in _read_history(load.server)}
    for actor in load.actors:
        expected = {mid for mid, message in history.items() if _concerns(message, actor.user)}
        wait_until(lambda a=actor, e=expected: load.broken() or e <= a.seen, f"{actor.name} has all")  # type: ignore[misc]
    return history


def _read_history(server: ServerProcess) -> Iterator[Object]:
    for index, name in enumerate(SENDERS):
        client = server.again(name, after=-1)
        where: list[dict[str, Any]] = [{"peer": other} for other in SENDERS[index + 1 :]]
        for conversation in [*where, {"group": GROUP}] if index == 0 else where:
            before, more = 2**53 - 1, True
            while more:
                reply = client.expect("history", **conversation, before=before, limit=500)
                yield from reply["messages"]
                more = reply["more"]
                before = reply["messages"][0]["mid"] if reply["messages"] else 0
    server.close()


def _check_senders(load: Load, history: dict[int, Object]) -> None:
    """Every message is stored once, under the mid that its sender was told."""
    stored = Counter(message["cid"] for message in history.values())
    assert [cid for cid, times in stored.items() if times > 1] == []
    sent = set().union(*(actor.sent for actor in load.actors))
    assert set(stored) == sent
    for actor in load.actors:
        assert actor.acknowledged.keys() == actor.sent
        for cid, mid in actor.acknowledged.items():
            assert mid in history, f"{cid} was acknowledged as {mid} and is lost"
            assert history[mid]["cid"] == cid


def _check_receivers(load: Load, history: dict[int, Object]) -> None:
    """What was pushed is what is stored; mids grew over all connections of an actor, or it would have failed."""
    for actor in load.actors:
        for push in actor.pushed:
            assert history[push["mid"]] == push
        assert len({push["cid"] for push in actor.pushed}) == len(actor.pushed)
        expected = {mid for mid, message in history.items() if _concerns(message, actor.user)}
        assert actor.seen == expected, f"{actor.user}: missed {len(expected - actor.seen)}"
        others = {mid for mid in expected if history[mid]["cid"] not in actor.sent}
        assert others <= {push["mid"] for push in actor.pushed}


def _check_tables(url: str, messages: int) -> None:
    database = Database(url, 1)
    with database.transaction() as tx:
        assert tx.row("SELECT COUNT(*) FROM messages") == (messages,)
        assert not tx.rows("SELECT sender, cid FROM messages GROUP BY sender, cid HAVING COUNT(*) > 1")
    database.close()


def _concerns(message: Object, user: str) -> bool:
    return message["cmd"] == "group_chat" or user in (message["user_from"], message["user_to"])


def _next(transport: Transport) -> Object:
    obj = transport.receive(60)
    if obj is None:
        raise AssertionError("the server says nothing any more")
    return obj


def _raise_failures(load: Load) -> None:
    for actor in load.actors:
        if actor.failure is not None:
            raise actor.failure
