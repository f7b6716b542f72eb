"""Uploads against a server that is told what to do: broken connections, refusals, silence."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatwire.errors import LinkError
from chatwire.transfer import attempts, control
from chatwire.transfer.control import Control
from chatwire.transfer.errors import (
    Cancelled,
    Gone,
    LocalProblem,
    NotPermitted,
    ServerFull,
    TooLarge,
    TransferError,
    Unexpected,
    Unreachable,
    Untrusted,
    WrongHash,
)
from chatwire.transfer.upload import upload
from tests import conftest
from tests.chatwire.scripted import Connection, Request, Scripted, breaks_after, has, says, scripted, takes
from tests.support.waiting import DEADLINE, wait_until

CONTENT = random.Random(1).randbytes(3_000_000)
SIZE = len(CONTENT)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short waits; and afterwards nothing is left."""
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.02)
    monkeypatch.setattr(control, "_HOLD", 0.05)
    before = conftest.resources()
    yield
    conftest.assert_nothing_left(before)


@pytest.fixture
def server(tls: bool, tmp_path: Path, quick: None) -> Iterator[Scripted]:
    with scripted(tls, tmp_path) as running:
        yield running


@pytest.fixture
def plain_server(tmp_path: Path, quick: None) -> Iterator[Scripted]:
    with scripted(False, tmp_path) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a file.bin"
    path.write_bytes(CONTENT)
    return path


def test_it_goes_on_where_the_server_is(server: Scripted, path: Path) -> None:
    told: list[tuple[int, int]] = []
    server.expects(has(1_000_000, SIZE), takes(1_000_000))
    upload(server.url(), path, fingerprint=server.pin, progress=lambda *step: told.append(step))
    assert server.asked() == ["HEAD", "PATCH"]
    assert server.requests[1].body == CONTENT[1_000_000:]
    assert server.requests[1].headers["content-type"] == "application/offset+octet-stream"
    assert {request.headers["tus-resumable"] for request in server.requests} == {"1.0.0"}
    assert server.connections == 1
    assert told[0] == (1_000_000, SIZE)
    assert told[-1] == (SIZE, SIZE)
    assert told == sorted(told)


def test_what_is_there_is_not_sent_again(server: Scripted, path: Path) -> None:
    server.expects(has(SIZE))
    upload(server.url(), path, fingerprint=server.pin)
    assert server.asked() == ["HEAD"]


def test_a_broken_connection_is_gone_on_with(server: Scripted, path: Path) -> None:
    server.expects(has(0), breaks_after(500_000), has(400_000), breaks_after(0), has(400_000), takes(400_000))
    upload(server.url(), path, fingerprint=server.pin)
    assert bytes(server.requests[-1].body) == CONTENT[400_000:]
    assert server.connections == 3


def test_a_server_that_takes_less_is_asked_again(server: Scripted, path: Path) -> None:
    server.expects(has(0), says(204, Upload_Offset="7"), has(7), takes(7))
    upload(server.url(), path, fingerprint=server.pin)


@pytest.mark.parametrize("status", [409, 423, 500, 502, 503, 504, 429])
def test_what_may_pass_is_tried_again(plain_server: Scripted, path: Path, status: int) -> None:
    server = plain_server
    server.expects(says(status, b"busy", Retry_After="0"), has(0), says(status), has(10), takes(10))
    upload(server.url(), path)


FINAL = [
    (401, NotPermitted), (403, NotPermitted), (404, Gone), (410, Gone), (413, TooLarge), (460, WrongHash),
    (507, ServerFull), (418, Unexpected), (301, Unexpected),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), FINAL)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_refusal_is_told(
    plain_server: Scripted, path: Path, status: int, kind: type[TransferError], method: str
) -> None:
    server = plain_server
    server.expects(*([] if method == "HEAD" else [has(0)]), says(status, b"because \x1b of this\nsecond"))
    with pytest.raises(kind) as caught:
        upload(server.url("/files/abc?ticket=secret"), path)
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)
    assert method == "HEAD" or "because ␛ of this)" in str(caught.value)
    assert server.done


def test_it_gives_up_when_nothing_comes_of_it(plain_server: Scripted, path: Path) -> None:
    server = plain_server
    in_vain = attempts.LIMIT - 2
    server.expects(*[says(503)] * in_vain, has(0), breaks_after(10), has(5), *[says(503)] * attempts.LIMIT)
    with pytest.raises(Unreachable, match="kept"):
        upload(server.url(), path)
    assert server.asked().count("PATCH") == 2

    assert server.done


def test_nobody_there(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match=f"cannot connect to 127.0.0.1:{port} .connection refused"):
        upload(f"http://127.0.0.1:{port}/files/x", path)


def test_the_other_host_is_tried(server: Scripted, path: Path) -> None:
    server.expects(has(0), breaks_after(1), has(1), takes(1))
    upload(server.url(host="127.0.0.2"), path, fingerprint=server.pin, other_host="127.0.0.1")
    assert server.done


@pytest.mark.parametrize("tls", [True])
def test_another_certificate_ends_it(server: Scripted, path: Path) -> None:
    for pin in (":".join(["AB"] * 32), None):
        with pytest.raises(Untrusted, match="nothing was sent"):
            upload(server.url(), path, fingerprint=pin)
    assert server.connections == 2
    assert not server.requests


