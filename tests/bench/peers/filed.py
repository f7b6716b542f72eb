"""The file daemon itself, without a chat server: tickets are signed here, with the secret that it reads, too."""

from __future__ import annotations

import http.client
import re
import secrets
import sys
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from chatbase import files, schema
from chatbase.drivers import sqlite_url
from chatbase.engine import Database
from chatbase.startup import shared_secret
from chatwire import tickets
from tests.bench import curl
from tests.bench.curl import Transfer
from tests.bench.peers.base import Peer, Upload
from tests.bench.peers.tus import PATCH
from tests.bench.process import Process, Unusable
from tests.bench.sources import Source

LATER_LIMIT = 120.0  # seconds until the hash of what has arrived is known

_READY = re.compile(r"filed listening on (\S+)\n")


class Filed(Peer):
    """Holds the sources, as others have uploaded them; its index is an SQLite file beside them."""

    name = "filed"
    tls = True
    hashes = True

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        folder.mkdir()
        url = sqlite_url(folder / "chat.db")
        self._database = Database(url, 1)
        schema.prepare(self._database)
        self._secret = shared_secret(folder)
        self._stored: dict[str, str] = {}  # names of sources to ids
        command = [sys.executable, "-m", "filed", "--listen", "127.0.0.1:0", "--data", str(folder), "--database", url]
        self.process = Process([*command, "--limits", "off"], folder)
        try:
            self.process.wait_until(lambda: _READY.search(self.process.output()) is not None)
            self._host = _READY.findall(self.process.output())[0]
            for source in sources:
                self.store(source)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.process.stop()
        self._database.close()

    def version(self) -> str:
        return f"filed on Python {sys.version.split()[0]}"

    def download(self, source: Source, tls: bool) -> Transfer:
        return Transfer(self.shown(self._stored[source.name], source.size, tls), source.size)

    def uploads(self, sources: tuple[Source, ...], tls: bool, hashed: bool) -> list[Upload]:
        now = int(time.time() * 1000)
        ids = [secrets.token_urlsafe(16) for _ in sources]
        rows = [
            files.File(name, None, 0, None, None, source.name, source.size, source.sha256 if hashed else None, None,
                       files.WAITING, now, now + files.PARTIAL_LIFE * 1000)
            for name, source in zip(ids, sources, strict=True)
        ]  # fmt: skip
        with self._database.transaction(write=True) as tx:
            tx.many(files.INSERT, [row.row() for row in rows])
        return [self._upload(name, source, tls) for name, source in zip(ids, sources, strict=True)]

    def discard(self, uploads: list[Upload]) -> None:
        for upload in uploads:
            self._delete(upload)

    def settle(self, uploads: list[Upload]) -> None:
        """Wait until it has hashed what came without a hash. Raises TransferFailed when the hash is wrong."""
        waiting = {upload.name: upload.source for upload in uploads}
        limit = time.monotonic() + LATER_LIMIT
        while waiting:
            with self._database.transaction() as tx:
                found = files.states(tx, list(waiting)).values()
            for row in found:
                if row.sha256 is not None and row.sha256 != waiting.pop(row.id).sha256:
                    raise curl.TransferFailed(f"filed: wrong SHA-256 of {row.id}")
            if time.monotonic() > limit:
                raise curl.TransferFailed(f"filed: no SHA-256 after {LATER_LIMIT:.0f} s")
            time.sleep(0.02)

    def store(self, source: Source) -> None:
        """Make it one that can be downloaded."""
        upload = self.uploads((source,), False, True)[0]
        curl.move(upload.transfer)
        self._stored[source.name] = upload.name

    def shown(self, name: str, size: int, tls: bool = False) -> str:
        """The address from which a file is downloaded."""
        return self._url(name, tickets.DOWNLOAD, size, tls)

    def _upload(self, name: str, source: Source, tls: bool) -> Upload:
        url = self._url(name, tickets.UPLOAD, source.size, tls)
        transfer = Transfer(url, source.size, source.path, "PATCH", PATCH)
        return Upload(source, transfer, self.shown(name, source.size, tls), name)

    def _url(self, name: str, direction: str, size: int, tls: bool) -> str:
        ticket = tickets.issue(self._secret, tickets.Ticket(name, direction, size))
        return f"{'https' if tls else 'http'}://{self._host}/files/{name}?ticket={ticket}"

    def _delete(self, upload: Upload) -> None:
        url = urllib.parse.urlsplit(self._url(upload.name, tickets.UPLOAD, upload.source.size, False))
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        try:
            connection.request("DELETE", f"{url.path}?{url.query}", headers={"Tus-Resumable": "1.0.0"})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 204:
            raise Unusable(f"filed answers {status} to DELETE")
