"""Downloads from a server that is told what to do: broken connections, wrong bytes, wrong answers."""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.transfer import attempts, control
from chatwire.transfer import download as download_module
from chatwire.transfer import part as part_module
from chatwire.transfer.control import Control
from chatwire.transfer.download import download
from chatwire.transfer.errors import Cancelled, Gone, LocalProblem, TransferError, Unexpected, Unreachable, WrongHash
from chatwire.transfer.files import problem_with
from tests.chatwire.scripted import Connection, Request, Scripted, Step, says, scripted, sends
from tests.conftest import assert_nothing_left, resources
from tests.support.waiting import DEADLINE, wait_until

CONTENT = random.Random(2).randbytes(3_000_001)
SIZE = len(CONTENT)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short waits; and afterwards nothing is left."""
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.02)
    monkeypatch.setattr(control, "_HOLD", 0.05)
    before = resources()
    yield
    assert_nothing_left(before)


@pytest.fixture
def server(tls: bool, tmp_path: Path, quick: None) -> Iterator[Scripted]:
    with scripted(tls, tmp_path) as running:
        yield running


@pytest.fixture
def plain_server(tmp_path: Path, quick: None) -> Iterator[Scripted]:
    with scripted(False, tmp_path) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def parts(folder: Path) -> list[Path]:
    return list(folder.glob("*.part"))


def test_a_file_comes_whole(server: Scripted, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    server.expects(sends(CONTENT))
    place = download(
        server.url(), folder / "a.bin", size=SIZE, sha256=SHA256.upper(), fingerprint=server.pin,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert place == folder / "a.bin"
    assert place.read_bytes() == CONTENT
    assert names(folder) == ["a.bin"]
    assert server.asked() == ["GET"]
    assert "range" not in server.requests[0].headers
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert (told[0], told[-1]) == ((0, SIZE), (SIZE, SIZE))
    assert told == sorted(told)


def test_a_broken_connection_is_gone_on_with(server: Scripted, folder: Path) -> None:
    server.expects(sends(CONTENT, 1_000_000), sends(CONTENT, 2_000_001), sends(CONTENT))
    place = download(server.url(), folder / "a.bin", sha256=SHA256, fingerprint=server.pin)
    assert place.read_bytes() == CONTENT
    starts = [request.headers.get("range") for request in server.requests]
    assert starts[0] is None
    assert starts[2] == "bytes=2000001-"  # an orderly end loses nothing, a reset may
    assert {request.headers.get("if-range") for request in server.requests[1:]} == {'"abc"'}


def test_what_is_on_disk_is_not_fetched_again(server: Scripted, folder: Path) -> None:
    server.expects(sends(CONTENT, 1_500_001), says(404))
    with pytest.raises(Gone):
        download(server.url(), folder / "a.bin", sha256=SHA256, fingerprint=server.pin)
    (part,) = parts(folder)
    assert part.read_bytes() == CONTENT[:1_500_001]
    server.expects(sends(CONTENT))
    place = download(
        server.url("/files/abc?ticket=another"), folder / "a.bin", sha256=SHA256, fingerprint=server.pin
    )  # fmt: skip
    assert server.requests[-1].headers["range"] == "bytes=1500001-"
    assert place.read_bytes() == CONTENT
    assert names(folder) == ["a.bin"]


def test_files_of_one_name_do_not_mix(plain_server: Scripted, folder: Path) -> None:
    server = plain_server
    server.expects(sends(CONTENT, 1_000_001), says(404), sends(b"other", ETag='"def"'), sends(CONTENT))
    with pytest.raises(Gone):
        download(server.url(), folder / "a.bin")
    other = download(
        server.url("/files/def?ticket=t"), folder / "a.bin", sha256=hashlib.sha256(b"other").hexdigest()
    )  # fmt: skip
    assert other.read_bytes() == b"other"
    first = download(server.url(), folder / "a.bin", sha256=SHA256)
    assert (first.name, first.read_bytes()) == ("a (1).bin", CONTENT)


def test_all_of_it_on_disk_needs_no_server(folder: Path, plain_server: Scripted) -> None:
    plain_server.expects(sends(CONTENT, 501), says(404))
    with pytest.raises(Gone):
        download(plain_server.url(), folder / "a.bin")
    parts(folder)[0].write_bytes(CONTENT)
    assert download(plain_server.url(), folder / "a.bin", size=SIZE, sha256=SHA256).read_bytes() == CONTENT
    assert len(plain_server.requests) == 2


def test_the_hash_may_come_from_the_server(plain_server: Scripted, folder: Path) -> None:
    server = plain_server
    server.expects(sends(CONTENT, Repr_Digest=DIGEST))
    download(server.url(), folder / "a.bin")
    server.expects(sends(CONTENT[:-1] + b"x", Repr_Digest=f"md5=:AAAA:, {DIGEST}"))
    with pytest.raises(WrongHash):
        download(server.url(), folder / "a.bin")
    server.expects(sends(CONTENT), says(503), says(200, Repr_Digest=DIGEST))
    download(server.url(), folder / "a.bin")
    server.expects(sends(CONTENT[:-1] + b"x"), says(200, Repr_Digest=DIGEST))
    with pytest.raises(WrongHash):
        download(server.url(), folder / "a.bin")
    server.expects(sends(CONTENT), says(200))
    assert download(server.url(), folder / "a.bin").name == "a (2).bin"  # nobody knows a hash
    assert server.asked() == ["GET", "GET", "GET", "HEAD", "HEAD", "GET", "HEAD", "GET", "HEAD"]


def test_a_wrong_hash_removes_what_came(server: Scripted, folder: Path) -> None:
    server.expects(sends(CONTENT))
    with pytest.raises(WrongHash, match="removed"):
        download(server.url(), folder / "a.bin", sha256="0" * 64, fingerprint=server.pin)
    assert names(folder) == []


def test_no_file_is_replaced(plain_server: Scripted, folder: Path) -> None:
    server = plain_server
    for name in ("a.tar.gz", "a (1).tar.gz"):
        (folder / name).write_text("mine")
    (folder / "a (2).tar.gz").symlink_to("nowhere")
    server.expects(sends(CONTENT))
    place = download(server.url(), folder / "a.tar.gz", sha256=SHA256)
    assert place.name == "a (3).tar.gz"
    assert (folder / "a.tar.gz").read_text() == "mine"
    assert not (folder / "nowhere").exists()


def test_a_file_system_without_links(plain_server: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: object, target: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    (folder / "a.bin").write_text("mine")
    plain_server.expects(sends(CONTENT))
    place = download(plain_server.url(), folder / "a.bin", sha256=SHA256)
    assert (place.name, place.read_bytes()) == ("a (1).bin", CONTENT)
    assert (folder / "a.bin").read_text() == "mine"
    assert len(names(folder)) == 2


def test_a_part_that_is_in_use(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(sends(CONTENT, 5), says(404))
    with pytest.raises(Gone):
        download(plain_server.url(), folder / "a.bin")
    (part,) = parts(folder)
    with part.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LocalProblem, match="already"):
            download(plain_server.url(), folder / "a.bin")
    assert part.read_bytes() == CONTENT[:5]


def test_a_link_in_the_place_of_a_part_is_not_followed(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(sends(CONTENT, 5), says(404))
    with pytest.raises(Gone):
        download(plain_server.url(), folder / "a.bin")
    (part,) = parts(folder)
    part.unlink()
    (folder / "victim").write_text("mine")
    part.symlink_to(folder / "victim")
    with pytest.raises(LocalProblem):
        download(plain_server.url(), folder / "a.bin")
    assert (folder / "victim").read_text() == "mine"


def test_another_file_in_its_place_is_told(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(sends(b"wrong " * 100, 501), says(200, CONTENT))
    with pytest.raises(Unexpected, match="were announced"):
        download(plain_server.url(), folder / "a.bin")


def test_a_server_without_ranges_begins_anew(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(sends(CONTENT, 501), says(200, CONTENT))
    assert download(plain_server.url(), folder / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    assert plain_server.requests[1].headers["range"] == "bytes=501-"


@pytest.mark.parametrize("length", [SIZE, SIZE + 5])
def test_a_part_that_is_too_long_or_whole(plain_server: Scripted, folder: Path, length: int) -> None:
    plain_server.expects(sends(CONTENT, 501), says(404))
    with pytest.raises(Gone):
        download(plain_server.url(), folder / "a.bin")
    parts(folder)[0].write_bytes((CONTENT + b"12345")[:length])
    plain_server.expects(says(416, Content_Range=f"bytes */{SIZE}"), *([sends(CONTENT)] if length > SIZE else []))
    assert download(plain_server.url(), folder / "a.bin", sha256=SHA256).read_bytes() == CONTENT


NONSENSE: list[Step] = [
    says(200, Content_Length="", Connection="close"), says(206, b"x"), says(206, b"x", Content_Range="bytes 0-/x"),
    says(206, b"x", Content_Range="bytes */5"), says(416), says(302, Location="http://h/"), says(204),
]  # fmt: skip


@pytest.mark.parametrize("step", NONSENSE)
def test_answers_that_make_no_sense(plain_server: Scripted, folder: Path, step: Step) -> None:
    plain_server.expects(step)
    with pytest.raises(Unexpected):
        download(plain_server.url(), folder / "a.bin")
    assert names(folder) == []


def test_another_size_than_announced(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(sends(CONTENT))
    with pytest.raises(Unexpected, match="were announced"):
        download(plain_server.url(), folder / "a.bin", size=SIZE + 1)


def test_a_range_from_elsewhere_begins_anew(plain_server: Scripted, folder: Path) -> None:
    elsewhere = says(206, CONTENT[700:], Content_Range=f"bytes 700-{SIZE - 1}/{SIZE}")
    plain_server.expects(sends(CONTENT, 501), elsewhere, sends(CONTENT))
    assert download(plain_server.url(), folder / "a.bin", sha256=SHA256).read_bytes() == CONTENT


def test_an_empty_file(server: Scripted, folder: Path) -> None:
    server.expects(sends(b""), says(200))
    place = download(server.url(), folder / "a.bin", size=0, fingerprint=server.pin)
    assert place.read_bytes() == b""
    assert names(folder) == ["a.bin"]


def test_folders_that_cannot_be_written(plain_server: Scripted, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target in (folder / "missing" / "a", tmp_path / "file" / "a", Path("/proc/a")):
        with pytest.raises(LocalProblem, match=r"folder|cannot write"):
            download(plain_server.url(), target)
    assert not plain_server.requests


def test_a_disk_without_room_is_told_before_the_first_byte(plain_server: Scripted, folder: Path) -> None:
    plain_server.expects(says(200, b"x", Content_Length=str(10**16)))
    with pytest.raises(LocalProblem, match="no room"):
        download(plain_server.url(), folder / "a.bin")
    assert names(folder) == []


def test_a_disk_that_fills_up_keeps_what_came(
    plain_server: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = part_module.Part.write

    def full(self: part_module.Part, count: int) -> None:
        if self.length > 1_000_000:
            raise problem_with(self.path, OSError(errno.ENOSPC, "No space left on device"))
        write(self, count)

    monkeypatch.setattr(part_module.Part, "write", full)
    plain_server.expects(sends(CONTENT))
    with pytest.raises(LocalProblem, match="make some, and go on"):
        download(plain_server.url(), folder / "a.bin", sha256=SHA256)
    monkeypatch.undo()
    plain_server.expects(sends(CONTENT))
    assert download(plain_server.url(), folder / "a.bin", sha256=SHA256).read_bytes() == CONTENT
    assert int(plain_server.requests[1].headers["range"].strip("bytes=-")) > 1_000_000


def test_it_gives_up_when_nothing_comes_of_it(plain_server: Scripted, folder: Path) -> None:
    few = [sends(CONTENT, 3 * number) for number in range(1, 2 * attempts.LIMIT)]
    nothing = [sends(CONTENT, 3 * (2 * attempts.LIMIT - 1))] * attempts.LIMIT
    plain_server.expects(*few, *nothing)
    with pytest.raises(Unreachable, match="kept"):
        download(plain_server.url(), folder / "a.bin")
    assert len(parts(folder)) == 1


def test_a_sender_who_rests_is_waited_for(
    plain_server: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(connection: Connection, request: Request) -> None:
        connection.send(200, {"Content-Length": str(SIZE)})
        connection.gone()

    monkeypatch.setattr(download_module, "_ANSWER_TIME", 0.05)
    plain_server.expects(*[nothing] * (attempts.LIMIT + 3), sends(CONTENT))
    assert download(plain_server.url(), folder / "a.bin", sha256=SHA256).read_bytes() == CONTENT


class Aside:
    """A download in a thread of its own."""

    def __init__(self, server: Scripted, target: Path) -> None:
        self.control = Control()
        self.error: BaseException | None = None
        self._server, self._target = server, target
        self._thread = threading.Thread(target=self._run)

    def starts(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            download(
                self._server.url(), self._target, sha256=SHA256, fingerprint=self._server.pin, control=self.control
            )
        except TransferError as error:
            self.error = error

    def ends(self) -> BaseException | None:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        return self.error


def test_cancelling_interrupts_a_silent_server(server: Scripted, folder: Path) -> None:
    def stop_in_the_middle(connection: Connection, request: Request) -> None:
        connection.send(200, {"Content-Length": str(SIZE)}, CONTENT[:1000])
        assert connection.gone()

    aside = Aside(server, folder / "a.bin")
    server.expects(stop_in_the_middle)
    aside.starts()
    wait_until(lambda: [part for part in parts(folder) if part.stat().st_size], "some bytes have come")
    aside.control.cancel()
    assert isinstance(aside.ends(), Cancelled)
    assert parts(folder)[0].read_bytes() == CONTENT[:1000]


def test_a_pause_closes_the_connection_and_resuming_goes_on(server: Scripted, folder: Path) -> None:
    def send_slowly(connection: Connection, request: Request) -> None:
        connection.send(200, {"Content-Length": str(SIZE)}, CONTENT[:1000])
        wait_until(lambda: parts(folder) and parts(folder)[0].stat().st_size)
        aside.control.pause()
        with contextlib.suppress(OSError):
            for position in range(1000, SIZE, 1000):
                connection.socket.sendall(CONTENT[position : position + 1000])
        assert connection.gone()  # the buffers in between may take all of it
        closed.set()

    closed = threading.Event()
    aside = Aside(server, folder / "a.bin")
    server.expects(send_slowly, sends(CONTENT))
    aside.starts()
    assert closed.wait(DEADLINE)
    assert len(server.requests) == 1
    assert not (folder / "a.bin").exists()
    aside.control.resume()
    assert aside.ends() is None
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert server.requests[1].headers["range"] != f"bytes={SIZE}-"


def test_nobody_there(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match="cannot connect"):
        download(f"http://127.0.0.1:{port}/files/x", folder / "a.bin")
    assert names(folder) == []
