"""The unit files: systemd understands them, and what they say starts, reloads and ends both daemons."""

from __future__ import annotations

import configparser
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import ROOT
from tests.support.waiting import DEADLINE, wait_until

PROGRAMS = ["chatd", "filed"]
UNITS = ROOT / "scripts" / "systemd"


class _Unit(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _installed(program: str, folder: Path, data: Path) -> Path:
    """The unit as it would be where the project is here and the data there."""
    text = (UNITS / f"{program}.service").read_text()
    for documented, here in (("/srv/chat/.venv/bin/python", sys.executable), ("/srv/chat", ROOT), ("User=chat", "")):
        assert documented in text
        text = text.replace(documented, str(here))
    path = folder / f"{program}.service"
    path.write_text(text.replace("/var/lib/chat", str(data)))
    return path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_systemd_understands_them(tmp_path: Path) -> None:
    units = [_installed(program, tmp_path, tmp_path / "data") for program in PROGRAMS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_they_start_reload_and_end_a_daemon(program: str, tmp_path: Path) -> None:
    unit = _Unit()
    unit.read(_installed(program, tmp_path, tmp_path / "data"))
    service = unit["Service"]
    command = [*shlex.split(service["ExecStart"]), "--listen", "127.0.0.1:0"]
    with (tmp_path / "log").open("w") as log:
        daemon = subprocess.Popen(
            command, cwd=service["WorkingDirectory"], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline().startswith(f"{program} listening on ")
        reload = shlex.split(service["ExecReload"].replace("$MAINPID", str(daemon.pid)))
        subprocess.run(reload, check=True)
        said = tmp_path / "log"
        wait_until(lambda: said.read_text().count("certificate: ") == 2, "it has loaded the certificate anew")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(DEADLINE) == 0
        assert "Traceback" not in said.read_text()
    finally:
        daemon.kill()
        daemon.communicate()


def test_both_may_use_the_same_folder_and_are_told_alike() -> None:
    chatd, filed = ((UNITS / f"{program}.service").read_text().splitlines() for program in PROGRAMS)
    assert len(chatd) == len(filed)
    different = [one.partition("=")[0] for one, other in zip(chatd, filed, strict=True) if one != other]
    assert different == ["Description", "Wants", "After", "ExecStart"]
