"""A file that is sent and is not what it was: it grows, shrinks, vanishes, is replaced, or was never a file."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatwire.transfer.control import Control
from chatwire.transfer.errors import Cancelled, Changed, LocalProblem
from chatwire.transfer.source import Source
from chatwire.transfer.upload import upload
from tests import conftest
from tests.chatwire.scripted import Connection, Request, Scripted, has, scripted, takes

CONTENT = random.Random(2).randbytes(2_500_000)
SIZE = len(CONTENT)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    before = conftest.resources()
    yield
    conftest.assert_nothing_left(before)


@pytest.fixture
def server(nothing_left: None, tmp_path: Path) -> Iterator[Scripted]:
    with scripted(False, tmp_path) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a file.log"
    path.write_bytes(CONTENT)
    return path


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"and more")


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"something else that is longer" * 100_000)
    other.replace(path)


def _forbid(path: Path) -> None:
    path.chmod(0)


HARMLESS: dict[str, Callable[[Path], object]] = {
    "grows": _grow,
    "vanishes": Path.unlink,
    "is-replaced": _replace,
    "is-forbidden": _forbid,
}


@pytest.mark.parametrize("when", ["while-it-is-read", "before-it-is-sent", "while-it-is-sent"])
@pytest.mark.parametrize("what", HARMLESS)
def test_what_was_announced_is_sent(server: Scripted, path: Path, what: str, when: str) -> None:
    moments = ["while-it-is-read", "before-it-is-sent", "while-it-is-sent"]

    def moment(now: str) -> None:
        if now == when and moments:
            moments.clear()
            HARMLESS[what](path)

    server.expects(has(0, SIZE), takes())
    with Source(path) as source:
        source.hash(progress=lambda done, size: moment("while-it-is-read"))
        assert (source.size, source.sha256) == (SIZE, SHA256)
        moment("before-it-is-sent")
        upload(server.url(), source, progress=lambda done, size: moment("while-it-is-sent"))
    assert bytes(server.requests[-1].body) == CONTENT
    assert not moments


def test_a_path_that_has_grown_is_sent_as_far_as_it_was_announced(server: Scripted, path: Path) -> None:
    _grow(path)
    told: list[tuple[int, int]] = []
    server.expects(has(7, SIZE), takes(7))
    upload(server.url(), path, progress=lambda *step: told.append(step))
    assert bytes(server.requests[-1].body) == CONTENT[7:]
    assert told[-1] == (SIZE, SIZE)


def test_one_that_shrinks_while_it_is_read_is_announced_as_it_was_read(path: Path) -> None:
    def shrink(done: int, size: int) -> None:
        os.truncate(path, 1024 * 1024)

    with Source(path) as source:
        source.hash(progress=shrink)
        assert (source.size, source.sha256) == (1024 * 1024, hashlib.sha256(CONTENT[: 1024 * 1024]).hexdigest())


@pytest.mark.parametrize("size", [0, 1_000_000])
def test_one_that_shrinks_before_it_is_sent_has_changed(server: Scripted, path: Path, size: int) -> None:
    def end(connection: Connection, request: Request) -> None:
        connection.gone()

    server.expects(has(0, SIZE), end)
    with Source(path) as source:
        os.truncate(path, size)
        with pytest.raises(Changed, match=r"a file\.log has become shorter"):
            upload(server.url(), source)


def test_errors_while_it_is_read_are_told(server: Scripted, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def end(connection: Connection, request: Request) -> None:
        connection.gone()

    server.expects(has(0, SIZE), end)
    with Source(path) as source:
        monkeypatch.setattr(os, "preadv", fail)
        with pytest.raises(LocalProblem, match=r"cannot read a file\.log: Input/output error"):
            upload(server.url(), source)


def test_what_is_no_file_is_refused_untouched(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "loop").symlink_to("loop")
    for wrong, words in (
        (pipe, "is no file"), (Path("/dev/zero"), "is no file"), (tmp_path, "is a folder"), (tmp_path / "x", "No such"),
        (tmp_path / "loop", "symbolic links"), (Path("/proc/version"), "send a copy of it"),
        (Path("/proc/self/maps"), "send a copy of it"),
    ):  # fmt: skip
        with pytest.raises(LocalProblem, match=words):
            Source(wrong)


def test_a_pipe_s_writer_notices_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LocalProblem):
        Source(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_one_that_may_not_be_read(path: Path) -> None:
    _forbid(path)
    with pytest.raises(LocalProblem, match="Permission denied"):
        Source(path)


def test_an_empty_file_and_one_that_says_too_much(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with Source(empty) as source:
        source.hash()
        assert (source.size, source.sha256) == (0, hashlib.sha256().hexdigest())
    attribute = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if attribute.exists():  # it says 4,096
        with Source(attribute) as source:
            source.hash()
            assert 0 < source.size < 4096


def test_what_was_announced_in_an_earlier_run_is_looked_for(path: Path) -> None:
    with Source(path) as source:
        mtime = source.mtime
    reads: list[int] = []

    def look(size: int = SIZE, sha256: str = SHA256, mtime: int = mtime) -> int:
        with Source(path) as source:
            source.check(size, sha256, mtime, progress=lambda done, size: reads.append(done))
            assert source.sha256 == SHA256
            return source.size

    assert look() == SIZE
    assert not reads, "it is untouched"
    os.utime(path, ns=(0, 0))
    assert look() == SIZE
    assert reads
    _grow(path)
    assert look() == SIZE
    with pytest.raises(Changed):
        look(sha256="0" * 64)
    os.truncate(path, SIZE - 1)
    with pytest.raises(Changed):
        look()


def test_reading_can_be_cancelled(path: Path) -> None:
    control = Control()
    with Source(path) as source, pytest.raises(Cancelled):
        source.hash(progress=lambda done, size: control.cancel(), control=control)
