"""Our own server: started here on a database that is written beforehand, or one that runs already."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from chatbase import schema
from chatbase.clock import now_ms
from chatbase.drivers import sqlite_url
from chatbase.engine import Database, Transaction
from chatd.security.passwords import Passwords
from chatd.store import groups, users
from tests.bench.process import Process
from tests.bench.process import Unusable as NotStarted
from tests.load.targets.base import Address, Population, Target, Unusable
from tests.load.wires.base import Wire
from tests.load.wires.chat import ChatWire
from tests.support.mariadb import MariaDB

PASSWORD = "secret"
TOKEN_LIFETIME = 30 * 86_400  # seconds

_READY = re.compile(r"chatd listening on ([0-9.]+):(\d+)")
_FILED_READY = re.compile(r"filed listening on ")
_FILED_KNOWN = "connected to chatd"
_PRINT = re.compile(r"sha256=([0-9A-F:]+)")


class Chatd(Target):
    """A fresh server on a populated database: SQLite, a private MariaDB, or an empty one at ``database`` (a URL).

    All that it keeps lies in a temporary folder in ``folder``: a disk's, where durability is to cost what it costs.
    ``options`` are further ones of chatd's. With ``files`` a file daemon runs beside it.
    """

    name = "chatd"

    def __init__(
        self,
        engine: str = "sqlite",
        *,
        tls: bool = False,
        database: str = "",
        folder: str = "",
        options: Sequence[str] = (),
        files: bool = False,
        password_cost: str = "low",
    ) -> None:
        self.engine = engine if not database else database.partition(":")[0]
        self.wire: Wire = ChatWire()
        self._tls = tls
        self._database = database
        self._parent = folder or None
        self._options = options
        self._files = files
        self._password_cost = password_cost
        self._url = ""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._mariadb: MariaDB | None = None
        self._process: Process | None = None
        self._filed: Process | None = None

    def start(self, population: Population) -> Address:
        self._folder = tempfile.TemporaryDirectory(prefix="load-", dir=self._parent)
        self._url = self._new_url(self.folder)
        for person in population.people:
            person.secret, person.password = f"token-{person.name}", PASSWORD
        populate(self._url, population, self._password_cost)
        address = self._serve(0)
        if self._files:
            self._serve_files()
        return address

    def restart(self, address: Address) -> None:
        """End it in an orderly way and start it again, at the same address. Raises Unusable."""
        assert self._process is not None
        links = self._links()
        self._process.stop()
        self._serve(address.port)
        if self._filed is not None:
            self._wait(self._filed, lambda: self._links() > links, "filed")

    @property
    def folder(self) -> Path:
        """Where all that it keeps lies, once it was started."""
        assert self._folder is not None
        return Path(self._folder.name)

    def stop(self) -> None:
        if self._filed is not None:
            self._filed.stop()
            self._filed = None
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._mariadb is not None:
            self._mariadb.remove()
            self._mariadb = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def pids(self) -> Sequence[int]:
        return [process.pid for process in (self._process, self._filed) if process is not None]

    def database_pids(self) -> Sequence[int]:
        return [int((self.folder / "mariadb" / "pid").read_text())] if self._mariadb is not None else []

    def _new_url(self, folder: Path) -> str:
        if self._database:
            return self._database
        if self.engine == "sqlite":
            return sqlite_url(folder / "chat.db")
        if not MariaDB.available():
            raise Unusable("mariadbd is missing (Debian: mariadb-server-core, mariadb-client-core)")
        (folder / "mariadb").mkdir()
        self._mariadb = MariaDB(folder / "mariadb")
        return self._mariadb.new_database()

    def _serve(self, port: int) -> Address:
        folder = self.folder
        command = [
            sys.executable, "-u", "-m", "chatd", "--listen", f"127.0.0.1:{port}", "--data", str(folder), "--database",
            self._url, "--limits", "off", "--login-deadline", "600", "--password-cost", self._password_cost,
            *self._options,
        ]  # fmt: skip
        process = self._process = Process(command, folder)
        self._wait(process, lambda: _READY.search(process.output()) is not None, "chatd")
        match = _READY.search(process.output())
        assert match is not None
        prints = _PRINT.findall((folder / "stderr").read_text())
        return Address(match[1], int(match[2]), self._tls, prints[-1] if self._tls and prints else "")

    def _serve_files(self) -> None:
        """The file daemon, which finds the server by their common folder."""
        logs = self.folder / "filed"
        logs.mkdir()
        command = [
            sys.executable, "-u", "-m", "filed", "--listen", "127.0.0.1:0", "--data", str(self.folder), "--database",
            self._url, "--limits", "off",
        ]  # fmt: skip
        process = self._filed = Process(command, logs)
        self._wait(process, lambda: _FILED_READY.search(process.output()) is not None and self._links() > 0, "filed")

    def _links(self) -> int:
        """How often the file daemon has come to the server until now."""
        errors = self.folder / "filed" / "stderr"
        return errors.read_text().count(_FILED_KNOWN) if errors.exists() else 0

    def _wait(self, process: Process, ready: Callable[[], bool], name: str) -> None:
        try:
            process.wait_until(ready)
        except NotStarted as error:
            raise Unusable(f"{name} {error}") from None


def populate(url: str, population: Population, password_cost: str = "low") -> None:
    """Write people with the hashes of their tokens, groups with members, and friendships into an empty database."""
    database = Database(url, 1)
    schema.prepare(database)
    passwords = Passwords(password_cost)
    hashed, now = passwords.hash(PASSWORD), now_ms()
    passwords.stop()
    people = population.people
    with database.transaction(write=True) as tx:
        tx.many(
            "INSERT INTO users (id, name, password, created) VALUES (?, ?, ?, ?)",
            [(person.number, person.name, hashed, now) for person in people],
        )
        tx.many(
            "INSERT INTO tokens (hash, user_id, expires) VALUES (?, ?, ?)",
            [(users.hash_token(person.secret), person.number, now + TOKEN_LIFETIME * 1000) for person in people],
        )
        _relations(tx, population, {person.name: person.number for person in people})
    database.close()


def _relations(tx: Transaction, population: Population, ids: dict[str, int]) -> None:
    both = [pair for a, b in population.friends for pair in ((ids[a], ids[b]), (ids[b], ids[a]))]
    if both:
        tx.many("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", both)
    for name, members in population.groups.items():
        group = groups.create(tx, name, ids[members[0]])
        rows = [(group, ids[member]) for member in members]
        tx.many("INSERT INTO members (group_id, user_id, joined_mid, joined) VALUES (?, ?, 0, 0)", rows)
        tx.execute("UPDATE chat_groups SET size = ? WHERE id = ?", len(rows), group)
