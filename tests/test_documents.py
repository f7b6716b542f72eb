"""What the documents say of the code is true."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

import chatd.config
import filed.config
import qtclient.options

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("daemon", "parser"), [("chatd", chatd.config._parser()), ("filed", filed.config._parser())])
def test_readme_names_every_option_with_its_default(daemon: str, parser: argparse.ArgumentParser) -> None:
    section = re.search(rf"^### {daemon}\n(.*?)^##", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert section
    rows = dict(re.findall(r"^\| `(--[a-z-]+)[^`]*` \| ([^|]*) \|", section[1], re.MULTILINE))
    options = {action.option_strings[-1]: action for action in parser._actions if action.dest != "help"}
    assert rows.keys() == options.keys()
    for name, action in options.items():
        if name != "--login-deadline":
            assert rows[name].strip() == str(action.default or ""), name


def test_readme_names_every_dependency() -> None:
    readme = (ROOT / "README.md").read_text()
    setup = (ROOT / "setup.cfg").read_text()
    for key in ("install_requires", "client"):
        required = re.search(rf"^{key} =\n((?:    .*\n)+)", setup, re.MULTILINE)
        assert required
        for line in required[1].splitlines():
            if not line.strip().startswith("#"):
                name = re.split(r"[ ;>=]", line.strip())[0]
                assert f"[{name}]" in readme, name


def test_the_client_s_document_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        qtclient.options.parse(["--help"])
    told = set(re.findall(r"^  (--[a-z]+)", capsys.readouterr().out, re.MULTILINE))
    document = (ROOT / "docs" / "CLIENT.md").read_text()
    assert set(re.findall(r"^\| `(--[a-z]+)", document, re.MULTILINE)) == told


def test_the_service_file_and_the_filter_are_what_the_code_writes() -> None:
    operation = (ROOT / "docs" / "OPERATION.md").read_text()
    pattern = re.search(r"failregex = (.*)", operation)
    assert pattern
    line = "2026-01-31 12:00:00,000 WARNING chatd.auth [login_0] login failed: address=203.0.113.7 user='ann'"
    assert re.fullmatch(pattern[1].replace("<HOST>", r"\S+") + ".*", line)
    source = (ROOT / "chatd" / "commands" / "proof.py").read_text()
    assert '"login failed: address=%s user=%r"' in source
