"""A database belongs to one server, wherever the others have their data folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ProcessFactory
from tests.support.chatting import result
from tests.support.mariadb import MariaDB
from tests.support.running import ROOT
from tests.support.waiting import wait_until

PLAIN = pytest.mark.parametrize("tls", [False])
MARIADB = pytest.mark.parametrize(("engine", "tls"), [("mariadb", False)])


def _second(tmp_path: Path, database_url: str) -> subprocess.CompletedProcess[str]:
    """A server with a data folder of its own, which is not expected to start."""
    return subprocess.run(
        [
            sys.executable, "-m", "chatd", "--data", str(tmp_path / "other"), "--database", database_url,
            "--listen", "127.0.0.1:0", "--log-level", "warning",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@PLAIN
def test_a_second_server_on_a_database_is_told_so(
    make_process: ProcessFactory, database_url: str, tmp_path: Path
) -> None:
    server = make_process()
    alice, _ = server.friends("alice", "bob")
    refused = _second(tmp_path, database_url)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "chatd: another server is using this database\n"
    assert alice.private_chat("bob", "x")["result"] == "success"


@PLAIN
def test_the_successor_of_a_killed_server_starts_at_once(make_process: ProcessFactory, tmp_path: Path) -> None:
    server = make_process()
    server.friends("alice", "bob")
    for folder in ("first", "second"):
        server.kill()
        server.start()
        assert server.again("alice").private_chat("bob", "x")["result"] == "offline"
        server.kill()
        elsewhere = make_process("--data", str(tmp_path / folder))
        assert elsewhere.again("alice").private_chat("bob", "y")["result"] == "offline"
        assert elsewhere.terminate() == 0
        server.start()


@MARIADB
def test_after_a_restart_of_the_database_it_is_still_claimed(
    make_process: ProcessFactory, mariadb: MariaDB, database_url: str, tmp_path: Path
) -> None:
    server = make_process()
    alice, bob = server.friends("alice", "bob")
    for end in (mariadb.stop, mariadb.kill):
        end()
        mariadb.start()
        wait_until(lambda: result(alice, "private_chat", user_to="bob", text="x") == "success", "it serves again")
        assert bob.expect("create_group", group=end.__name__)["result"] == "success"
        assert _second(tmp_path, database_url).stderr == "chatd: another server is using this database\n"
    assert "it is claimed again" in server.log()


@MARIADB
def test_who_lost_the_database_to_another_server_stores_nothing(
    make_process: ProcessFactory, mariadb: MariaDB, tmp_path: Path
) -> None:
    """All locks of a database that is started again are gone: a second server may be faster than the first."""
    first = make_process()
    alice, bob = first.friends("alice", "bob")
    assert alice.private_chat("bob", "before")["result"] == "success"
    bob.expect("sync", after=0)  # now the server has nothing left to write, and will not find out by itself
    mariadb.stop()
    mariadb.start()
    second = make_process("--data", str(tmp_path / "other"))
    for _ in range(3):
        assert result(alice, "private_chat", user_to="bob", text="lost") == "busy"
        assert result(alice, "ack", mid=1) == "busy"
        assert result(bob, "create_group", group="lost") == "busy"
    assert "another server is using this database" in first.log()
    assert second.again("alice").private_chat("bob", "meanwhile")["result"] == "offline"
    assert second.terminate() == 0
    assert result(alice, "private_chat", user_to="bob", text="lost") == "busy"  # bob would miss what was said elsewhere
    assert "another server has written messages" in first.log()
    assert first.terminate() == 0
    first.start()
    texts = [message["text"] for message in first.again("bob", after=-1).expect("sync", after=0)["messages"]]
    assert texts == ["before", "meanwhile"]
    assert "Traceback" not in first.log()
