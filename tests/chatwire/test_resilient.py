"""The client that stays: requests and replies over one connection, and nothing lost or repeated across many."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatd.security.backoff import FREE_TRIES
from chatd.security.turns import Turns
from chatwire import resilient
from chatwire.client import Client
from chatwire.codec import Object, decode, encode
from chatwire.errors import BadRequest, LinkError, Refused, UnknownFingerprint
from chatwire.events import LINK_LOST, Answer, Event, Fate, LinkDown, LinkUp, Push, Waiting
from chatwire.outbox import Outbox
from chatwire.resilient import ResilientClient
from tests.conftest import ProcessFactory
from tests.support.freezing import frozen
from tests.support.running import Clients, RunningServer, ServerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sqlite

DEADLINE = 60.0


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 0.2)


class Talker:
    """A resilient client whose events are collected."""

    def __init__(self, server: Clients, name: str) -> None:
        pin = server.fingerprint if server.tls else None
        self.client = ResilientClient(
            lambda: Client(server.host, server.port, tls=server.tls, fingerprint=pin, timeout=DEADLINE), name, name
        )
        self.events: list[Event] = []

    def texts(self) -> list[str]:
        pushes = (e.obj for e in self.events if isinstance(e, Push))
        return [obj["text"] for obj in pushes if "text" in obj]

    def fates(self) -> list[tuple[str, bool]]:
        return [(e.cid, e.stored) for e in self.events if isinstance(e, Fate)]

    def answer(self, ticket: int) -> Object:
        pump_until(lambda: any(isinstance(e, Answer) and e.ticket == ticket for e in self.events), self)
        return next(e.reply for e in self.events if isinstance(e, Answer) and e.ticket == ticket)


def pump_until(condition: Callable[[], object], *talkers: Talker) -> None:
    """Let clients work in turn until something is true."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, [t.events[-5:] for t in talkers]
        for talker in talkers:
            event = talker.client.next_event(0.005)
            if event is not None:
                talker.events.append(event)


def connected(*talkers: Talker) -> Callable[[], bool]:
    return lambda: all(t.client.connected for t in talkers)


@pytest.fixture
def process(make_process: ProcessFactory) -> ServerProcess:
    return make_process()


Talkers = Callable[..., list[Talker]]


@pytest.fixture
def talkers(request: pytest.FixtureRequest) -> Iterator[Talkers]:
    """Registered users with resilient clients, all friends of the first."""
    made: list[Talker] = []

    def make(server: Clients, *names: str) -> list[Talker]:
        server.friends(*names)
        server.close()
        made.extend(Talker(server, name) for name in names)
        pump_until(connected(*made), *made)
        return made[-len(names) :]

    yield make
    for talker in made:
        talker.client.close()


def test_every_reply_finds_its_ticket(server: RunningServer, talkers: Talkers) -> None:
    alice, bob = talkers(server, "alice", "bob")
    bob.client.say(to="alice", text="in between")
    tickets = [alice.client.ask("create_group", group="g"), alice.client.ask("history", peer="bob")]
    tickets += [alice.client.ask("add", friend="nobody"), alice.client.ask("get_group_member", group="g")]
    replies = [alice.answer(ticket) for ticket in tickets]
    assert [r["result"] for r in replies] == ["success", "success", "user_not_exist", "success"]
    assert replies[0]["group"] == "g"
    assert replies[3]["member"] == "alice"
    pump_until(lambda: alice.texts() and bob.fates(), alice, bob)
    assert alice.texts() == ["in between"]


def test_the_login_reply_comes_with_the_link(server: RunningServer, talkers: Talkers) -> None:
    alice, _ = talkers(server, "alice", "bob")
    pump_until(lambda: alice.events, alice)
    assert isinstance(alice.events[0], LinkUp)
    assert alice.events[0].login["friend"] == "bob"


def test_what_is_only_told_has_no_answer(server: RunningServer, talkers: Talkers) -> None:
    alice, bob = talkers(server, "alice", "bob")
    alice.client.tell("ack", mid=0)
    alice.client.tell("typing", peer="bob")
    alice.answer(alice.client.ask("ping"))
    pump_until(lambda: any(isinstance(e, Push) and e.obj["cmd"] == "typing" for e in bob.events), bob)
    assert not [e for e in alice.events if isinstance(e, Push) and str(e.obj["cmd"]).endswith("ack_reply")]


