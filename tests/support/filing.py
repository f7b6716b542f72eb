"""A file daemon in this process, for functional tests, and in a process of its own, for tests that kill it."""

from __future__ import annotations

import hashlib
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from chatbase import files, schema
from chatbase.engine import Database
from chatbase.files import File
from chatbase.startup import shared_secret
from chatwire.tickets import DOWNLOAD, UPLOAD, Ticket, issue
from filed.config import load
from filed.server import Server
from tests.support.http_peer import Answer, HttpPeer
from tests.support.ports import unused_port
from tests.support.running import ROOT
from tests.support.waiting import DEADLINE, wait_until

TUS = {"Tus-Resumable": "1.0.0"}
BODY = {**TUS, "Content-Type": "application/offset+octet-stream"}
DAY = 24 * 3600 * 1000  # ms


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that do not repeat, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    """Its hash, as the index has it."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Offer:
    """A file in the index, and the URLs that chatd would give out for it, without scheme and host."""

    id: str
    size: int
    up: str
    down: str


class Filed:
    """What tests do with a file daemon from outside: offer files as chatd does, look at index and disk, connect."""

    def __init__(self, database: str, data: Path, tls: bool) -> None:
        self.tls = tls
        self.host = "127.0.0.1"
        self.port = unused_port()
        self.data = data
        self.url = database
        self.secret = shared_secret(data)
        self.unknown: set[str] = set()  # files that a test has put on the disk, and the index does not know
        self.lost: set[str] = set()  # files that a test has taken from the disk
        self._index: Database | None = None
        self._peers: list[HttpPeer] = []

    # -- the index -------------------------------------------------------------

    @property
    def index(self) -> Database:
        """The tests' own way into the index."""
        if self._index is None:
            self._index = Database(self.url, 2)
            schema.prepare(self._index)
        return self._index

    def offer(
        self, size: int, *, announced: str | None = None, name: str = "a file", sender: int | None = None,
        state: str = files.WAITING, life: int = DAY,
    ) -> Offer:  # fmt: skip
        """Enter a file into the index; ``life`` in ms from now, below 0 for one whose time is over."""
        now = int(time.time() * 1000)
        file_id = secrets.token_urlsafe(16)
        row = File(file_id, None, 1, sender, None, name, size, announced, None, state, now, now + life).row()
        with self.index.transaction(write=True) as tx:
            tx.execute(files.INSERT, *row)
        return Offer(file_id, size, self.path(file_id, UPLOAD, size), self.path(file_id, DOWNLOAD, size))

    def path(self, file_id: str, direction: str, size: int, life: float = 3600) -> str:
        """Path and query, with a ticket."""
        ticket = issue(self.secret, Ticket(file_id, direction, size), life)
        return f"/files/{file_id}?ticket={ticket}"

    def row(self, offer: Offer) -> File:
        """What the index says of a file."""
        with self.index.transaction() as tx:
            file = files.find(tx, offer.id)
        assert file is not None
        return file

    def state(self, offer: Offer) -> str:
        """The same in a word."""
        return self.row(offer).state

    def change(self, offer: Offer, **columns: object) -> None:
        """Change a row behind the daemon's back, as chatd does, or time."""
        changes = ", ".join(f"{name} = ?" for name in columns)
        with self.index.transaction(write=True) as tx:
            assert tx.execute(f"UPDATE files SET {changes} WHERE id = ?", *columns.values(), offer.id) == 1

    # -- the disk --------------------------------------------------------------

    def whole(self, offer: Offer) -> Path:
        """Where a complete file is."""
        return self.data / "files" / offer.id[:2] / offer.id

    def part(self, offer: Offer) -> Path:
        """Where an arriving file is."""
        return self.data / "files" / offer.id[:2] / f"{offer.id}.part"

    def put(self, path: Path, data: bytes) -> None:
        """Write a file as a daemon that was killed has left it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def on_disk(self) -> set[str]:
        """The names of everything that is stored."""
        return {path.name for path in (self.data / "files").rglob("*") if path.is_file()}

    def assert_tidy(self) -> None:
        """On the disk is what the index says, and nothing else."""
        with self.index.transaction() as tx:
            states: dict[str, str] = {row[0]: row[1] for row in tx.rows("SELECT id, state FROM files")}
        for name in self.on_disk() - self.unknown:
            state = states.get(name.removesuffix(".part"))
            assert state in (files.OPEN if name.endswith(".part") else (files.COMPLETE,)), f"{name} is left: {state}"
        complete = {file_id for file_id, state in states.items() if state == files.COMPLETE}
        assert complete - self.lost <= self.on_disk(), "a complete file is gone"

    # -- connections -----------------------------------------------------------

    def connect(self, *, tls: bool | None = None, source: str = "127.0.0.1", receive_buffer: int = 0) -> HttpPeer:
        """A connection, closed at the end of the test; ``tls`` as the other connections unless said otherwise."""
        peer = HttpPeer(
            (self.host, self.port), tls=self.tls if tls is None else tls, source=source, receive_buffer=receive_buffer
        )
        self._peers.append(peer)
        return peer

    def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """One request on a connection of its own."""
        with self.connect() as peer:
            return peer.ask(method, target, headers, body)

    def patch(self, offer: Offer, offset: int, body: bytes, **headers: str) -> Answer:
        """Append to an upload."""
        return self.ask("PATCH", offer.up, patch_headers(offset, **headers), body)

    def resume(self, offer: Offer, data: bytes) -> None:
        """Take up an upload where it is and bring it to its end, once the writer before has gone."""
        answers: list[Answer] = []

        def done() -> bool:
            offset = self.offset(offer)
            answers.append(self.patch(offer, offset, data[offset:]))
            return answers[-1].status != 423

        wait_until(done, "the writer before has gone")
        assert answers[-1].status == 204, answers[-1]

    def upload(self, data: bytes, *, announced: str | None = None, name: str = "a file") -> Offer:
        """Offer a file and upload it."""
        offer = self.offer(len(data), announced=announced, name=name)
        assert self.patch(offer, 0, data).status == 204
        assert self.state(offer) == files.COMPLETE
        return offer

    def offset(self, offer: Offer) -> int:
        """How far the server says that an upload is."""
        answer = self.ask("HEAD", offer.up, TUS)
        assert answer.status == 200
        return int(answer.headers["upload-offset"])

    def close(self) -> None:
        """Close what tests have opened."""
        for peer in self._peers:
            peer.close()
        self._peers.clear()
        if self._index is not None:
            self._index.close()
            self._index = None


def patch_headers(offset: int, **headers: str) -> dict[str, str]:
    """Of a PATCH request; ``Upload_Checksum`` stands for Upload-Checksum."""
    return {**BODY, "Upload-Offset": str(offset), **{name.replace("_", "-"): text for name, text in headers.items()}}


class RunningFiled(Filed):
    """A daemon in threads of this process. ``server`` gives access to its inside."""

    def __init__(self, database: str, data: Path, tls: bool, *options: str, patrol: float | None = None) -> None:
        """``patrol`` in seconds: how often the caretaker looks."""
        super().__init__(database, data, tls)
        self._arguments = ["--data", str(data), "--database", database, "--reserve", "0", *options]
        self._patrol = patrol
        self.start()

    def start(self) -> None:
        """Start, on the same port as before."""
        self.server = Server(load(["--listen", f"{self.host}:{self.port}", *self._arguments]))
        if self._patrol is not None:
            self.server._caretaker._interval = self._patrol
        self.port = self.server.address[1]
        self.clean: bool | None = None
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="filed-main")
        self._thread.start()
        assert started.wait(DEADLINE)

    def stop(self) -> None:
        """Stop and wait; may be called twice."""
        if self._thread.is_alive():
            self.server.stop()
            self._thread.join(DEADLINE)
        assert self.clean, "the daemon did not stop cleanly"

    def writing(self, offer: Offer) -> bool:
        """Whether somebody is writing this upload."""
        upload = self.server._uploads.find(offer.id)
        return upload is not None and upload.active

    def _run(self, started: threading.Event) -> None:
        self.server.start()
        started.set()
        self.clean = self.server.run()


class FiledProcess(Filed):
    """A daemon in a process of its own: what is killed is the real thing."""

    def __init__(self, database: str, data: Path, tls: bool, *options: str) -> None:
        super().__init__(database, data, tls)
        self._arguments = ["--data", str(data), "--database", database, "--reserve", "0", *options]
        self.process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start, on the same port as before, and wait for the ready line."""
        with (self.data / "stderr.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "filed", "--listen", f"{self.host}:{self.port}", *self._arguments],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(r"filed listening on 127\.0\.0\.1:(\d+)\n", line)
        assert match, f"{line!r}; log: {self.log()[-2000:]}"
        self.port = int(match[1])

    def log(self) -> str:
        """What it has written to standard error so far, in all its lives."""
        return (self.data / "stderr.log").read_text()

    def end(self, *numbers: signal.Signals) -> tuple[int, str]:
        """Send signals; returns the exit code, and what stood on standard output behind the ready line."""
        process, self.process = self.process, None
        assert process is not None
        for number in numbers:
            process.send_signal(number)
        try:
            rest = process.communicate(timeout=DEADLINE)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode, rest

    def kill(self) -> None:
        """End it without warning."""
        self.end(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask it to end, and return its exit code."""
        return self.end(signal.SIGTERM)[0]

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self.kill()
