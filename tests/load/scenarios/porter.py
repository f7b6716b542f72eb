"""The process that moves files for `files`: a thread for each direction of each pair of users.

It reads lines on standard input: first an object with address, people and the size of the files, then ``go`` and in the
end ``finish``. When the input ends before that, it ends at once, in the middle of whatever it does. It writes an object
per line: ``what`` is ready, moving (now and then), uploaded or downloaded (with bytes, and ns of the monotonic clock),
or failed (with kind and detail).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chatwire.client import OFFER, Client
from chatwire.errors import LinkError, WireError
from chatwire.transfer.control import Control
from chatwire.transfer.download import download
from chatwire.transfer.errors import Cancelled, Gone, WrongHash
from chatwire.transfer.files import hash_file
from chatwire.transfer.upload import upload
from tests.load.targets.base import Address

TIMEOUT = 60.0  # seconds for a request, or until an offer has come
STOP_LIMIT = 3.0  # seconds until it ends without waiting for its threads, when nobody listens any more
SAYING = 1.0  # seconds between two signs of life
_HEAD = 64  # bytes at the beginning that make each file another one

Say = Callable[..., None]


class Wrong(Exception):
    """A broken promise: its kind, and which."""


class Direction:
    """One user sends files to another. `prepare` is called by the main thread, `work` by a thread of its own, which has
    a second one for downloads.
    """

    def __init__(self, address: Address, one: list[str], other: list[str], folder: Path, size: int, say: Say) -> None:
        self.control = Control()
        self._address = address
        self._one, self._other = one, other
        self._source, self._target = folder / "source", folder / "target"
        self._size = size
        self._say = say
        self._clients: list[Client] = []
        self._files = 0
        self._said = 0.0
        folder.mkdir()

    def prepare(self) -> None:
        """Log both in, and write the file. Raises WireError and OSError."""
        self._sender, self._receiver = self._enter(*self._one), self._enter(*self._other)
        self._source.write_bytes(os.urandom(self._size))

    def work(self, finish: threading.Event) -> None:
        """Send one file after the other, until told to finish."""
        try:
            with ThreadPoolExecutor(1, "downloads") as downloads:
                while not finish.is_set():
                    self._carry(downloads)
                    self._files += 1
        except Cancelled:
            pass
        except Wrong as error:
            self._fail(*map(str, error.args))
        except (Gone, WrongHash) as error:
            self._fail("lost" if isinstance(error, Gone) else "altered", str(error))
        except (WireError, OSError, LookupError, TypeError, ValueError) as error:
            kind = (
                "closed" if isinstance(error, LinkError) else "refused" if isinstance(error, WireError) else "altered"
            )
            self._fail(kind, str(error) or type(error).__name__)
        for client in self._clients:
            client.close()

    def _carry(self, downloads: ThreadPoolExecutor) -> None:
        """One file, from the offer to the comparison."""
        with self._source.open("r+b") as file:
            file.write(f"file {self._files} of {self._one[0]} for {self._other[0]}".encode().ljust(_HEAD)[: self._size])
        sha256 = hash_file(self._source)
        name = f"{self._files}.bin"
        offer = self._sender.expect(
            "send_file", to_user=self._other[0], filename=name, length=self._size, sha256=sha256
        )
        url = self._await_offer(str(offer["file"]), name, sha256)
        if self._files % 2:
            done = downloads.submit(self._download, url, sha256)
            self._upload(str(offer["url"]))
            done.result()
        else:
            self._upload(str(offer["url"]))
            self._download(url, sha256)
        self._sender.expect("cancel_file", file=offer["file"])  # the server removes the bytes

    def _await_offer(self, file: str, name: str, sha256: str) -> str:
        end = time.monotonic() + TIMEOUT
        while (left := end - time.monotonic()) > 0:
            push = self._receiver.next_push(left)
            if push is None or push.get("cmd") != OFFER or push.get("file") != file:
                continue  # states, and what the other direction is about
            wanted = {"filename": name, "length": self._size, "sha256": sha256, "from_user": self._one[0]}
            if wrong := [field for field, value in wanted.items() if push.get(field) != value]:
                raise Wrong("altered", f"the offer of {name}: {', '.join(wrong)}")
            return str(push["url"])
        raise Wrong("lost", f"the offer of {name}")

    def _upload(self, url: str) -> None:
        began = time.monotonic_ns()
        upload(url, self._source, control=self.control, fingerprint=self._pin, progress=self._moving)
        self._say(what="uploaded", bytes=self._size, began=began, ended=time.monotonic_ns())

    def _download(self, url: str, sha256: str) -> None:
        """What arrives is hashed here once more, from the disk."""
        began = time.monotonic_ns()
        got = download(
            url, self._target, size=self._size, sha256=sha256, control=self.control, fingerprint=self._pin,
            progress=self._moving,
        )  # fmt: skip
        ended = time.monotonic_ns()
        found, size = hash_file(got), got.stat().st_size
        got.unlink()
        if (found, size) != (sha256, self._size):
            raise Wrong(
                "altered", f"{self._files}.bin: {size} bytes, SHA-256 {found}, in place of {self._size}, {sha256}"
            )
        self._say(what="downloaded", bytes=size, began=began, ended=ended)

    def _moving(self, done: int, size: int) -> None:
        """A part of a file has gone; two threads at a time may say so."""
        if time.monotonic() - self._said > SAYING:
            self._said = time.monotonic()
            self._say(what="moving")

    @property
    def _pin(self) -> str | None:
        return self._address.fingerprint or None

    def _enter(self, name: str, token: str) -> Client:
        address = self._address
        client = Client(address.host, address.port, tls=address.tls, fingerprint=self._pin, timeout=TIMEOUT)
        self._clients.append(client)
        client.resume(name, token, after=-1)
        return client

    def _fail(self, kind: str, detail: str) -> None:
        self._say(what="failed", kind=kind, detail=f"from {self._one[0]} to {self._other[0]}: {detail}")


class Porter:
    """All of it. The main thread calls everything; `say` alone belongs to all."""

    def __init__(self, told: dict[str, Any], folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._finish = threading.Event()
        address, people = Address(**told["address"]), told["people"]
        pairs = [(people[at + turn], people[at + 1 - turn]) for at in range(0, len(people), 2) for turn in (0, 1)]
        self._directions = [
            Direction(address, one, other, folder / str(number), told["size"], self.say)
            for number, (one, other) in enumerate(pairs)
        ]
        self._threads = [
            threading.Thread(target=direction.work, args=(self._finish,), name=f"direction-{number}")
            for number, direction in enumerate(self._directions)
        ]

    def say(self, **what: object) -> None:
        """Write an object."""
        with self._lock:
            print(json.dumps(what), flush=True)

    def run(self) -> None:
        """Until told to finish."""
        try:
            for direction in self._directions:
                direction.prepare()
        except (WireError, OSError) as error:
            self.say(what="failed", kind="refused", detail=str(error))
            return
        self.say(what="ready")
        for line in sys.stdin:
            if line == "go\n":
                for thread in self._threads:
                    thread.start()
            elif line == "finish\n":
                self._finish.set()
                break
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _watch(self) -> None:
        """Cancel everything when the input has ended."""
        while os.read(sys.stdin.fileno(), 4096):  # not `sys.stdin`, whose lock would be missed at the end
            pass
        self._finish.set()
        for direction in self._directions:
            direction.control.cancel()
        time.sleep(STOP_LIMIT)
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(1)


def main() -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started it ends it
    with tempfile.TemporaryDirectory(prefix="load-files-") as folder:
        line = sys.stdin.readline()
        if line:
            Porter(json.loads(line), Path(folder)).run()


if __name__ == "__main__":
    main()
