"""The client. Each transfer is a curl of its own, started beforehand: it waits for its orders on standard input.

So no time is counted in which curl is loaded or leaves, and all of them begin at once.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 600  # seconds for a transfer

_FAREWELL = 2.0  # seconds until it is killed
_READY_LIMIT = 20.0  # seconds until all of them wait
_REPORT = r"bench %{exitcode} %{response_code} %{size_download} %{size_upload}"
_GOOD_CODES = range(200, 300)  # FTP's too


class TransferFailed(Exception):
    """A server or curl has not done what it was asked for; the message is one line."""


@dataclass(frozen=True)
class Transfer:
    """One request. ``size`` in bytes is what must go over the wire, ``rate`` in bytes a second; 0: unlimited."""

    url: str
    size: int
    upload: Path | None = None
    method: str = ""  # instead of what curl takes for an upload
    headers: tuple[str, ...] = ()
    rate: int = 0

    def orders(self) -> str:
        """The transfer as a configuration file of curl."""
        lines = [f'url = "{self.url}"', 'output = "/dev/null"', 'noproxy = "*"', f"max-time = {LIMIT}"]
        lines += ["silent", "show-error", "insecure", rf'write-out = "%{{stderr}}{_REPORT}\n"']
        lines += [f'upload-file = "{self.upload}"'] if self.upload else []
        lines += [f'request = "{self.method}"'] if self.method else []
        lines += [f'header = "{header}"' for header in self.headers]
        lines += [f"limit-rate = {self.rate}"] if self.rate else []
        return "\n".join(lines)


@dataclass
class Client:
    """A curl that waits for its orders, or carries them out. ``began`` and ``ended`` by the monotonic clock."""

    transfer: Transfer
    process: subprocess.Popen[bytes]
    began: float = 0.0
    ended: float = 0.0
    said: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        assert self.process.stdin is not None
        self.began = time.monotonic()
        self.process.stdin.write(self.transfer.orders().encode())
        self.process.stdin.close()

    def hear(self) -> bool:
        """Read its report; true when there is nothing more to come."""
        assert self.process.stderr is not None
        data = os.read(self.process.stderr.fileno(), 4096)
        self.said += data
        # Complaints of curl's own may stand before the report.
        last = self.said.rstrip(b"\n").rpartition(b"\n")[2]
        if data and not (self.said.endswith(b"\n") and last.startswith(b"bench ")):
            return False
        self.ended = time.monotonic()
        return True

    def check(self) -> None:
        """Raises TransferFailed unless all bytes were moved and the server was content."""
        said = self.said.decode(errors="replace").strip()
        complaint, _, report = said.rpartition("bench ")
        if len(report.split()) != 4:
            raise TransferFailed(f"curl gave up: {said}")
        exit_code, answer, down, up = map(int, report.split())
        moved = up if self.transfer.upload else down
        if exit_code or answer not in _GOOD_CODES or moved != self.transfer.size:
            what = f"{moved} of {self.transfer.size} bytes, answer {answer}"
            raise TransferFailed(f"{self.transfer.url}: {what}; {complaint.strip()}")

    def end(self) -> None:
        """It has a moment to leave by itself, if it was begun at all."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_FAREWELL if self.process.stdin.closed else 0)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stderr.close()


@contextmanager
def ready(transfers: Sequence[Transfer]) -> Iterator[list[Client]]:
    """Curls that wait for `run`; all of them have ended afterwards."""
    clients: list[Client] = []
    try:
        clients += [Client(transfer, _start()) for transfer in transfers]
        limit = time.monotonic() + _READY_LIMIT
        while not all(_waits(client.process.pid) for client in clients):
            if time.monotonic() > limit:
                raise TransferFailed("curl does not start")
            time.sleep(0.005)
        yield clients
    except BaseException:
        for client in clients:
            client.process.kill()
        raise
    finally:
        for client in clients:
            client.end()


def run(clients: Sequence[Client], stagger: float = 0.0) -> float:
    """Let all of them go, one every ``stagger`` seconds, and return the seconds from the first order to the last end.

    Raises:
        TransferFailed: one of them did not move what it should.
    """
    with selectors.DefaultSelector() as selector:
        for client in clients:
            if stagger and client is not clients[0]:
                time.sleep(stagger)
            client.begin()
            assert client.process.stderr is not None
            selector.register(client.process.stderr, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select(LIMIT):
                if key.data.hear():
                    selector.unregister(key.fileobj)
    for client in clients:
        client.check()
    return max(client.ended for client in clients) - clients[0].began


def move(*transfers: Transfer, stagger: float = 0.0) -> float:
    """`ready` and `run` for those who have nothing to do in between."""
    with ready(transfers) as clients:
        return run(clients, stagger)


def same_bytes(url: str, path: Path) -> bool:
    """Whether a server now hands out just what is in the file."""
    fetch = ["curl", "-q", "--silent", "--fail", "--insecure", "--noproxy", "*", "--max-time", str(LIMIT), url]
    with subprocess.Popen(fetch, stdout=subprocess.PIPE) as client:
        compared = subprocess.run(["cmp", "--silent", "-", str(path)], stdin=client.stdout, check=False)
        assert client.stdout is not None
        client.stdout.close()
    return compared.returncode == 0 and client.returncode == 0


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["curl", "-q", "--config", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _waits(pid: int) -> bool:
    """Whether it sleeps: until there are orders, it has nothing else to sleep for."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
