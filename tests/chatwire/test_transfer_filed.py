"""Uploads and downloads against the real file daemon, which is killed while they run."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatbase import files
from chatwire.certificate import fingerprint_of
from chatwire.tickets import DOWNLOAD, UPLOAD
from chatwire.transfer import attempts
from chatwire.transfer.download import download
from chatwire.transfer.errors import Gone, NotPermitted, TransferError, WrongHash
from chatwire.transfer.files import hash_file
from chatwire.transfer.upload import upload
from tests.conftest import assert_nothing_left, resources
from tests.support.filing import FiledProcess, Offer, sha256, some_bytes
from tests.support.waiting import DEADLINE, wait_until

pytestmark = pytest.mark.sqlite

CONTENT = some_bytes(20_000_003)
SIZE = len(CONTENT)


class Daemon:
    """A daemon, and what clients need to reach it."""

    def __init__(self, filed: FiledProcess) -> None:
        self.filed = filed
        self.pin = fingerprint_of(filed.data / "tls-cert.pem") if filed.tls else None

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.filed.tls else 'http'}://{host}:{self.filed.port}{path}"

    def put(self, offer: Offer, path: Path, **options: Callable[..., object]) -> None:
        upload(self.url(offer.up), path, fingerprint=self.pin, **options)  # type: ignore[arg-type]

    def get(self, offer: Offer, target: Path, **options: Callable[..., object]) -> Path:
        return download(
            self.url(offer.down), target, size=offer.size, sha256=sha256(CONTENT), fingerprint=self.pin,
            **options,  # type: ignore[arg-type]
        )  # fmt: skip

    def restart(self) -> None:
        self.filed.kill()
        self.filed.start()


@pytest.fixture
def daemon(database_url: str, tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.05)
    monkeypatch.setattr(attempts, "LIMIT", 10_000)  # a start may take long where many tests run
    before = resources()
    filed = FiledProcess(database_url, tmp_path, tls)
    yield Daemon(filed)
    filed.stop()
    filed.assert_tidy()
    filed.close()
    assert "Traceback" not in filed.log()
    assert_nothing_left(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("announced", [False, True], ids=("no-hash", "hash"))
def test_there_and_back(daemon: Daemon, path: Path, tmp_path: Path, announced: bool) -> None:
    offer = daemon.filed.offer(SIZE, announced=hash_file(path) if announced else None)
    daemon.put(offer, path)
    assert daemon.filed.state(offer) == files.COMPLETE
    daemon.put(offer, path)  # a second time there is nothing to do
    place = download(daemon.url(offer.down), tmp_path / "copy", fingerprint=daemon.pin)
    assert place.read_bytes() == CONTENT
    assert daemon.get(offer, tmp_path / "copy").name == "copy (1)"


def test_an_empty_file(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    offer = daemon.filed.offer(0, announced=sha256(b""))
    daemon.put(offer, tmp_path / "empty")
    assert daemon.filed.state(offer) == files.COMPLETE
    place = download(daemon.url(offer.down), tmp_path / "copy", size=0, sha256=sha256(b""), fingerprint=daemon.pin)
    assert place.read_bytes() == b""


def _restart_at(daemon: Daemon, *places: int) -> Callable[[int, int], None]:
    """A report of progress that kills the daemon when so many bytes are done."""
    left = sorted(places)

    def progress(done: int, size: int) -> None:
        if left and done >= left[0]:
            left.pop(0)
            daemon.restart()

    return progress


def test_a_daemon_that_is_killed_meanwhile_loses_nothing(daemon: Daemon, path: Path, tmp_path: Path) -> None:
    offer = daemon.filed.offer(SIZE, announced=sha256(CONTENT))
    places = [random.randrange(SIZE) for _ in range(3)]
    daemon.put(offer, path, progress=_restart_at(daemon, *places))
    assert daemon.filed.state(offer) == files.COMPLETE
    place = daemon.get(offer, tmp_path / "copy", progress=_restart_at(daemon, *places))
    assert place.read_bytes() == CONTENT


def test_a_download_may_begin_first_and_both_outlive_the_daemon(daemon: Daemon, path: Path, tmp_path: Path) -> None:
    offer = daemon.filed.offer(SIZE, announced=sha256(CONTENT))
    placed: list[Path] = []
    reader = threading.Thread(target=lambda: placed.append(daemon.get(offer, tmp_path / "copy")))
    reader.start()
    wait_until(lambda: list(tmp_path.glob("copy*.part")), "the download has begun")
    daemon.put(offer, path, progress=_restart_at(daemon, SIZE // 2))
    reader.join(DEADLINE)
    assert placed[0].read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_has_changed_is_refused(daemon: Daemon, path: Path) -> None:
    offer = daemon.filed.offer(SIZE, announced=sha256(b"something else"))
    with pytest.raises(WrongHash, match="offer it again"):
        daemon.put(offer, path)
    with pytest.raises(Gone):
        daemon.put(offer, path)
    assert daemon.filed.state(offer) == files.FAILED


def test_tickets(daemon: Daemon, path: Path, tmp_path: Path) -> None:
    offer = daemon.filed.offer(SIZE)
    expired = daemon.url(daemon.filed.path(offer.id, UPLOAD, SIZE, life=-10))
    with pytest.raises(NotPermitted):
        upload(expired, path, fingerprint=daemon.pin)
    with pytest.raises(NotPermitted):
        upload(daemon.url(offer.down), path, fingerprint=daemon.pin)
    upload(expired, path, fingerprint=daemon.pin, renew=lambda: daemon.url(offer.up))
    expired = daemon.url(daemon.filed.path(offer.id, DOWNLOAD, SIZE, life=-10))
    place = download(expired, tmp_path / "copy", fingerprint=daemon.pin, renew=lambda: daemon.url(offer.down))
    assert place.read_bytes() == CONTENT


def test_what_was_withdrawn_ends_both(daemon: Daemon, path: Path, tmp_path: Path) -> None:
    offer = daemon.filed.offer(SIZE)
    ended: list[TransferError] = []

    def read() -> None:
        try:
            daemon.get(offer, tmp_path / "copy")
        except TransferError as error:
            ended.append(error)

    def withdraw(done: int, size: int) -> None:
        if done > SIZE // 2 and daemon.filed.state(offer) != files.CANCELLED:
            daemon.filed.change(offer, state=files.CANCELLED)
            daemon.restart()

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.raises(Gone, match="withdrawn"):
        daemon.put(offer, path, progress=withdraw)
    reader.join(DEADLINE)
    assert [type(error) for error in ended] == [Gone]


def test_the_host_of_the_chat_server_is_tried(daemon: Daemon, path: Path, tmp_path: Path) -> None:
    offer = daemon.filed.offer(SIZE)
    upload(daemon.url(offer.up, "127.0.0.2"), path, fingerprint=daemon.pin, other_host="127.0.0.1")
    place = download(
        daemon.url(offer.down, "127.0.0.2"), tmp_path / "copy", fingerprint=daemon.pin, other_host="127.0.0.1"
    )
    assert place.read_bytes() == CONTENT
