"""A certificate of an authority: files work by it, too, and who was vouched for is not taken for new later."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.certificate import ensure_self_signed
from chatwire.pins import Pins
from qtclient.net.enter import StrangeCertificate, enter
from qtclient.records import ServerAddress
from tests.chatwire.terminals import Program, programs
from tests.conftest import ProcessFactory, assert_nothing_left, resources
from tests.support.authority import Authority
from tests.support.filing import FiledProcess
from tests.support.running import ServerProcess
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.parametrize(("engine", "tls"), [("sqlite", True)]),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Certificate and key; all programs trust who has signed it."""
    authority = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    return authority.certificate()


@pytest.fixture
def chatd(make_process: ProcessFactory, files: tuple[Path, Path]) -> ServerProcess:
    made = make_process("--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    made.host = "localhost"  # for which the authority vouches, but not for its address
    return made


@pytest.fixture
def program(chatd: ServerProcess, tmp_path: Path) -> Iterator[Program]:
    before = resources()
    with programs(chatd, tmp_path) as start:
        yield start
    assert_nothing_left(before)


@pytest.fixture
def filed(database_url: str, chatd: ServerProcess, files: tuple[Path, Path], tmp_path: Path) -> Iterator[FiledProcess]:
    daemon = FiledProcess(database_url, tmp_path, True, "--tls-cert", str(files[0]), "--tls-key", str(files[1]))
    wait_until(lambda: "the file daemon is here" in chatd.log(), "they know each other")
    yield daemon
    daemon.close()
    assert daemon.terminate() == 0


def become_self_signed(chatd: ServerProcess, files: tuple[Path, Path], folder: Path) -> None:
    """From now on nobody vouches for the server."""
    folder.mkdir()
    for new, old in zip(ensure_self_signed(folder), files, strict=True):
        shutil.copyfile(new, old)
    assert chatd.process is not None
    os.kill(chatd.process.pid, signal.SIGHUP)
    wait_until(lambda: chatd.log().count("certificate: ") == 2, "the other certificate is shown")


def vouched(chatd: ServerProcess, program: Program) -> None:
    """Somebody has an account and was asked nothing about the certificate."""
    terminal = program("alice")
    terminal.shows("/login NAME or /register NAME")
    terminal.enters("/register alice")
    for label in ("New password:", "Once more:"):
        terminal.shows(label)
        terminal.enters("pw-alice")
    terminal.shows("logged in as alice")
    terminal.enters("/quit")
    assert terminal.ends() == 0


def test_files_go_over(chatd: ServerProcess, filed: FiledProcess, program: Program, tmp_path: Path) -> None:
    vouched(chatd, program)
    file = tmp_path / "a file"
    file.write_bytes(b"x" * 100_000)
    terminal = program("alice", "--user", "alice")
    terminal.shows("Password of alice:")
    terminal.enters("pw-alice")
    terminal.shows("logged in as alice")
    terminal.enters(f"/send {file} alice")
    terminal.shows("a file is sent to alice")
    (tmp_path / "fetched").mkdir()
    terminal.enters(f"/get 1 {tmp_path / 'fetched'}")
    terminal.shows("a file is here: ")
    assert (tmp_path / "fetched" / "a file").read_bytes() == file.read_bytes()
    terminal.enters("/quit")
    assert terminal.ends() == 0


def test_a_certificate_for_one_daemon_only_is_said(chatd: ServerProcess, database_url: str, tmp_path: Path) -> None:
    daemon = FiledProcess(database_url, tmp_path, True, "--chatd", f"127.0.0.1:{chatd.port}")
    wait_until(lambda: "give both the same --tls-cert and --tls-key" in daemon.log(), "it is said")
    assert daemon.terminate() == 0
    daemon.close()


def test_the_terminal_client_warns(
    chatd: ServerProcess, files: tuple[Path, Path], program: Program, tmp_path: Path
) -> None:
    vouched(chatd, program)
    become_self_signed(chatd, files, tmp_path / "own")
    terminal = program("alice", "--user", "alice")
    terminal.shows("WARNING")
    terminal.shows("an authority vouched for it")
    assert terminal.ends() == 1
    assert "Password" not in terminal.text()


def test_the_desktop_client_comes_in_though_nothing_can_be_remembered(
    chatd: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(pins: Pins, server: str, fingerprint: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Pins, "set", full)
    address, pins = ServerAddress(chatd.host, chatd.port), Pins(tmp_path / "pins")
    enter(address, "alice", "pw-alice", pins, -1, lambda seconds, pause: True, register=True).client.close()
    assert not pins.vouched(address.name)


def test_the_desktop_client_warns(chatd: ServerProcess, files: tuple[Path, Path], tmp_path: Path) -> None:
    address, pins = ServerAddress(chatd.host, chatd.port), Pins(tmp_path / "pins")
    enter(address, "alice", "pw-alice", pins, -1, lambda seconds, pause: True, register=True).client.close()
    become_self_signed(chatd, files, tmp_path / "own")
    with pytest.raises(StrangeCertificate) as caught:
        enter(address, "alice", "pw-alice", pins, -1, lambda seconds, pause: True, register=False)
    assert caught.value.pinned == "authority"
    with pytest.raises(StrangeCertificate) as caught:
        enter(address, "alice", "pw", Pins(tmp_path / "others"), -1, lambda seconds, pause: True, register=False)
    assert caught.value.pinned == "", "who does not know it is asked"