def test_without_a_link_a_request_is_answered_at_once(talkers: Talkers) -> None:
    client = ResilientClient(_no_server, "alice", "pw")
    ticket = client.ask("ping")
    assert client.next_event(0) == Answer(ticket, {"cmd": "ping_reply", "result": LINK_LOST})


def test_a_request_under_way_when_the_server_dies_is_answered(process: ServerProcess, talkers: Talkers) -> None:
    alice, _ = talkers(process, "alice", "bob")
    process.kill()
    assert alice.answer(alice.client.ask("add", friend="carol"))["result"] == LINK_LOST
    pump_until(lambda: any(isinstance(e, LinkDown) for e in alice.events), alice)
    process.start()
    pump_until(connected(alice), alice)
    assert alice.answer(alice.client.ask("ping"))["result"] == "success"
    assert sum(isinstance(e, LinkDown) for e in alice.events) == 1


def test_messages_survive_a_server_that_is_killed_again_and_again(process: ServerProcess, talkers: Talkers) -> None:
    alice, bob = talkers(process, "alice", "bob")
    cids: list[str] = []
    numbers = itertools.count()

    def say(count: int) -> None:
        cids.extend(alice.client.say(to="bob", text=str(next(numbers))) for _ in range(count))

    for _ in range(4):
        say(20)
        process.kill()  # some are stored and answered, some stored only, some neither
        say(5)
        pump_until(lambda: not alice.client.connected and not bob.client.connected, alice, bob)
        say(5)
        process.start()
        pump_until(connected(alice, bob), alice, bob)
    pump_until(lambda: len(bob.texts()) >= len(cids) and not alice.client.unacknowledged, alice, bob)
    alice.answer(alice.client.ask("ping"))
    bob.answer(bob.client.ask("ping"))
    assert bob.texts() == [str(number) for number in range(len(cids))]
    assert sorted(alice.fates()) == sorted((cid, True) for cid in cids)
    assert alice.texts() == []  # our own come back as fates, however they come back


def test_the_database_has_every_message_once(process: ServerProcess, talkers: Talkers) -> None:
    alice, _ = talkers(process, "alice", "bob")
    for round_ in range(3):
        for number in range(10):
            alice.client.say(to="bob", text=f"{round_}.{number}")
        pump_until(lambda: len(alice.client.unacknowledged) < 9, alice)  # the link breaks in the middle
        process.kill()
        process.start()
    pump_until(lambda: not alice.client.unacknowledged and alice.client.connected, alice)
    while (reply := alice.answer(alice.client.ask("history", peer="bob", limit=500)))["result"] == LINK_LOST:
        pump_until(connected(alice), alice)  # that the last server has died is noticed only now
    texts = [message["text"] for message in reply["messages"]]
    assert sorted(texts) == sorted(f"{r}.{n}" for r in range(3) for n in range(10))


def test_a_message_that_can_never_be_sent_is_refused_at_once(server: RunningServer, talkers: Talkers) -> None:
    alice, _ = talkers(server, "alice", "bob")
    with pytest.raises(BadRequest, match="too long"):
        alice.client.say(to="bob", text="\0" * 20_000)  # six bytes each, in JSON
    alice.client.say(to="bob", text="x" * 20_000)
    alice.client.say(to="nobody", text="x")
    pump_until(lambda: len(alice.fates()) == 2, alice)
    assert [stored for _, stored in alice.fates()] == [False, False]
    assert alice.client.connected


def test_a_user_who_is_not_accepted_is_told(server: RunningServer) -> None:
    server.user("alice")
    client = ResilientClient(server.connect, "alice", "wrong")
    with pytest.raises(Refused, match="password_error"):
        client.next_event(15)


def test_a_session_that_a_new_password_ends_does_not_try_the_old_one(server: RunningServer, talkers: Talkers) -> None:
    [alice] = talkers(server, "alice")
    pump_until(connected(alice), alice)
    failures = server.server.services.failures
    elsewhere = server.again("alice")
    elsewhere.expect("change_password", password="alice", new_password="new")
    with pytest.raises(Refused, match="password_changed"):
        pump_until(lambda: False, alice)
    assert not failures._failures


