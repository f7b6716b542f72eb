"""The school of `make bench-school`, a small one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.running import ROOT


@pytest.mark.parametrize("more", [(), ("--tls",)])
def test_all_are_inside_in_the_end(more: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.load.school", "--students", "30", "--ramp", "0.1", "--alone", "0.1", *more]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    rows = [line.split()[:2] for line in result.stdout.splitlines()]
    assert ["login", "30"] in rows
    assert ["resume", "30"] in rows
