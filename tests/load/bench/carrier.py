"""The process that moves files: two users of chatwire, a thread each, the one uploads and the other downloads."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from chatwire.client import Client
from chatwire.errors import WireError
from chatwire.transfer.control import Control
from chatwire.transfer.download import download
from chatwire.transfer.errors import Cancelled
from chatwire.transfer.upload import upload
from tests.load.targets.base import Address

SENDER, RECEIVER = "carrier-up", "carrier-down"  # no names of a run's people
SIZE = 64 << 20  # bytes of each file
TIMEOUT = 30.0  # seconds for a request
_MIB = 1 << 20


def main(address: Address, folder: Path, pipe: Connection) -> None:
    """Runs in a process of its own until anything is said in the pipe, or its other end is gone.

    Says "" there once files move, or why they cannot, and at the end how many MiB per second have gone each way, and
    what went wrong.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started it ends it
    with tempfile.TemporaryDirectory(dir=folder) as here:
        carrier = Carrier(address, Path(here))
        try:
            trouble = carrier.start()
            pipe.send(trouble)
            if not trouble:
                pipe.poll(None)
                pipe.send(carrier.stop())
        except (EOFError, OSError):
            carrier.stop()


class Carrier:
    """`start` and `stop` belong to the process's main thread; the two others share nothing but ``failures``, to which
    they append.
    """

    def __init__(self, address: Address, folder: Path) -> None:
        self.failures: list[str] = []
        self._address = address
        self._folder = folder
        self._source = folder / "source"
        self._up, self._down = Way("upload"), Way("download")
        self._clients: list[Client] = []
        self._began = 0.0

    def start(self) -> str:
        """Log in, and move the first file both ways; the rest goes on in threads. Returns what went wrong, or ""."""
        try:
            self._source.write_bytes(os.urandom(SIZE))
            sender, receiver = self._client(SENDER), self._client(RECEIVER)
            file = self._carry_up(sender)
            url = receiver.expect("get_file", file=file)["url"]
            self._carry_down(url)
        except (WireError, OSError) as error:
            self._close()
            return str(error)
        self._began = time.monotonic()
        self._up.begin(lambda: self._carry_up_and_forget(sender), self.failures)
        self._down.begin(lambda: self._carry_down(url), self.failures)
        return ""

    def stop(self) -> tuple[tuple[float, float], tuple[str, ...]]:
        """End all transfers in the middle of whatever they do."""
        rates = [way.end() / _MIB / max(1e-9, time.monotonic() - self._began) for way in (self._up, self._down)]
        self._close()
        return (rates[0], rates[1]), tuple(self.failures)

    def _client(self, name: str) -> Client:
        client = Client(self._address.host, self._address.port, tls=False, timeout=TIMEOUT)
        self._clients.append(client)
        client.register(name, name)
        client.login(name, name)
        return client

    def _close(self) -> None:
        for client in self._clients:
            client.close()

    def _carry_up(self, sender: Client) -> str:
        """Offer and upload; returns the file's id."""
        offer = sender.expect("send_file", to_user=RECEIVER, filename=self._source.name, length=SIZE)
        upload(offer["url"], self._source, progress=self._up.moved, control=self._up.control)
        return str(offer["file"])

    def _carry_up_and_forget(self, sender: Client) -> None:
        """The server removes the bytes when an offer is taken back, so that the disk does not fill up."""
        sender.expect("cancel_file", file=self._carry_up(sender))

    def _carry_down(self, url: str) -> None:
        """The hash is verified on the way."""
        target = self._folder / "target"
        download(url, target, size=SIZE, progress=self._down.moved, control=self._down.control).unlink()


class Way:
    """One direction: its thread, and how many bytes have gone."""

    def __init__(self, name: str) -> None:
        self.control = Control()
        self._name = name
        self._thread: threading.Thread | None = None
        self._sum = self._of_this = 0

    def begin(self, step: Callable[[], object], failures: list[str]) -> None:
        """Do it again and again, in a thread, until `end`."""
        self._sum = 0
        self._thread = threading.Thread(target=self._work, args=(step, failures), name=f"carrier-{self._name}")
        self._thread.start()

    def end(self) -> int:
        """Stop; returns the bytes that have gone since `begin`."""
        self.control.cancel()
        if self._thread is not None:
            self._thread.join()
        return self._sum

    def moved(self, done: int, size: int) -> None:
        """So much of one file has gone; called by the thread of the transfer."""
        self._sum += max(0, done - self._of_this)
        self._of_this = 0 if done == size else done

    def _work(self, step: Callable[[], object], failures: list[str]) -> None:
        try:
            while True:
                step()
        except Cancelled:
            pass
        except (WireError, OSError) as error:
            if not self.control.cancelled:
                failures.append(f"{self._name}: {error}")
