"""A daemon that is not expected to start, under circumstances that a process can only bring upon itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.running import ROOT

STRANGER = 54321  # a user id that no machine has a name for
_MAIN = """
import os, resource, sys
import {program}.__main__ as daemon
{before}
sys.exit(daemon.main(sys.argv[1:]))
"""
# Root may write everything, until he has given up his capabilities.
POWERLESS = """
import ctypes
assert not ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
"""
# And may have as many threads as he likes, unless it is for somebody else.
FEW_THREADS = f"""
if os.geteuid() == 0: os.setresuid({STRANGER}, 0, 0)
resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))
{POWERLESS}
"""


def start(program: str, data: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run it, and the statements ``before`` once it is loaded."""
    code = _MAIN.format(program=program, before=before)
    options = ["--data", str(data), "--listen", "127.0.0.1:0", "--log-level", "warning", *arguments]
    return subprocess.run(
        [sys.executable, "-c", code, *options],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def refused(program: str, data: Path, *arguments: str, before: str = "") -> str:
    """The one line that it says."""
    result = start(program, data, *arguments, before=before)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert result.stderr.startswith(f"{program}: "), result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removeprefix(f"{program}: ").rstrip("\n")


def give_away(path: Path) -> None:
    """Make it the stranger's where we may, and nobody's to write."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, STRANGER)
    path.chmod(0o555 if path.is_dir() else 0o444)