def test_who_has_to_wait_for_a_first_login_says_so_and_waits_on_one_connection(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.connect().register("alice", "alice")
    waits = iter((70, 60, 0))
    monkeypatch.setattr(Turns, "wait_ms", lambda *args: next(waits))
    connections: list[Client] = []

    def connect() -> Client:
        connections.append(server.connect())
        return connections[-1]

    client = ResilientClient(connect, "alice", "alice")
    events = [client.next_event(DEADLINE) for _ in range(3)]
    assert events[:2] == [Waiting(0.07), Waiting(0.06)]
    assert isinstance(events[2], LinkUp)
    assert len(connections) == 1
    client.close()


def test_a_wrong_password_is_told_after_the_wait(server: RunningServer) -> None:
    server.connect().register("alice", "alice")
    for _ in range(FREE_TRIES):
        server.server.services.failures.failed("alice", "127.0.0.1")
    eve = Talker(server, "alice")
    eve.client._password = "wrong"
    with pytest.raises(Refused, match="password_error"):
        pump_until(lambda: False, eve)
    assert {type(event) for event in eve.events} == {Waiting}
    eve.client.close()


def test_who_leaves_while_waiting_leaves_no_connection(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "wait_ms", lambda *args: 60_000)
    client = ResilientClient(server.connect, "alice", "alice")
    assert client.next_event(DEADLINE) == Waiting(60.0)
    client.close()
    wait_until(lambda: not server.server.acceptor.connections)


def test_a_new_password_and_its_token_are_used_from_then_on(process: ServerProcess, talkers: Talkers) -> None:
    alice, _ = talkers(process, "alice", "bob")
    reply = alice.answer(alice.client.ask("change_password", password="alice", new_password="new"))
    assert reply["result"] == "success"
    process.kill()
    process.start()
    pump_until(lambda: sum(isinstance(e, LinkUp) for e in alice.events) == 2, alice)
    last = next(e for e in reversed(alice.events) if isinstance(e, LinkUp))
    assert last.login["cmd"] == "resume_reply"


def test_a_strange_certificate_is_no_reason_to_try_again() -> None:
    def connect() -> Client:
        raise UnknownFingerprint("AA")

    client = ResilientClient(connect, "alice", "pw")
    for _ in range(2):
        with pytest.raises(UnknownFingerprint):
            client.next_event(15)


def test_the_outage_is_told_once_and_attempts_go_on() -> None:
    attempts: list[int] = []

    def connect() -> Client:
        attempts.append(1)
        raise LinkError("nobody there")

    client = ResilientClient(connect, "alice", "pw")
    assert client.next_event(15) == LinkDown("nobody there")
    while len(attempts) < 4:
        assert client.next_event(0.1) is None
    assert not client.connected


def test_another_thread_can_wake_a_client_that_waits_for_its_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 3600.0)
    monkeypatch.setattr(resilient, "FIRST_DELAY", 3600.0)
    client = ResilientClient(_no_server, "alice", "pw")
    assert isinstance(client.next_event(15), LinkDown)
    waking = threading.Thread(target=client.wake)
    waking.start()
    assert client.next_event(3600) is None
    waking.join()


def test_a_wake_before_the_wait_is_not_lost(server: RunningServer, talkers: Talkers) -> None:
    alice, _ = talkers(server, "alice", "bob")
    alice.answer(alice.client.ask("ping"))
    alice.client.wake()
    assert alice.client.next_event(3600) is None


class ScriptedServer:
    """Answers each request with the objects that a function gives; None closes the connection."""

    def __init__(self, answer: Callable[[Object], list[Object] | None]) -> None:
        self._answer = answer
        self._connection: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def connect(self, timeout: float = DEADLINE) -> Client:
        return Client(*self._listener.getsockname(), timeout=timeout)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connection = connection
            with connection, connection.makefile("rb") as lines:
                self._serve(connection, lines)

    def _serve(self, connection: socket.socket, lines: Any) -> None:
        for line in lines:
            answer = self._answer(decode(line))
            if answer is None:
                return
            connection.sendall(b"".join(map(encode, answer)))


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable[[Object], list[Object] | None]], ScriptedServer]]:
    made: list[ScriptedServer] = []

    def make(answer: Callable[[Object], list[Object] | None]) -> ScriptedServer:
        made.append(ScriptedServer(answer))
        return made[-1]

    yield make
    for server in made:
        server.close()


