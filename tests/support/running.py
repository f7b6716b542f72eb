"""A chat server in this process, for functional tests, and in a process of its own, for tests that kill it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from chatd.config import load
from chatd.server import Server
from chatwire.client import Client
from tests.support.ports import unused_port
from tests.support.waiting import DEADLINE
from tests.support.watchdog import Watchdog

ROOT = Path(__file__).resolve().parents[2]


SEVERAL = ("--workers", "2")  # what goes wrong between two loops would not go wrong in one


class Clients:
    """Makes clients of one server, in plain text or over TLS, and closes them all at the end."""

    def __init__(self, tls: bool) -> None:
        self.tls = tls
        self.host = "127.0.0.1"
        self.port = 0
        self.fingerprint = ""
        self._made: list[Client] = []

    def connect(self, timeout: float = DEADLINE) -> Client:
        """A connection without a session."""
        pin = self.fingerprint if self.tls else None
        client = Client(self.host, self.port, tls=self.tls, fingerprint=pin, timeout=timeout)
        self._made.append(client)
        return client

    def user(self, name: str, after: int | None = None) -> Client:
        """A new user with a session; the password is the name."""
        client = self.connect()
        client.register(name, name)
        client.login(name, name, after=after)
        return client

    def again(self, name: str, after: int | None = None) -> Client:
        """Another session of a user that `user` made."""
        client = self.connect()
        client.login(name, name, after=after)
        return client

    def friends(self, *names: str) -> list[Client]:
        """New users who are all friends of the first, whose pushes about that have been read."""
        clients = [self.user(name) for name in names]
        for name, client in zip(names[1:], clients[1:], strict=True):
            clients[0].expect("add", friend=name)
            assert client.next_push(DEADLINE) == {"cmd": "add_friend_reply", "result": names[0]}
        return clients

    def group(self, group: str, *names: str) -> list[Client]:
        """New users in a new group that the first one owns; nothing about that is left to be read."""
        clients = [self.user(name) for name in names]
        clients[0].expect("create_group", group=group)
        for index, client in enumerate(clients[1:], 1):
            since = client.expect("add_group", group=group)["since"]
            push = {"cmd": "group_joined", "group": group, "user": names[index], "since": since}
            for member in clients[:index]:
                assert member.next_push(DEADLINE) == push
        return clients

    def close(self) -> None:
        for client in self._made:
            client.close()
        self._made.clear()


class RunningServer(Clients):
    """A server in threads of this process, watched for long rounds. ``server`` gives access to its inside."""

    def __init__(self, database: str, data: Path, tls: bool, name: str, *options: str) -> None:
        super().__init__(tls)
        arguments = ["--listen", "127.0.0.1:0", "--data", str(data), "--password-cost", "low", *SEVERAL]
        self.server = Server(load([*arguments, "--database", database, *options]))
        self.port = self.server.address[1]
        self.fingerprint = self.server.fingerprint
        self.clean: bool | None = None
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="main-loop")
        self._thread.start()
        assert started.wait(DEADLINE)
        self._watchdog = Watchdog([self.server.loop, *self.server.workers.loops], name)

    def stop(self) -> None:
        """Stop the server and wait for it; its clients stay open. May be called twice."""
        if self._thread.is_alive():
            self._watchdog.stop()
            self.server.stop()
            self._thread.join(DEADLINE)
        assert self.clean, "the server did not stop cleanly"

    def _run(self, started: threading.Event) -> None:
        self.server.start()
        started.set()
        self.clean = self.server.run()


class ServerProcess(Clients):
    """A server in a process of its own: what is killed is the real thing."""

    def __init__(self, database: str, data: Path, tls: bool, *options: str) -> None:
        super().__init__(tls)
        self.port = unused_port()
        self._data = data
        self._arguments = ["--data", str(data), "--database", database, "--password-cost", "low"]
        self._arguments += [*SEVERAL, *options]
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Start, on the same port as before, and wait for the ready line."""
        log = (self._data / "stderr.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chatd", "--listen", f"127.0.0.1:{self.port}", *self._arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        log.close()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(r"chatd listening on 127\.0\.0\.1:(\d+)\n", line)
        assert match, f"{line!r}; log: {self.log()[-2000:]}"
        self.port = int(match[1])
        if self.tls:
            found = re.findall(r"sha256=([0-9A-F:]+)", self.log())
            self.fingerprint = found[-1]

    def log(self) -> str:
        """What it has written to standard error so far, in all its lives."""
        return (self._data / "stderr.log").read_text()

    def kill(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask it to end, and return its exit code."""
        return self._end(signal.SIGTERM)

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        self.process.stdout.close()
        self.process = None
        return code
