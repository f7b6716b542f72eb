"""What both daemons do before they serve, when they start at the same moment in one folder."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from chatbase.options import ConfigError
from chatbase.startup import find_address, leave_address, one_line_errors, shared_secret


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
    with pytest.raises(ConfigError, match="too short to be a secret"), one_line_errors("use the data folder"):
        shared_secret(tmp_path)


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
