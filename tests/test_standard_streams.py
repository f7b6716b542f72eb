"""Programs whose standard streams are closed or on a full disk, and users without a home folder or a name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatwire.home import NOWHERE, expanded, home
from tests.support.running import ROOT
from tests.support.waiting import DEADLINE, wait_until

DAEMONS = ["chatd", "filed"]
REDIRECTIONS = [">&-", "<&- >&-", ">/dev/full", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"]


@pytest.mark.parametrize("redirection", REDIRECTIONS)
@pytest.mark.parametrize("program", DAEMONS)
def test_a_daemon_serves_all_the_same(program: str, redirection: str, tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    command = f'exec "$0" -m {program} --data "$1" --listen 127.0.0.1:0 --log-file "$2" {redirection}'
    daemon = subprocess.Popen(
        ["sh", "-c", command, sys.executable, str(data), str(log)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: log.exists() and "certificate: " in log.read_text(), "it serves")
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=DEADLINE)
    finally:
        daemon.kill()
        daemon.wait()
    assert daemon.returncode == 0
    assert said == ""
    assert "Traceback" not in log.read_text()
    assert "cannot" not in log.read_text() or ">/dev/full" in redirection


@pytest.mark.parametrize("program", DAEMONS)
def test_the_log_on_a_full_disk_is_no_traceback(program: str, tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--log-file", "/dev/full"]
    daemon = subprocess.Popen(
        [sys.executable, "-m", program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    assert daemon.stdout.readline().startswith(f"{program} listening on ")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.communicate(timeout=DEADLINE) == ("", "")
    assert daemon.returncode == 0


@pytest.mark.parametrize("program", [*DAEMONS, "chatwire", "qtclient"])
@pytest.mark.parametrize("redirection", [">&- 2>&-", "2>/dev/full", "2>&-"])
def test_what_cannot_be_told_changes_no_exit_code(program: str, redirection: str) -> None:
    command = ["sh", "-c", f'exec "$0" -m {program} --no-such-option {redirection}', sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "2>&-"])
def test_the_terminal_client_has_no_traceback(redirection: str) -> None:
    command = f'echo /quit | "$0" -m chatwire --plain 127.0.0.1:1 {redirection}'
    done = subprocess.run(["sh", "-c", command, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "AttributeError" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_who_has_no_home_and_no_name_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)  # no such number is in any passwd
    assert home() == NOWHERE
    assert expanded("~/a") == Path("~/a")


def test_a_file_of_an_office_program_is_no_user() -> None:
    assert expanded("~$report.docx") == Path("~$report.docx")
    assert expanded("~/a") == Path.home() / "a"