def test_an_expired_ticket_is_renewed(server: Scripted, path: Path) -> None:
    fresh: list[Callable[[], str]] = [_raise_link_error, lambda: server.url("/files/abc?ticket=new")]
    server.expects(says(401), says(401), has(0), says(401), has(0), takes(0))
    fresh.append(lambda: server.url("/files/abc?ticket=newer"))
    upload(server.url("/files/abc?ticket=old"), path, fingerprint=server.pin, renew=lambda: fresh.pop(0)())
    assert [request.target[-5:] for request in server.requests] == [
        "t=old",
        "t=old",
        "t=new",
        "t=new",
        "newer",
        "newer",
    ]


def test_a_new_ticket_that_is_not_accepted_is_the_last(plain_server: Scripted, path: Path) -> None:
    plain_server.expects(says(401), says(401))
    with pytest.raises(NotPermitted):
        upload(plain_server.url(), path, renew=plain_server.url)


def _raise_link_error() -> str:
    raise LinkError("nobody answers")


def test_what_renewing_raises_is_final(plain_server: Scripted, path: Path) -> None:
    def renew() -> str:
        raise Gone("withdrawn")

    plain_server.expects(says(401))
    with pytest.raises(Gone, match="withdrawn"):
        upload(plain_server.url(), path, renew=renew)


def test_files_that_cannot_be_sent(plain_server: Scripted, path: Path, tmp_path: Path) -> None:
    for wrong, words in (
        (tmp_path / "missing", "No such file"), (tmp_path, "is a folder"),
        (Path("/dev/null"), "is no file"), (Path("x\0y"), "null (byte|character)"), (tmp_path / ("x" * 300), "long"),
    ):  # fmt: skip
        with pytest.raises(LocalProblem, match=words):
            upload(plain_server.url(), wrong)
    plain_server.expects(has(0, SIZE + 1))
    with pytest.raises(LocalProblem, match="become shorter"):
        upload(plain_server.url(), path)


def test_a_file_that_shrinks_meanwhile(server: Scripted, path: Path) -> None:
    def shrink(done: int, size: int) -> None:
        if done:
            path.write_bytes(b"")

    server.expects(has(0), lambda connection, request: None)
    with pytest.raises(LocalProblem, match="shorter"):
        upload(server.url(), path, fingerprint=server.pin, progress=shrink)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "http:///x", "http://h:99999/x", "http://h/\nx", "http://h/a b", "x"]
)
def test_addresses_that_are_none(path: Path, url: str) -> None:
    with pytest.raises(Unexpected, match="an address that is none"):
        upload(url, path)


@pytest.mark.parametrize("offset", ["", "-1", "x", "99999999"])
def test_a_server_that_makes_no_sense(plain_server: Scripted, path: Path, offset: str) -> None:
    plain_server.expects(says(200, Upload_Offset=offset))
    with pytest.raises(Unexpected):
        upload(plain_server.url(), path)


def test_an_empty_file(plain_server: Scripted, path: Path) -> None:
    path.write_bytes(b"")
    plain_server.expects(has(0, 0))
    upload(plain_server.url(), path)


class Aside:
    """An upload in a thread of its own."""

    def __init__(self, server: Scripted, path: Path) -> None:
        self.control = Control()
        self.error: BaseException | None = None
        self._server, self._path = server, path
        self._thread = threading.Thread(target=self._run)

    def starts(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            upload(self._server.url(), self._path, fingerprint=self._server.pin, control=self.control)
        except BaseException as error:
            self.error = error

    def ends(self) -> BaseException | None:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        return self.error


def test_a_pause_closes_the_connection_and_resuming_goes_on(server: Scripted, path: Path) -> None:
    paused, closed = threading.Event(), threading.Event()

    def read_until_it_closes(connection: Connection, request: Request) -> None:
        connection.read_body(request, 100_000)
        aside.control.pause()
        paused.set()
        assert connection.gone()
        closed.set()

    path.write_bytes(CONTENT * 10)  # more than fits into the buffers between client and server
    aside = Aside(server, path)
    server.expects(has(0), read_until_it_closes, has(100_000), takes(100_000))
    aside.starts()
    assert paused.wait(DEADLINE)
    assert closed.wait(DEADLINE)
    assert aside.control.paused
    assert len(server.requests) == 2
    aside.control.resume()
    assert aside.ends() is None


def test_cancelling_interrupts_a_server_that_does_not_read(server: Scripted, path: Path) -> None:
    stuck = threading.Event()

    def do_not_read(connection: Connection, request: Request) -> None:
        stuck.set()
        assert cancelled.wait(DEADLINE)

    cancelled = threading.Event()
    path.write_bytes(CONTENT * 10)
    server.expects(has(0), do_not_read)
    aside = Aside(server, path)
    aside.starts()
    assert stuck.wait(DEADLINE)
    aside.control.cancel()
    assert isinstance(aside.ends(), Cancelled)
    cancelled.set()


def test_cancelling_ends_waiting_and_pauses(plain_server: Scripted, path: Path) -> None:
    plain_server.expects(says(503, Retry_After="50"), says(503, Retry_After="50"))
    aside = Aside(plain_server, path)
    aside.starts()
    wait_until(lambda: len(plain_server.requests) == 1)

    def second_try() -> bool:
        aside.control.hurry()
        return len(plain_server.requests) == 2

    wait_until(second_try, "it tries again at once")
    aside.control.cancel()
    assert isinstance(aside.ends(), Cancelled)
    paused = Control()
    paused.pause()
    threading.Timer(0.05, paused.cancel).start()
    with pytest.raises(Cancelled):
        upload(plain_server.url(), path, control=paused)
