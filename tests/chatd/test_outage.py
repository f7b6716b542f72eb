"""The database away, frozen or full: what was acknowledged is stored, what was refused is not, and all goes on."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatbase.engine import CommitUncertain, DatabaseUnavailable
from chatd.store.journal import Journal, JournalBusy
from chatd.store.records import ChatRecord, MarkRecord
from chatwire.client import Client
from tests.conftest import ProcessFactory
from tests.support.mariadb import MariaDB
from tests.support.running import ServerProcess
from tests.support.waiting import DEADLINE, wait_until

MARIADB = pytest.mark.parametrize(("engine", "tls"), [("mariadb", False)])
SQLITE = pytest.mark.parametrize(("engine", "tls"), [("sqlite", False)])

Fates = dict[str, set[str]]


def _say(client: Client, texts: list[str]) -> dict[int, str]:
    """Send without waiting; returns the texts by request."""
    return {client.send("private_chat", user_to="bob", text=text): text for text in texts}


def _fates(client: Client, waiting: dict[int, str], fates: Fates) -> None:
    """Take the replies and sort the texts by what was said of them."""
    for _ in range(len(waiting)):
        reply = client.next_push(60)  # a database that comes back may take its time
        assert reply is not None, "no reply"
        assert reply["cmd"] == "private_chat_reply"
        fates.setdefault(reply["result"], set()).add(waiting.pop(reply["id"]))


def _stored(client: Client) -> list[str]:
    texts: list[str] = []
    after = 0
    while page := client.expect("sync", after=after, limit=500)["messages"]:
        texts += [message["text"] for message in page]
        after = page[-1]["mid"]
    return texts


def _check(server: ServerProcess, fates: Fates) -> None:
    """All that was acknowledged is stored once, nothing that was refused is; also after the server was killed."""
    assert fates.keys() <= {"success", "busy"}
    for _ in range(2):
        stored = _stored(server.again("bob", after=-1))
        assert sorted(stored) == sorted(fates["success"])
        server.kill()
        server.start()
    assert "Traceback" not in server.log()


@MARIADB
def test_while_the_database_is_away_chat_is_refused_and_afterwards_it_goes_on(
    make_process: ProcessFactory, mariadb: MariaDB
) -> None:
    server = make_process("--limits", "off")
    alice, bob = server.friends("alice", "bob")
    fates: Fates = {}
    _fates(alice, _say(alice, ["before"]), fates)
    waiting = _say(alice, [f"at the moment itself {number}" for number in range(1000)])
    assert bob.next_push(DEADLINE) is not None
    mariadb.kill()
    try:
        alice_2 = server.connect()
        assert alice_2.request("login", user="alice", password="alice")["result"] == "busy"
        for request in ({"cmd": "sync", "after": 0}, {"cmd": "history", "peer": "alice"}, {"cmd": "ack", "mid": 1}):
            assert bob.request(**request)["result"] == "busy"
        assert bob.expect("ping")["result"] == "success"
        for number in range(20):
            late = bob.request("private_chat", user_to="alice", text=f"meanwhile {number}")
            assert late["result"] == "busy"
    finally:
        mariadb.start()
    _fates(alice, waiting, fates)
    wait_until(lambda: alice.request("sync", after=0)["result"] == "success", "queries are answered again")
    wait_until(lambda: alice.request("ack", mid=0)["result"] == "success", "the journal writes again")
    _fates(alice, _say(alice, [f"after {number}" for number in range(10)]), fates)
    assert {f"after {number}" for number in range(10)} <= fates["success"]
    assert alice_2.login("alice", "alice", after=-1)["result"] == "success"
    _check(server, fates)


@MARIADB
def test_while_the_database_hangs_chat_waits_and_nobody_else_does(
    make_process: ProcessFactory, mariadb: MariaDB
) -> None:
    server = make_process()
    alice, bob = server.friends("alice", "bob")
    newcomer = server.connect()
    fates: Fates = {}
    mariadb.freeze()
    try:
        waiting = _say(alice, [f"patience {number}" for number in range(50)])
        login = newcomer.send("login", user="bob", password="bob", after=-1)
        for _ in range(100):
            assert bob.expect("ping")["result"] == "success"
    finally:
        mariadb.thaw()
    _fates(alice, waiting, fates)
    assert fates.keys() == {"success"}
    for number in range(50):
        push = bob.next_push(DEADLINE)
        assert push is not None
        assert push["text"] == f"patience {number}"
    reply = newcomer.next_push(DEADLINE)
    assert reply is not None
    assert (reply["id"], reply["result"]) == (login, "success")
    _check(server, fates)


@SQLITE
def test_while_the_disk_is_full_chat_is_refused_and_afterwards_it_goes_on(
    make_process: ProcessFactory, tmp_path: Path
) -> None:
    server = make_process()
    alice, bob = server.friends("alice", "bob")
    fates: Fates = {}
    _fates(alice, _say(alice, [f"before {number}" for number in range(20)]), fates)
    assert server.process is not None
    pid = server.process.pid
    wal = (tmp_path / "chat.db-wal").stat().st_size
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (wal, hard))  # no file can grow any more, as on a full disk
    try:
        for number in range(20):
            _fates(alice, _say(alice, [f"no room {number} ".ljust(10_000, "x")]), fates)
        assert len(fates["busy"]) == 20
        assert server.connect().request("register", user="carol", password="x" * 100)["result"] == "busy"
        assert bob.request("create_group", group="big")["result"] == "busy"
        # What was stored last, and is not yet merged, cannot be read; then nothing is, since it would be incomplete.
        reply = bob.request("sync", after=0)
        assert reply["result"] == "busy" or len(reply["messages"]) == 20
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    _fates(alice, _say(alice, [f"after {number}" for number in range(20)]), fates)
    assert len(fates["success"]) == 40
    assert bob.expect("create_group", group="big")["result"] == "success"
    _check(server, fates)


class _Broken:
    """A database whose connection breaks in a commit, and which then stays away."""

    def __init__(self) -> None:
        self.broken = False
        self.asked = 0  # since then

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Any]:
        if self.broken:
            self.asked += 1
            raise DatabaseUnavailable("away")
        nothing = SimpleNamespace(row=lambda *_: (0,), rows=lambda *_: [], execute=lambda *_: 1, many=lambda *_: None)
        yield nothing
        if write:
            self.broken = True
            raise CommitUncertain("cut off")


def test_nothing_is_said_of_messages_when_the_end_comes_before_their_fate_is_known() -> None:
    told: list[object] = []
    database, tell = _Broken(), cast(Callable[[object], None], told.extend)
    journal = Journal(cast(Any, database), lambda batch, more: tell(batch), tell)
    origin = cast(Any, SimpleNamespace(user=SimpleNamespace(id=1)))
    journal.submit(ChatRecord(origin, 1, 2, None, b"cid", "text", b"{", b"{"))
    journal.start()
    wait_until(lambda: database.asked > 1, "it looks for the database")
    with pytest.raises(JournalBusy):
        journal.submit(MarkRecord(1, None, 1, tell))
    assert journal.stop(15)
    assert told == []  # "busy" would say that nothing was done
