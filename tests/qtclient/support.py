"""A chat server and a file daemon in processes of their own, and waiting while Qt's event loop runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QCoreApplication, QEvent, QEventLoop

from chatbase.drivers import sqlite_url
from chatwire.client import Client
from chatwire.codec import Object
from tests.support.filing import FiledProcess
from tests.support.running import ServerProcess
from tests.support.waiting import DEADLINE, wait_until

PASSWORD = "a long secret"


class Daemons:
    """Both daemons on one data folder, as `make run` starts them. ``chat`` and ``files`` are their processes."""

    def __init__(self, data: Path, tls: bool, chat: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> None:
        """``chat`` and ``files`` are further options."""
        data.mkdir(parents=True, exist_ok=True)
        database = sqlite_url(data / "chat.db")
        self.tls = tls
        self.data = data
        self.chat = ServerProcess(database, data, tls, "--limits", "off", *chat)
        try:
            self.files = FiledProcess(database, data, tls, *files)
        except BaseException:
            self.chat.stop()
            raise
        self._controls: list[Client] = []
        self.await_link()

    @property
    def host(self) -> str:
        return self.chat.host

    @property
    def port(self) -> int:
        """The chat server's, the same after a restart."""
        return self.chat.port

    @property
    def address(self) -> str:
        """As a person types it into the login window."""
        return f"{'' if self.tls else 'tcp://'}{self.host}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """Of the server's certificate; empty in plain text."""
        return self.chat.fingerprint

    # -- people ----------------------------------------------------------------

    def connect(self) -> Client:
        """A connection without a session, closed at the end of the test."""
        client = self.chat.connect()
        self._controls.append(client)
        return client

    def register(self, *names: str) -> None:
        """New accounts, all with `PASSWORD`."""
        with self.chat.connect() as client:
            for name in names:
                client.register(name, PASSWORD)

    def log_in(self, name: str, after: int | None = None) -> Client:
        """A further session of an account, on which a test plays the other side by hand."""
        client = self.connect()
        client.login(name, PASSWORD, after=after)
        return client

    def befriend(self, name: str, *friends: str) -> None:
        """Make accounts friends of the first."""
        with self.chat.connect() as client:
            client.login(name, PASSWORD, after=-1)
            for friend in friends:
                client.expect("add", friend=friend)

    def make_group(self, group: str, owner: str, *members: str) -> None:
        """A group of existing accounts."""
        with self.chat.connect() as client:
            client.login(owner, PASSWORD, after=-1)
            client.expect("create_group", group=group)
        for member in members:
            with self.chat.connect() as client:
                client.login(member, PASSWORD, after=-1)
                client.expect("add_group", group=group)

    def hang_up(self) -> None:
        """Close what `connect` and `log_in` opened."""
        for client in self._controls:
            client.close()
        self._controls.clear()

    # -- bad days --------------------------------------------------------------

    def await_link(self) -> None:
        """Return once the daemons know of each other, so that files can be sent."""
        here, away = "the file daemon is here", "the file daemon is away"
        wait_until(lambda: self.chat.log().rfind(here) > self.chat.log().rfind(away), "the file daemon has connected")

    def kill_chat(self) -> None:
        """As `kill -9`; `restart_chat` brings it back on the same port."""
        self.chat.kill()

    def restart_chat(self) -> None:
        seen = self.chat.log().count("the file daemon is here")
        self.chat.start()
        wait_until(lambda: self.chat.log().count("the file daemon is here") > seen, "the file daemon has come back")

    def kill_files(self) -> None:
        """As `kill -9`; `restart_files` brings it back on the same port."""
        seen = self.chat.log().count("the file daemon is away")
        self.files.kill()
        wait_until(lambda: self.chat.log().count("the file daemon is away") > seen, "its end was noticed")

    def restart_files(self) -> None:
        self.files.start()
        self.await_link()

    def close(self) -> None:
        """End both."""
        self.hang_up()
        self.files.close()
        self.files.stop()
        self.chat.close()
        self.chat.stop()


def qt_wait(condition: Callable[[], object], what: str = "the condition", timeout: float = DEADLINE) -> None:
    """Let Qt's event loop run until the condition holds; fail with its name when it does not in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.002)


def turn(times: int = 3) -> None:
    """Let Qt's event loop do what is due, deletions included."""
    for _ in range(times):
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def push_of(client: Client, cmd: str, timeout: float = DEADLINE) -> Object:
    """The next push with that name, while Qt's event loop runs; others are passed over."""
    found: list[Object] = []

    def look() -> bool:
        while not found and (obj := client.next_push(0.0)) is not None:
            if obj.get("cmd") == cmd:
                found.append(obj)
        return bool(found)

    qt_wait(look, f"{client.user} is told {cmd}", timeout)
    return found[0]
