"""The file of an SQLite database is removed, moved or replaced under a running server: nothing is promised any more."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from chatwire.client import Client
from tests.conftest import ServerFactory
from tests.support.combinations import PLAIN
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE, wait_until

pytestmark = PLAIN


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def _say(alice: Client, sent: list[int] | None = None) -> str:
    reply = alice.request("private_chat", user_from="alice", user_to="bob", text="into nothing")
    if sent is not None and "mid" in reply:
        sent.append(reply["mid"])
    return str(reply["result"])


@pytest.mark.parametrize("how", ["removed", "replaced", "moved", "folder"])
def test_what_would_not_be_found_again_is_refused(
    make_server: ServerFactory, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server("--limits", "off")
    alice, bob = server.friends("alice", "bob")
    alice.private_chat("bob", "before")
    file = tmp_path / "chat.db"
    if how == "removed":
        file.unlink()
    elif how == "replaced":
        shutil.copy(file, tmp_path / "copy")
        (tmp_path / "copy").rename(file)
    elif how == "moved":
        file.rename(tmp_path / "elsewhere")
    else:
        tmp_path.rename(tmp_path.with_name("folder"))
    if how in ("moved", "folder"):  # nothing is lost while it is elsewhere, so it need not be seen at once
        wait_until(lambda: _say(alice) == "busy", "it is noticed")
    for _ in range(3):
        assert _say(alice) == "busy"
        assert alice.request("create_group", group="g")["result"] == "busy"
        assert alice.request("history", peer="bob")["result"] == "busy"
        assert server.connect().request("login", user="bob", password="bob")["result"] == "busy"
    assert alice.expect("ping")
    assert bob.next_push(DEADLINE) is not None
    about = [line for line in _lines(caplog) if "limits" not in line and "password cost" not in line]
    assert len(about) == 1, about
    assert f"file={file}" in about[0]
    if how == "folder":
        tmp_path.with_name("folder").rename(tmp_path)


def test_a_file_that_is_put_back_is_written_on(make_server: ServerFactory, tmp_path: Path) -> None:
    server = make_server("--limits", "off")
    alice, _ = server.friends("alice", "bob")
    file = tmp_path / "chat.db"
    sent = [alice.private_chat("bob", "before")["mid"]]
    file.rename(tmp_path / "elsewhere")
    wait_until(lambda: _say(alice, sent) == "busy", "it is noticed")
    (tmp_path / "elsewhere").rename(file)
    sent.append(alice.private_chat("bob", "after")["mid"])
    page = alice.expect("history", peer="bob", limit=500)["messages"]
    assert [message["mid"] for message in page] == sent[-len(page) :]
    assert page[-1]["text"] == "after"


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_what_lies_beside_it_belongs_to_it(make_server: ServerFactory, tmp_path: Path, suffix: str) -> None:
    server: RunningServer = make_server("--limits", "off")
    alice, _ = server.friends("alice", "bob")
    alice.private_chat("bob", "before")
    (tmp_path / f"chat.db{suffix}").unlink()
    wait_until(lambda: _say(alice) == "busy", "it is noticed")
    assert alice.request("history", peer="bob")["result"] == "busy"
