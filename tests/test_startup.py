"""What both daemons do before they serve, when they start at the same moment in one folder."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatbase.options import ConfigError
from chatbase.startup import find_address, leave_address, one_line_errors, shared_secret
from chatwire.certificate import ensure_self_signed
from tests.support.running import ROOT


def test_all_get_one_secret(tmp_path: Path) -> None:
    together, got = threading.Barrier(4), []

    def start() -> None:
        together.wait()
        got.append(shared_secret(tmp_path))

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(got) == 4
    assert len(set(got)) == 1
    assert len(got[0]) >= 32
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()] == [("secret", 0o600)]


def test_a_secret_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(ConfigError, match="too short to be a secret"), one_line_errors("use the data folder"):
        shared_secret(tmp_path)


@pytest.mark.parametrize("program", ["chatd", "filed"])
@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("", 0o777, "anybody may write into {}, and so replace what is in it; chmod o-w {}"),
        ("", 0o1777, "anybody may write into {}, and so replace what is in it; chmod o-w {}"),
        ("secret", 0o644, "others may read {}; chmod 600 {}"),
        ("secret", 0o640, "others may read {}; chmod 600 {}"),
        ("tls-key.pem", 0o604, "others may read {}; chmod 600 {}"),
    ],
)
def test_what_others_could_read_or_replace_is_refused(
    tmp_path: Path, program: str, name: str, mode: int, words: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shared_secret(data)
    ensure_self_signed(data)
    (data / name).chmod(mode)
    done = subprocess.run(
        [sys.executable, "-m", program, "--data", str(data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = words.format(data / name, data / name)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{program}: cannot use the data folder: {said}\n")


@pytest.mark.parametrize(
    ("listening", "found"),
    [
        (("0.0.0.0", 8000), ("127.0.0.1", 8000)),
        (("::", 8000), ("::1", 8000)),
        (("192.0.2.7", 81), ("192.0.2.7", 81)),
        (("fe80::1", 81), ("fe80::1", 81)),
    ],
)
def test_a_daemon_finds_the_other(tmp_path: Path, listening: tuple[str, int], found: tuple[str, int]) -> None:
    assert find_address(tmp_path, "chatd") is None
    leave_address(tmp_path, "chatd", *listening)
    assert find_address(tmp_path, "chatd") == found


def test_an_address_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    (tmp_path / "chatd.address").write_text("nonsense")
    assert find_address(tmp_path, "chatd") is None
