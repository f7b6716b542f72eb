"""A backup that is taken while people chat, and what comes back of it, by the very commands of docs/OPERATION.md."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.client import Client
from tests.conftest import assert_nothing_left, resources
from tests.support.filing import FiledProcess, some_bytes
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import wait_until

DATA = some_bytes(100_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def daemons(folder: Path) -> Iterator[tuple[ServerProcess, FiledProcess]]:
    before = resources()
    database = f"sqlite:///{str(folder).replace(' ', '%20')}/chat.db"
    chatd = ServerProcess(database, folder, False)
    filed = FiledProcess(database, folder, False)
    wait_until(lambda: "the file daemon is here" in chatd.log(), "they know each other")
    yield chatd, filed
    for daemon in (chatd, filed):
        daemon.close()
        daemon.stop()
    assert_nothing_left(before)


def documented(number: int, data: Path, backup: Path) -> None:
    """Run the commands of a block of the section about databases, with the folders of this test."""
    section = (ROOT / "docs" / "OPERATION.md").read_text().partition("## Database")[2].partition("\n## ")[0]
    block = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[number]
    for name, path in (("BACKUP", backup), ("DATA", data)):
        block = re.sub(rf"\b{name}\b", str(path).replace("\\", ""), block)
    for line in block.splitlines():
        words = _words(line, data, backup)
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)


def _words(line: str, data: Path, backup: Path) -> list[str]:
    """Split, with the paths as one word each though they hold a space."""
    for path in sorted((f"{data}.before", str(data), str(backup)), key=len, reverse=True):
        line = re.sub(rf"(?<!['/\w]){re.escape(path)}(?![\w.'])", lambda found: shlex.quote(found[0]), line)
    return [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(line)]


def _talk(client: Client, ended: threading.Event, said: list[str]) -> None:
    while not ended.is_set():
        text = f"message {len(said)}"
        client.private_chat("bob", text)
        said.append(text)


def test_what_was_acknowledged_before_it_comes_back(
    daemons: tuple[ServerProcess, FiledProcess], folder: Path, tmp_path: Path
) -> None:
    chatd, filed = daemons
    alice, _ = chatd.friends("alice", "bob")
    offer = filed.upload(DATA, announced=None)
    said: list[str] = []
    ended = threading.Event()
    talking = threading.Thread(target=_talk, args=(alice, ended, said))
    talking.start()
    try:
        wait_until(lambda: len(said) > 50, "people chat")
        before = len(said)
        documented(0, folder, tmp_path / "backup")
        during = len(said)
        wait_until(lambda: len(said) > during, "people still chat")
    finally:
        ended.set()
        talking.join()
    for daemon in (chatd, filed):
        daemon.close()
        daemon.terminate()
    documented(1, folder, tmp_path / "backup")
    chatd.start()
    filed.start()
    history: list[str] = []
    bob = chatd.again("bob", after=0)
    while len(history) < before:
        push = bob.next_push(60)
        assert push is not None, f"{len(history)} of {before}"
        history += [push["text"]] if push["cmd"] == "private_chat" else []
    assert history == said[: len(history)]
    assert filed.ask("GET", offer.down).body == DATA


def test_what_cannot_be_backed_up_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "there").mkdir()
    for data, target, words in (
        ("data", "new", "holds no chat.db"),
        ("nowhere", "new", "holds no chat.db"),
    ):
        done = _run(tmp_path / data, tmp_path / target)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert words in done.stderr
    (tmp_path / "data" / "chat.db").write_bytes(b"no database at all" * 100)
    done = _run(tmp_path / "data", tmp_path / "new")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "not a database" in done.stderr
    done = _run(tmp_path / "data", tmp_path / "there")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "File exists" in done.stderr


def test_complete_files_without_bytes_are_named_and_not_given_up(
    daemons: tuple[ServerProcess, FiledProcess], folder: Path
) -> None:
    _, filed = daemons
    offer = filed.upload(DATA)
    away = filed.whole(offer).rename(folder / "on another disk")
    filed.kill()
    filed.start()
    words = f"complete files have no bytes here: files=1 first={offer.id}"
    wait_until(lambda: words in filed.log(), "it is said")
    assert filed.ask("GET", offer.down).status == 410
    away.rename(filed.whole(offer))
    assert filed.ask("GET", offer.down).body == DATA


def _run(data: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chatbase.backup", "--data", str(data), str(target)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
