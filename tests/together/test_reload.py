"""SIGHUP: both daemons load their certificate anew and go on in a new log file, and nobody notices."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.certificate import ensure_self_signed, fingerprint_of
from tests.conftest import ProcessFactory
from tests.support.filing import FiledProcess, some_bytes
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import wait_until

ONE = pytest.mark.parametrize(("engine", "tls"), [("sqlite", True)])
DATA = some_bytes(100_000)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of the operator's own, and its key."""
    (tmp_path / "own").mkdir()
    return ensure_self_signed(tmp_path / "own")


@pytest.fixture
def chatd(make_process: ProcessFactory, pair: tuple[Path, Path]) -> ServerProcess:
    return make_process("--tls-cert", str(pair[0]), "--tls-key", str(pair[1]))


@pytest.fixture
def filed(database_url: str, pair: tuple[Path, Path], tmp_path: Path) -> Iterator[FiledProcess]:
    arguments = ["--tls-cert", str(pair[0]), "--tls-key", str(pair[1]), "--log-file", str(tmp_path / "filed.log")]
    daemon = FiledProcess(database_url, tmp_path, True, *arguments)
    yield daemon
    daemon.close()
    assert daemon.terminate() == 0, daemon.log()


def renew(pair: tuple[Path, Path], folder: Path) -> str:
    """Put another certificate in the place of the one that is used; its fingerprint."""
    folder.mkdir()
    for new, old in zip(ensure_self_signed(folder), pair, strict=True):
        shutil.copyfile(new, old)
    return fingerprint_of(pair[0])


def says(log: Path, words: str) -> None:
    """Wait until a log does."""
    wait_until(lambda: log.exists() and words in log.read_text(), f"{log.name} says {words!r}")


@ONE
def test_a_renewed_certificate_is_shown_and_who_is_connected_stays(
    chatd: ServerProcess, filed: FiledProcess, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    alice = chatd.user("alice")
    offer = filed.upload(DATA)
    reader = filed.connect()
    assert reader.ask("GET", offer.down).body == DATA
    renewed = renew(pair, tmp_path / "renewed")
    for pid, log in ((_pid(chatd), tmp_path / "stderr.log"), (filed.pid, tmp_path / "filed.log")):
        os.kill(pid, signal.SIGHUP)
        says(log, f"certificate: sha256={renewed}")
    chatd.fingerprint = renewed
    assert chatd.again("alice").fingerprint == renewed
    assert alice.expect("ping")["result"] == "success"
    assert reader.ask("GET", offer.down).body == DATA
    assert filed.ask("GET", offer.down).body == DATA
    says(tmp_path / "stderr.log", "the file daemon is here")


@ONE
def test_one_that_cannot_be_used_changes_nothing(chatd: ServerProcess, pair: tuple[Path, Path], tmp_path: Path) -> None:
    log = tmp_path / "stderr.log"
    (tmp_path / "another").mkdir()
    for words, damage in (
        ("holds no certificate", lambda: pair[0].write_text("nothing")),
        ("No such file", pair[0].unlink),
        ("key values mismatch", lambda: shutil.copyfile(ensure_self_signed(tmp_path / "another")[0], pair[0])),
    ):
        damage()
        os.kill(_pid(chatd), signal.SIGHUP)
        says(log, words)
        assert chatd.connect().expect("ping")["result"] == "success"
    assert "Traceback" not in log.read_text()
    assert log.read_text().count("the certificate stays as it was") == 3


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_log_that_was_moved_away_is_begun_anew(filed: FiledProcess, tmp_path: Path) -> None:
    log = tmp_path / "filed.log"
    log.rename(tmp_path / "rotated")
    os.kill(filed.pid, signal.SIGHUP)
    says(log, "certificate: ")
    assert log.stat().st_mode & 0o077 == 0
    assert not filed.log(), "nothing goes to standard error"


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    for program in ("chatd", "filed"):
        done = subprocess.run(
            [sys.executable, "-m", program, "--data", str(tmp_path / "data"), "--log-file", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"{program}: cannot write the log: Is a directory ({tmp_path})\n"


def _pid(server: ServerProcess) -> int:
    assert server.process is not None
    return server.process.pid
