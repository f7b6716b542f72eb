"""Programs that measure one thing each; run them with ``python -m tests.load.NAME --help``.

What they share is here: a database with users in it, a server on it, and a swarm of clients in one selectors loop.
"""

from __future__ import annotations

import argparse
import resource
import selectors
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chatbase import schema
from chatbase.clock import now_ms
from chatbase.engine import Database, Transaction
from chatd.security.passwords import Passwords
from chatd.store import groups, messages, users
from chatwire.codec import decode, encode
from tests.support.mariadb import MariaDB
from tests.support.running import ServerProcess

PASSWORD = "secret"
TOKEN_LIFETIME = 30 * 86_400  # seconds
CLIENTS_PER_ADDRESS = 5000  # a source address has some 28,000 ports


@dataclass(frozen=True)
class Population:
    """What the database holds before the clients come."""

    users: int
    friends: int = 0
    groups: int = 0
    missed: int = 0  # private messages to each user


def parser(description: str | None, clients: int) -> argparse.ArgumentParser:
    """The options that all programs have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument("--clients", type=int, default=clients, metavar="N", help="connections, a user each")
    made.add_argument("--engine", choices=("sqlite", "mariadb"), default="sqlite", help="mariadb: a private one")
    made.add_argument("--database", default="", metavar="URL", help="an empty database, instead of --engine's")
    made.add_argument("--friends", type=int, default=0, metavar="N", help="friends of each user")
    made.add_argument("--groups", type=int, default=0, metavar="N", help="groups that each user is in, of 100 members")
    made.add_argument("--workers", type=int, default=0, metavar="N", help="event loops; 0: the server's default")
    return made


@contextmanager
def served(options: argparse.Namespace, missed: int = 0) -> Iterator[ServerProcess]:
    """A fresh server on a populated database; everything is gone afterwards."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, _database(options, Path(folder)) as url:
        populate(url, Population(options.clients, options.friends, options.groups, missed))
        more = ["--workers", str(options.workers)] if options.workers else []
        process = ServerProcess(url, Path(folder), False, "--limits", "off", "--login-deadline", "600", *more)
        try:
            yield process
        finally:
            process.stop()


