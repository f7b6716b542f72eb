"""The file daemon's side of its link to chatd, played by hand; it moves no bytes."""

from __future__ import annotations

import time
import urllib.parse
from pathlib import Path
from typing import Any

from chatbase import files
from chatbase.engine import Database
from chatbase.files import File
from chatbase.startup import shared_secret
from chatwire import tickets
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.tickets import Ticket
from tests.support.running import Clients, RunningServer
from tests.support.waiting import DEADLINE, wait_until

PORT = 8099
HASH = "ab" * 32


class FileDaemon:
    """Attached to a server. What it writes into the index of files is what the real one writes."""

    def __init__(self, clients: Clients, data: Path, database: Database, port: int = PORT) -> None:
        self.secret = shared_secret(data)
        self.port = port
        self._database = database
        self.client: Client = clients.connect()
        self.client.expect("file_daemon", token=tickets.issue_hello(self.secret), port=port)

    def close(self) -> None:
        """End the connection."""
        self.client.close()

    def report(self, file: str, state: str, **more: Any) -> str:
        """Tell chatd something; the result word."""
        return str(self.client.request("file_report", file=file, state=state, **more)["result"])

    def uploading(self, file: str, offset: int) -> None:
        """Bytes have come."""
        with self._database.transaction(write=True) as tx:
            assert files.change(tx, file, files.UPLOADING, files.OPEN, int(time.time() * 1000) + offset)
        assert self.report(file, files.UPLOADING, offset=offset) == "success"

    def complete(self, file: str, sha256: str | None = HASH) -> None:
        """All bytes have come."""
        with self._database.transaction(write=True) as tx:
            assert files.complete(tx, file, sha256, 2**52)
        more = {"sha256": sha256} if sha256 else {}
        assert self.report(file, files.COMPLETE, **more) == "success"

    def end(self, file: str, state: str, **more: Any) -> None:
        """It has failed, expired or been cancelled by the one who uploads."""
        with self._database.transaction(write=True) as tx:
            assert files.change(tx, file, state, files.ALIVE)
        assert self.report(file, state, **more) == "success"

    def told(self) -> Object:
        """The next push of chatd's."""
        push = self.client.next_push(DEADLINE)
        assert push is not None, "the file daemon is told nothing"
        return push

    def open_port(self, port: int, **more: Any) -> Object:
        """Take a request for a raw port and answer it."""
        push = self.told()
        assert push["cmd"] == "open_port"
        self.client.expect("file_port", ref=push["ref"], port=port, **more)
        return push

    def ticket(self, url: str, base: str) -> Ticket:
        """What the ticket in a URL is good for; the URL must begin with the base and name the ticket's file."""
        parts = urllib.parse.urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == base, url
        [text] = urllib.parse.parse_qs(parts.query, strict_parsing=True)["ticket"]
        ticket = tickets.check(self.secret, text)
        assert parts.path == f"/files/{ticket.file}"
        return ticket


def attach(server: RunningServer, port: int = PORT) -> FileDaemon:
    """A file daemon for a server in this process."""
    services = server.server.services
    return FileDaemon(server, services.settings.data, services.database, port)


def base_of(server: Clients, port: int = PORT) -> str:
    """What the URLs of files begin with for clients of this server."""
    return f"{'https' if server.tls else 'http'}://127.0.0.1:{port}"


def offer(client: Client, to: str = "", group: str = "", **fields: Any) -> Object:
    """Offer a file and return the reply, whatever it says."""
    where = {"group": group} if group else {"to_user": to}
    return client.request("send_file", **where, **{"filename": "a.txt", "length": 1000, **fields})


def state(client: Client) -> Object:
    """The next push, which must be a state."""
    push = client.next_push(DEADLINE)
    assert push is not None, "no state comes"
    assert push.pop("cmd") == "file_state", push
    return push


def queued(server: RunningServer, count: int) -> None:
    """Wait until so many messages are in the journal's queue; to be called while the journal is held."""
    journal = server.server.services.journal
    wait_until(lambda: len(journal._queue) == count, f"{count} messages wait")


def row(server: RunningServer, file: str) -> File:
    """What the index says of a file."""
    with server.server.services.database.transaction() as tx:
        found = files.find(tx, file)
    assert found is not None, file
    return found
