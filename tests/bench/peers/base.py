"""What all servers have in common, and the ones that simply show a folder."""

from __future__ import annotations

import os
import shutil
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.curl import Transfer
from tests.bench.process import Process, Unusable
from tests.bench.sources import Source


@dataclass(frozen=True)
class Upload:
    """A place for one file: the request that fills it, the address that shows it, and the server's name for it."""

    source: Source
    transfer: Transfer
    shown: str
    name: str


class Peer(ABC):
    """A server that runs."""

    name: str
    process: Process
    tls = False  # whether it takes part in TLS
    hashes = False  # whether it can verify a SHA-256
    downloads = True
    parallel = True  # whether it takes part with many clients
    stagger = 0.0  # seconds between the beginnings of parallel clients

    @abstractmethod
    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        """Start it; ``folder`` is to be made, and the sources can be downloaded afterwards.

        Raises:
            Unusable: it cannot take part.
        """

    def stop(self) -> None:
        self.process.stop()

    @abstractmethod
    def version(self) -> str:
        """Its name and version."""

    @abstractmethod
    def download(self, source: Source, tls: bool) -> Transfer:
        """The request for a file that lies there."""

    @abstractmethod
    def uploads(self, sources: tuple[Source, ...], tls: bool, hashed: bool) -> list[Upload]:
        """New places for files, and all that is needed before the bytes can come; with ``hashed`` they are verified."""

    @abstractmethod
    def discard(self, uploads: list[Upload]) -> None:
        """Remove what was uploaded."""

    def settle(self, uploads: list[Upload]) -> None:
        """Wait until the server has no more work with them."""
        return


class FolderPeer(Peer):
    """A server of files in a folder: names are addresses."""

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        folder.mkdir()
        self.folder = folder
        self.root = folder / "files"
        self.root.mkdir()
        (self.root / "new").mkdir()
        for source in sources:
            os.link(source.path, self.root / source.name)

    @abstractmethod
    def base(self, tls: bool) -> str:
        """The address of the root, without a slash at its end."""

    def download(self, source: Source, tls: bool) -> Transfer:
        return Transfer(f"{self.base(tls)}/{source.name}", source.size)

    def uploads(self, sources: tuple[Source, ...], tls: bool, hashed: bool) -> list[Upload]:
        assert not hashed
        return [self._upload(source, tls) for source in sources]

    def discard(self, uploads: list[Upload]) -> None:
        for upload in uploads:
            (self.root / "new" / upload.name).unlink()

    def _upload(self, source: Source, tls: bool) -> Upload:
        url = f"{self.base(tls)}/new/{source.name}"
        return Upload(source, Transfer(url, source.size, source.path), url, source.name)


def program(name: str) -> str:
    """Where a program is. Raises Unusable when it is not installed."""
    # An ordinary user's PATH leaves out where Debian puts servers.
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not found:
        raise Unusable("not installed")
    return found


def free_port() -> int:
    """A TCP port that nobody listens on now, for servers that cannot choose one themselves."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def answers(port: int) -> bool:
    """Whether someone listens."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
