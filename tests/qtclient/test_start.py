"""The program as it is started: real processes, without a screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qtclient.places import log_file
from tests.qtclient.profiles import prepare
from tests.qtclient.support import Daemons
from tests.support.running import ROOT
from tests.support.waiting import wait_until

Start = Callable[..., "subprocess.Popen[str]"]
LOGIN = "the login window is there"
MAIN = "the windows are there"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts clients, and ends them after the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str, **environ: str | None) -> subprocess.Popen[str]:
        env = {**os.environ, **environ}
        process = subprocess.Popen(
            [sys.executable, "-m", "qtclient", *options],
            cwd=ROOT,
            env={name: value for name, value in env.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def says(profile: Path, words: str, times: int = 1) -> None:
    """Wait for a line in the log."""

    def there() -> bool:
        path = log_file(profile)
        return path.exists() and path.read_text().count(words) >= times

    wait_until(there, f"the log says: {words}")


def ends(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize(
    "options",
    [
        ("--server", "127.0.0.1:99999"),
        ("--server", ""),
        ("--theme", "pink"),
        ("--language", "xx"),
        ("--prof", "/tmp"),
        ("--unknown",),
        ("stray",),
    ],
)
def test_a_bad_option_is_one_line_and_exit_2(options: tuple[str, ...], start: Start) -> None:
    code, out, err = ends(start(*options))
    assert code == 2
    assert out == ""
    assert err.startswith("qtclient: ")
    assert err.count("\n") == 1


def test_no_screen_is_one_line_and_exit_2(start: Start, profile: Path) -> None:
    nowhere = dict.fromkeys(("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))
    code, out, err = ends(start("--profile", str(profile), **nowhere))
    assert (code, out) == (2, "")
    assert err == "qtclient: there is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set\n"


def test_a_screen_that_is_gone_is_one_line_and_exit_2(start: Start, profile: Path) -> None:
    gone = {"QT_QPA_PLATFORM": None, "WAYLAND_DISPLAY": None, "DISPLAY": ":9876"}
    code, out, err = ends(start("--profile", str(profile), **gone))
    assert (code, out) == (2, "")
    assert err.startswith("qtclient: no window can be opened on :9876")
    assert err.count("\n") == 1


def test_a_profile_that_cannot_be_written_is_one_line_and_exit_2(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, out, err = ends(start("--profile", str(tmp_path / "file" / "profile")))
    assert (code, out) == (2, "")
    assert err.startswith("qtclient: the profile folder ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: signal.Signals, start: Start, profile: Path) -> None:
    client = start("--profile", str(profile))
    says(profile, LOGIN)
    client.send_signal(number)
    assert ends(client) == (0, "", "")


def test_a_profile_is_private(start: Start, tmp_path: Path) -> None:
    profile = tmp_path / "new" / "profile"
    client = start("--profile", str(profile))
    says(profile, LOGIN)
    client.terminate()
    assert ends(client) == (0, "", "")
    for path in (profile, *profile.rglob("*")):
        if path.is_dir():
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_start_shows_the_first_ones_windows(start: Start, profile: Path, tmp_path: Path) -> None:
    first = start("--profile", str(profile))
    says(profile, LOGIN)
    assert ends(start("--profile", str(profile))) == (0, "", "")
    says(profile, "started once more")
    other = start("--profile", str(tmp_path / "other"))  # another profile is another client
    says(tmp_path / "other", LOGIN)
    for client in (first, other):
        client.terminate()
        assert ends(client) == (0, "", "")


def test_a_killed_client_does_not_block_the_next_start(start: Start, profile: Path) -> None:
    first = start("--profile", str(profile))
    says(profile, LOGIN)
    first.kill()
    ends(first)
    second = start("--profile", str(profile))
    says(profile, LOGIN, 2)
    second.terminate()
    assert ends(second) == (0, "", "")


def test_who_stays_logged_in_sees_the_windows_at_once_even_without_a_server(
    make_daemons: Callable[..., Daemons], name: Callable[[str], str], start: Start, profile: Path
) -> None:
    daemons = make_daemons()
    daemons.register(ann := name("ann"))
    prepare(daemons, ann, profile)
    daemons.close()
    client = start("--profile", str(profile))
    says(profile, MAIN)
    client.terminate()
    assert ends(client) == (0, "", "")


def test_a_kept_login_at_another_server_is_not_used(
    plain_daemons: Daemons, name: Callable[[str], str], start: Start, profile: Path
) -> None:
    plain_daemons.register(ann := name("ann"))
    prepare(plain_daemons, ann, profile)
    client = start("--profile", str(profile), "--server", "127.0.0.1:9")
    says(profile, LOGIN)
    client.terminate()
    assert ends(client) == (0, "", "")
