"""Files that are not what they were, in the terminal: nobody waits for what will not come."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatwire.client import OFFER, Client
from chatwire.codec import Object
from chatwire.terminal.filelines import size
from tests.chatwire.terminals import Program, friends, register
from tests.chatwire.test_terminal_files import filed, folder, path, process, program  # noqa: F401
from tests.support.filing import FiledProcess
from tests.support.freezing import frozen
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import DEADLINE

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]


def test_a_file_that_grows_all_the_time_is_sent_as_it_was_announced(
    program: Program,  # noqa: F811
    process: ServerProcess,  # noqa: F811
    path: Path,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    alice, bob = friends(program, process)
    ended = threading.Event()

    def write() -> None:
        with path.open("ab") as file:
            while not ended.wait(0.001):
                file.write(b"one more line\n")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        alice.enters(f"/send {path} bob")
        alice.shows("a report.pdf is sent to bob")
    finally:
        ended.set()
        writer.join()
    bob.shows("alice offers a report.pdf")
    bob.enters(f"/get 1 {folder}")
    bob.shows("a report.pdf is here")
    got = (folder / "a report.pdf").read_bytes()
    assert got == path.read_bytes()[: len(got)]
    assert len(got) >= 3_000_000


@pytest.mark.parametrize("away", [False, True], ids=["", "chat-server-away"])
def test_a_file_that_shrinks_is_withdrawn(
    program: Program,  # noqa: F811
    process: ServerProcess,  # noqa: F811
    filed: FiledProcess,  # noqa: F811
    path: Path,  # noqa: F811
    away: bool,
) -> None:
    alice, bob = friends(program, process)
    with frozen(filed.pid):
        alice.enters(f"/send {path} bob")
        bob.shows("alice offers a report.pdf")
        alice.shows("is offered to bob")
        if away:
            process.kill()
            alice.shows("trying again")
        os.truncate(path, 1000)
    alice.shows("! a report.pdf: a report.pdf has become shorter")
    if away:
        process.start()
    alice.shows("a report.pdf is withdrawn")
    bob.shows("alice has withdrawn a report.pdf")


def test_who_leaves_withdraws_what_is_not_sent(
    program: Program,  # noqa: F811
    process: ServerProcess,  # noqa: F811
    filed: FiledProcess,  # noqa: F811
    path: Path,  # noqa: F811
) -> None:
    alice, bob = friends(program, process)
    with frozen(filed.pid):
        alice.enters(f"/send {path} bob")
        bob.shows("alice offers a report.pdf")
        alice.shows("is offered to bob")
        for _ in range(2):
            alice.enters("/login bob")
            alice.shows("/login again stops that")
        alice.shows("Password of bob:")
        alice.enters("pw-bob")
        bob.shows("alice has withdrawn a report.pdf")
        bob.enters(f"/send {path} alice")
        alice.shows("you offer a report.pdf")
        bob.shows("is offered to alice")
        for _ in range(2):
            bob.enters("/quit")
            bob.shows("/quit again stops that")
        assert bob.ends() == 1
        alice.enters("/files")
        alice.shows("a report.pdf, 3.0 MB, to alice: withdrawn")


def _odd_files(place: Path) -> dict[Path, str]:
    os.mkfifo(place / "pipe")
    with (place / "huge").open("wb") as file:
        file.truncate(1 << 40)  # to read it would take many minutes
    return {
        Path("/proc/version"): "! /proc/version does not tell its size",
        place / "pipe": "is no file that can be sent",
        Path("/dev/null"): "is no file that can be sent",
        place / "huge": f"! this server takes files of up to {size(50_000_000)}",
    }


def test_what_cannot_be_sent_is_told_before_it_is_read(
    program: Program,  # noqa: F811
    process: ServerProcess,  # noqa: F811
    tmp_path: Path,
) -> None:
    alice = register(program, process, "alice")
    for file, told in _odd_files(tmp_path).items():
        alice.enters(f"/send {file} alice")
        alice.shows(told)
    assert "reading" not in alice.text()


def test_a_script_is_told_and_withdraws_too(
    process: ServerProcess,  # noqa: F811
    filed: FiledProcess,  # noqa: F811
    path: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    odd = _odd_files(tmp_path)
    with process.user("bob") as bob:
        command = [sys.executable, "-m", "chatwire", f"{process.host}:{process.port}", "--plain"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as script:
            with frozen(filed.pid):
                assert script.stdin is not None
                lines = ["/register alice", "pw", *(f"/send {file} bob" for file in (*odd, path))]
                script.stdin.write("".join(f"{line}\n" for line in lines))
                script.stdin.close()
                offer = _push(bob, OFFER)
                os.truncate(path, 1000)
            assert script.stdout is not None
            said = script.stdout.read()
            assert script.wait(DEADLINE) == 1
        for told in (*odd.values(), "! a report.pdf: a report.pdf has become shorter", "a report.pdf is withdrawn"):
            assert told in said
        while (state := _push(bob, "file_state"))["state"] == "uploading":
            pass
        assert (state["file"], state["state"]) == (offer["file"], "cancelled")


def _push(client: Client, cmd: str) -> Object:
    while (obj := client.next_push(DEADLINE)) is not None:
        if obj.get("cmd") == cmd:
            return obj
    raise AssertionError(f"no {cmd}")
