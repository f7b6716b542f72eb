"""The configuration file of both daemons: what it does not say as it should is refused."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import chatd.config
import filed.config
from chatbase.options import ConfigError
from chatd.server import Server
from tests.support.running import ROOT

LOADERS: dict[str, Callable[[list[str]], chatd.config.Settings | filed.config.Settings]] = {
    "chatd": chatd.config.load,
    "filed": filed.config.load,
}
both = pytest.mark.parametrize("program", LOADERS)


def _load(program: str, folder: Path, text: str | bytes) -> chatd.config.Settings | filed.config.Settings:
    file = folder / "options.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return LOADERS[program](["--config", str(file)])


@both
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no section [PROGRAM]"),
        ("# only a comment", "has no section [PROGRAM]"),
        ("[chat]\nplaintext = 'deny'", "may have the sections [chatd] and [filed] only, and has 'chat'"),
        ("plaintext = 'deny'", "and has 'plaintext'"),
        ("[PROGRAM]\nlimits = 'on'\n[logging]", "and has 'logging'"),
        ("[PROGRAM.limits]\nquota = 3", "more than one value for 'limits'"),
        ("PROGRAM = 'deny'", "has no section [PROGRAM]"),
        ("[[PROGRAM]]\nplaintext = 'deny'", "has no section [PROGRAM]"),
        ("[PROGRAM]\nplaintxt = 'deny'", "'plaintxt'; is 'plaintext' meant?"),
        ("[PROGRAM]\nmax_file = 7", "'max_file'; is 'max-file' meant?"),
        ("[PROGRAM]\n--max-file = 7", "'--max-file'"),
        ("[PROGRAM]\nconfig = 'other.toml'", "'config'"),
        ("[PROGRAM]\nhelp = true", "'help'"),
        ("[PROGRAM]\nxyz = 1", "that nobody knows: 'xyz'; see"),
        ("[PROGRAM]\nplaintext = ['deny', 'allow']", "more than one value for 'plaintext'"),
        ("[PROGRAM]\nplaintext = []", "more than one value for 'plaintext'"),
        ("[PROGRAM]\nplaintext = true", "invalid choice: 'True'"),
        ("[PROGRAM]\nmax-file = -1", "--max-file: must be from 1"),
        ("[PROGRAM]\nmax-file = 1.5", "--max-file: invalid integer value"),
        ("[PROGRAM]\nquota = 1\nquota = 2", "is no TOML: "),
        ("[PROGRAM\nquota = 1", "is no TOML: "),
        (b"[chatd]\ndata = '\xe9'\n", "is no TOML: "),
    ],
)
def test_what_nobody_knows_is_refused(program: str, tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(program, tmp_path, text.replace("PROGRAM", program) if isinstance(text, str) else text)
    assert words.replace("PROGRAM", program) in str(caught.value)
    assert "\n" not in str(caught.value)


@both
def test_one_file_for_both(program: str, tmp_path: Path) -> None:
    text = "\ufeff[chatd]\nplaintext = 'deny'\nworkers = 3\n[filed]\nplaintext = 'deny'\nchatd = '192.0.2.1:80'\n"
    assert _load(program, tmp_path, text).plaintext == "deny"


def test_what_may_be_given_again_is_a_list(tmp_path: Path) -> None:
    settings = _load("chatd", tmp_path, "[chatd]\ntrusted-network = ['10.0.0.0/8', '2001:db8::/32']\n")
    assert isinstance(settings, chatd.config.Settings)
    assert [str(network) for network in settings.trusted_networks] == ["10.0.0.0/8", "2001:db8::/32"]
    settings = _load("chatd", tmp_path, "[chatd]\ntrusted-network = '10.0.0.0/8'\n")
    assert isinstance(settings, chatd.config.Settings)
    assert len(settings.trusted_networks) == 1


@both
def test_a_name_that_is_empty(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--config names no file"):
        LOADERS[program](["--config", ""])
    monkeypatch.setenv(f"{program.upper()}_CONFIG", "")
    with pytest.raises(ConfigError, match="--config names no file"):
        LOADERS[program]([])


@both
def test_it_is_one_line_and_exit_2(program: str, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text("[chatd]\nplaintxt = 'deny'\n[filed]\nplaintxt = 'deny'\n")
    result = subprocess.run(
        [sys.executable, "-m", program, "--data", str(tmp_path / "data"), "--config", str(tmp_path / "options.toml")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"{program}: ")
    assert "'plaintxt'" in line
    assert not (tmp_path / "data").exists()


@both
def test_variables_that_nobody_knows_are_named(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upper = program.upper()
    monkeypatch.setenv(f"{upper}_PLAINTXT", "a secret")
    monkeypatch.setenv(f"{upper}_PLAINTEXT", "deny")
    for end in ("SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_8000_TCP", "PORT_8000_TCP_ADDR", "SERVICE_PORT_CHAT"):
        monkeypatch.setenv(f"{upper}_{end}", "tcp://10.0.0.1:8000")
    settings = LOADERS[program]([])
    assert settings.strangers == (f"{upper}_PLAINTXT",)
    assert settings.plaintext == "deny"


def test_they_are_named_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CHATD_PLAINTXT", "a secret")
    server = Server(chatd.config.load(["--data", str(tmp_path), "--listen", "127.0.0.1:0"]))
    server.start()
    server.stop()
    assert server.run()
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == ["nobody knows these variables: CHATD_PLAINTXT"]