def _reply(obj: Object, result: str = "success", **more: Any) -> Object:
    return {"cmd": obj["cmd"] + "_reply", "id": obj["id"], "result": result, **more}


def test_busy_is_no_answer(scripted: Callable[..., ScriptedServer]) -> None:
    words = itertools.chain(["busy", "rate_limited", "internal"], itertools.repeat("success"))
    server = scripted(lambda obj: [_reply(obj, next(words) if "chat" in obj["cmd"] else "success", retry_after_ms=1)])
    client = ResilientClient(server.connect, "alice", "pw")
    assert isinstance(client.next_event(15), LinkUp)
    cid = client.say(to="bob", text="hello")
    event = client.next_event(15)
    assert isinstance(event, Fate)
    assert (event.cid, event.result) == (cid, "success")
    client.close()


def test_a_message_stored_before_the_link_broke_is_told_once(scripted: Callable[..., ScriptedServer]) -> None:
    seen: list[Object] = []

    def answer(obj: Object) -> list[Object] | None:
        if "chat" not in obj["cmd"]:
            missed = [{**m, "mid": 9, "ts": 1} for m in seen[:1]]
            return [_reply(obj, token="t"), *missed]
        seen.append({name: value for name, value in obj.items() if name != "id"})
        return None if len(seen) == 1 else [_reply(obj, mid=9, ts=1)]

    client = ResilientClient(scripted(answer).connect, "alice", "pw")
    cid = client.say(to="bob", text="hello")
    events: list[Event | None] = []
    while len(seen) < 2 or client.unacknowledged:
        events.append(client.next_event(0.1))
    ticket = client.ask("ping")
    while not any(isinstance(event, Answer) and event.ticket == ticket for event in events):
        events.append(client.next_event(15))
        assert len(events) < 1000
    assert [e.cid for e in events if isinstance(e, Fate)] == [cid]
    assert not [e for e in events if isinstance(e, Push)]
    client.close()


def test_an_offer_of_a_file_is_answered_and_counts_as_seen(scripted: Callable[..., ScriptedServer]) -> None:
    offer = {"cmd": "recv_file_port_reply", "file": "f", "filename": "a", "length": 1, "from_user": "bob", "mid": 8}
    logins: list[Object] = []

    def answer(obj: Object) -> list[Object] | None:
        if obj["cmd"] == "ping":
            return None
        if obj["cmd"] == "send_file":
            name = "send_file_port_reply" if obj["length"] else "send_file_reply"
            return [{"cmd": name, "id": obj["id"], "result": "success", "mid": 7}, offer]
        logins.append(obj)
        return [_reply(obj, token="t")]

    client = ResilientClient(scripted(answer).connect, "alice", "pw")
    client.next_event(15)
    for length, push in ((1, Push(offer)), (0, None)):
        ticket = client.ask("send_file", to_user="bob", filename="a", length=length, cid="c")
        event = client.next_event(15)
        assert isinstance(event, Answer)
        assert (event.ticket, event.reply["mid"]) == (ticket, 7)
        assert client.next_event(15 if push else 0) == push
    assert client.seen == 8
    lost = client.ask("ping")
    assert client.next_event(15) == Answer(lost, {"cmd": "ping_reply", "result": LINK_LOST})
    while not client.connected:
        client.next_event(0.1)
    assert [login.get("after") for login in logins] == [None, 8]
    client.close()


