"""Files: the client against curl, on the same file daemon, in turns.

Each turn begins with a disk that has nothing to write: the client waits until its file is on the disk, and curl does
not, so what the turns before have left behind would cost the client alone. Downloads come first: on a virtual machine
the host takes memory back that was free for some seconds, and whoever needs it next waits for that, too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from chatwire.client import Client
from qtclient.model.session import Session
from qtclient.records import Key, Kind, Message, Phase, TransferInfo
from tests.qtclient.bench.result import Result
from tests.qtclient.bench.stage import daemons, options, own_folder
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, qt_wait

ROUNDS = 7
LIMIT = 300  # seconds for a transfer
BEN = Key(Kind.PEER, "ben")


def main() -> None:
    """Print the results."""
    chosen = options()
    with own_folder() as folder, daemons(folder) as pair:
        from PyQt5.QtCore import QCoreApplication

        app = QCoreApplication(["bench"])
        pair.register("ann", "ben")
        pair.befriend("ann", "ben")
        session = log_in(pair, "ann", folder / "ann")
        try:
            ben = pair.log_in("ben", after=-1)
            path = folder / "big.bin"
            size = chosen.megabytes * 1_000_000
            _random_file(path, size)
            _downloads(session, ben, pair, path, size)
            _uploads(session, ben, path, size)
        finally:
            session.close()
        app.quit()


def _random_file(path: Path, size: int) -> None:
    with path.open("wb") as file:
        while size > 0:
            size -= file.write(os.urandom(min(size, 1 << 20)))


def _uploads(session: Session, ben: Client, path: Path, size: int) -> None:
    """Both offer the file with its SHA-256, so that the server has the same to do."""

    def curl() -> float:
        offer = ben.request("send_file", to_user="ann", filename="big.bin", length=size, sha256=_sha256(path))
        os.sync()
        seconds = _curl_up(offer["url"], path)
        ben.request("cancel_file", file=offer["file"])
        return seconds

    def client() -> float:
        return _client(session, lambda: session.send_file(BEN, str(path)), upload=True)

    _compare("upload", size, client, curl)


def _downloads(session: Session, ben: Client, pair: Daemons, path: Path, size: int) -> None:
    from chatwire.transfer.upload import upload

    offers: list[Message] = []
    session.file_offered.connect(offers.append)
    offer = ben.request("send_file", to_user="ann", filename="big.bin", length=size, sha256=_sha256(path))
    upload(offer["url"], path, fingerprint=pair.fingerprint)
    qt_wait(lambda: offers, "the file is offered")
    again = pair.log_in("ann", after=-1)

    def curl() -> float:
        target = path.with_name("curl.bin")
        url = again.request("get_file", file=offer["file"])["url"]
        os.sync()
        seconds = _curl_down(url, target)
        target.unlink()
        return seconds

    def client() -> float:
        folder = path.with_name("ours")
        folder.mkdir()
        seconds = _client(session, lambda: session.download(offers[0], str(folder)), upload=False)
        shutil.rmtree(folder)
        return seconds

    _compare("download", size, client, curl)


def _client(session: Session, begin: object, *, upload: bool) -> float:
    """Seconds of one transfer of the client's, from its first byte to its end."""
    os.sync()
    known = {info.id for info in session.transfers()}
    started = [0.0]
    done: list[TransferInfo] = []

    def changed(info: TransferInfo) -> None:
        if info.id in known or info.upload is not upload:
            return
        if info.phase is Phase.RUNNING and not started[0]:
            started[0] = time.perf_counter()
        if info.phase.over:
            done.append(info)

    session.transfer_changed.connect(changed)
    assert callable(begin)
    begin()
    qt_wait(lambda: done, "the file has been transferred", LIMIT)
    ended = time.perf_counter()
    session.transfer_changed.disconnect(changed)
    assert done[0].phase is Phase.DONE, done[0]
    return ended - started[0]


def _curl_up(url: str, path: Path) -> float:
    headers = ["Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream", "Expect:"]
    return _curl("-X", "PATCH", "-T", str(path), *[word for header in headers for word in ("-H", header)], url)


def _curl_down(url: str, target: Path) -> float:
    return _curl("-o", str(target), url)


def _curl(*words: str) -> float:
    """Seconds; the certificate is not checked, which can only make curl faster."""
    began = time.perf_counter()
    subprocess.run(["curl", "-q", "-sS", "-k", "-f", "--noproxy", "*", *words], check=True, timeout=LIMIT)
    return time.perf_counter() - began


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _compare(name: str, size: int, client: Callable[[], float], curl: Callable[[], float]) -> None:
    """By the median of each. They take turns, and turns at being first, so that both have the same machine."""
    seconds: dict[Callable[[], float], list[float]] = {client: [], curl: []}
    for number in range(ROUNDS):
        for transfer in (curl, client) if number % 2 else (client, curl):
            seconds[transfer].append(transfer())
    ours, curls = median(seconds[client]), median(seconds[curl])
    speeds = f"client {size / ours / 1e6:.0f} MB/s, curl {size / curls / 1e6:.0f} MB/s"
    note = f"{speeds}; medians of {ROUNDS} over TLS"
    print(Result(f"{name}, of curl's speed", curls / ours * 100, "%", 90, note, least=True).line())


if __name__ == "__main__":
    main()