@contextmanager
def _database(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    if options.database:
        yield options.database
    elif options.engine == "sqlite":
        yield f"sqlite:///{folder}/chat.db"
    else:
        (folder / "mariadb").mkdir()
        mariadb = MariaDB(folder / "mariadb")
        try:
            yield mariadb.new_database()
        finally:
            mariadb.remove()


def populate(url: str, what: Population) -> None:
    """Write users with tokens, friendships in a ring, groups in a row, and messages between neighbours."""
    database = Database(url, 1)
    schema.prepare(database)
    passwords = Passwords("low")
    hashed, now = passwords.hash(PASSWORD), now_ms()
    passwords.stop()
    numbers = range(1, what.users + 1)
    with database.transaction(write=True) as tx:
        tx.many(
            "INSERT INTO users (id, name, password, created) VALUES (?, ?, ?, ?)",
            [(number, user_name(number), hashed, now) for number in numbers],
        )
        tx.many(
            "INSERT INTO tokens (hash, user_id, expires) VALUES (?, ?, ?)",
            [(users.hash_token(token(number)), number, now + TOKEN_LIFETIME * 1000) for number in numbers],
        )
        _relations(tx, what)
        sent = enumerate((number for _ in range(what.missed) for number in numbers), 1)
        tx.many(messages.INSERT, [_message(mid, number, number % what.users + 1, now) for mid, number in sent])
    database.close()


def _message(mid: int, recipient: int, sender: int, ts: int) -> tuple[object, ...]:
    return (mid, messages.private(recipient, sender), sender, recipient, None, ts, "Hello, how are you?")


def _relations(tx: Transaction, what: Population) -> None:
    ring = {
        pair
        for number in range(what.users)
        for step in range(1, what.friends // 2 + 1)
        for pair in ((number + 1, (number + step) % what.users + 1), ((number + step) % what.users + 1, number + 1))
    }
    tx.many("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", sorted(ring))
    size = min(100, what.users)
    count = what.groups * what.users // size
    for index in range(count):
        groups.create(tx, f"group{index}", 1)
    rows = [
        (index + 1, (index * size // max(1, what.groups) + k) % what.users + 1)
        for index in range(count)
        for k in range(size)
    ]
    tx.many("INSERT INTO members (group_id, user_id, joined_mid, joined) VALUES (?, ?, 0, 0)", sorted(set(rows)))
    tx.execute("UPDATE chat_groups SET size = ?", size)


def user_name(number: int) -> str:
    """Users are numbered from 1."""
    return f"user{number}"


def token(number: int) -> str:
    """The resume token of a user."""
    return f"token-{number}"


def resume_request(number: int, after: int) -> bytes:
    """What a client of the swarm says."""
    return encode({"cmd": "resume", "user": user_name(number), "token": token(number), "after": after})


@dataclass
class Member:
    """One client of a swarm."""

    number: int
    sock: socket.socket
    began: float
    seconds: float = 0.0  # until the reply; 0: not yet
    received: bytearray | None = field(default_factory=bytearray)  # None: replied, from here on only counted


class Swarm:
    """Many clients in one loop: each connects, sends one request, and reads its reply; then it only listens."""

    def __init__(self, port: int, request: Callable[[int], bytes], reply: str) -> None:
        self.members: list[Member] = []
        self.errors: list[str] = []
        self.bytes = 0
        self._port = port
        self._request = request
        self._reply = reply
        self._selector = selectors.DefaultSelector()

    def run(self, numbers: Sequence[int], at_once: int = 0) -> float:
        """Bring all of them up; returns the seconds from the first connect to the last reply.

        No more than ``at_once`` wait for their reply at a time; 0: all of them.
        """
        began = time.perf_counter()
        waiting = list(reversed(numbers))
        settled = 0
        while settled < len(numbers):
            pending = len(numbers) - len(waiting) - settled
            room = min(len(waiting), 100, at_once - pending if at_once else 100)
            for _ in range(room):
                self._connect(waiting.pop())
            settled += self.turn(0 if waiting and room else 1.0)
        return time.perf_counter() - began

    def turn(self, timeout: float) -> int:
        """Handle what is ready; returns how many clients got their reply or failed."""
        settled = 0
        for key, mask in self._selector.select(timeout):
            member: Member = key.data
            try:
                settled += self._ready(member, mask)
            except OSError as error:
                settled += self._failed(member, str(error))
        return settled

    def close(self) -> None:
        """Close all connections."""
        for member in self.members:
            member.sock.close()
        self._selector.close()

    def _connect(self, number: int) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: a port per destination, not one for all
        sock.bind((f"127.0.0.{2 + number // CLIENTS_PER_ADDRESS}", 0))
        member = Member(number, sock, time.perf_counter())
        sock.connect_ex(("127.0.0.1", self._port))
        self._selector.register(sock, selectors.EVENT_WRITE, member)
        self.members.append(member)

    def _ready(self, member: Member, mask: int) -> int:
        if mask & selectors.EVENT_WRITE:
            member.sock.send(self._request(member.number))
            self._selector.modify(member.sock, selectors.EVENT_READ, member)
            return 0
        data = member.sock.recv(65536)
        if not data:
            return self._failed(member, "closed by the server")
        self.bytes += len(data)
        if member.received is None:
            return 0
        member.received += data
        line, newline, _ = member.received.partition(b"\n")
        if not newline:
            return 0
        member.received, member.seconds = None, time.perf_counter() - member.began
        reply = decode(bytes(line))
        if reply["cmd"] != self._reply or reply["result"] != "success":
            self.errors.append(str(reply))
        return 1

    def _failed(self, member: Member, why: str) -> int:
        self.errors.append(f"{user_name(member.number)}: {why}")
        self._selector.unregister(member.sock)
        member.sock.close()
        return 0 if member.seconds else 1