def test_a_server_that_has_fallen_silent_is_left(
    scripted: Callable[..., ScriptedServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilient, "QUIET_TIME", 0.05)
    pings: list[Object] = []

    def answer(obj: Object) -> list[Object]:
        if obj["cmd"] == "ping":
            pings.append(obj)
        return [] if len(pings) > 2 else [_reply(obj)]

    server = scripted(answer)
    client = ResilientClient(lambda: server.connect(timeout=1.0), "alice", "pw")
    assert isinstance(client.next_event(15), LinkUp)
    assert client.next_event(15) == LinkDown("the server does not answer")
    assert len(pings) == 3
    client.close()


def test_the_outbox_keeps_the_order_of_what_comes_back() -> None:
    outbox = Outbox()
    for number in range(4):
        outbox.add(str(number), {})
    for request_id, (cid, _) in enumerate(outbox.due()[:3]):
        outbox.sent(cid, request_id)
    assert outbox.answered({"id": 1, "result": "success"}) == Fate("1", "success", {"id": 1, "result": "success"})
    for request_id in (2, 0):
        assert outbox.answered({"id": request_id, "result": "busy", "retry_after_ms": 0}) is None
    assert [cid for cid, _ in outbox.due()] == ["0", "2", "3"]
    assert outbox.cids == ["0", "2", "3"]


def test_the_outbox_is_patient_until_the_link_is_new() -> None:
    outbox = Outbox()
    outbox.add("a", {})
    outbox.sent("a", 1)
    outbox.answered({"id": 1, "result": "rate_limited", "retry_after_ms": 10_000})
    assert outbox.due() == []
    assert outbox.next_time() is not None
    outbox.link_lost()
    assert [cid for cid, _ in outbox.due()] == ["a"]
    assert outbox.next_time() is None


def _no_server() -> Client:
    raise LinkError("nobody there")


# -- what a client with a cache and a window needs -------------------------------


def on(server: Clients, name: str, **options: Any) -> Talker:
    """A talker whose client is made otherwise."""
    talker = Talker(server, name)
    talker.client = ResilientClient(talker.client._connect, name, **options)
    return talker


def test_a_token_does_without_the_password(server: RunningServer, talkers: Talkers) -> None:
    alice, _ = talkers(server, "alice", "bob")
    token = alice.client.token
    assert token
    again = on(server, "alice", token=token)
    pump_until(connected(again), again)
    assert again.client.token == token
    again.client.close()


def test_a_token_that_is_not_good_is_the_end(server: RunningServer, talkers: Talkers) -> None:
    talkers(server, "alice", "bob")
    again = on(server, "alice", token="no such token")
    with pytest.raises(Refused) as refused:
        pump_until(connected(again), again)
    assert refused.value.result == "token_error"
    again.client.close()


def test_a_session_that_somebody_else_has_begun(server: RunningServer, talkers: Talkers) -> None:
    """It goes on as if it were its own, and comes back with the token when the link breaks."""
    alice, bob = talkers(server, "alice", "bob")
    client = server.connect()
    reply = client.login("alice", "alice", after=-1)
    adopted = on(server, "alice", token=reply["token"], after=-1)
    adopted.client.adopt(client, reply)
    bob.client.say(to="alice", text="one")
    pump_until(lambda: adopted.texts() == ["one"], adopted, bob, alice)
    adopted.client.drop_link("a test")
    bob.client.say(to="alice", text="two")
    pump_until(lambda: adopted.texts() == ["one", "two"], adopted, bob, alice)
    assert [type(event).__name__ for event in adopted.events if not isinstance(event, Push)] == [
        "LinkUp", "LinkDown", "LinkUp",
    ]  # fmt: skip
    adopted.client.close()


def test_who_begins_behind_everything_misses_nothing_later(server: RunningServer, talkers: Talkers) -> None:
    """With -1 nothing old comes, and what is said between two connections does."""
    alice, bob = talkers(server, "alice", "bob")
    bob.client.say(to="alice", text="old")
    pump_until(alice.texts, alice, bob)
    new = on(server, "alice", password="alice", after=-1)
    pump_until(connected(new), new)
    new.client.drop_link("a test")
    bob.client.say(to="alice", text="between")
    pump_until(lambda: len(alice.texts()) == 2, alice, bob)
    pump_until(new.texts, new)
    assert new.texts() == ["between"]
    new.client.close()


def test_the_next_attempt_is_known_and_can_be_made_now(
    process: ServerProcess, talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilient, "FIRST_DELAY", 1000.0)
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 1000.0)
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    [alice] = talkers(process, "alice")
    process.kill()
    pump_until(lambda: not alice.client.connected, alice)
    assert alice.client.problem
    assert alice.client.next_attempt - time.monotonic() > 900
    process.start()
    alice.client.try_now()
    pump_until(connected(alice), alice)


def test_a_link_that_is_dead_without_a_word_is_found(process: ServerProcess, talkers: Talkers) -> None:
    [alice] = talkers(process, "alice")
    alice.client.check_link()
    pump_until(lambda: not alice.client._pinged, alice)
    assert alice.client.connected, "it has answered"
    assert process.process is not None
    with frozen(process.process.pid):
        alice.client.check_link(patience=0.2)
        pump_until(lambda: not alice.client.connected, alice)
    alice.client.try_now()
    pump_until(connected(alice), alice)
