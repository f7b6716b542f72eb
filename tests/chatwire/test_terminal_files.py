"""Files in the terminal: the real program on pseudo-terminals and pipes, with both real daemons."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.terminal import app as _app  # noqa: F401  (fills the table of commands)
from chatwire.terminal.commands import completions
from chatwire.terminal.filelines import size
from chatwire.terminal.state import State
from tests.chatwire.terminals import Program, friends, log_in, programs, register
from tests.conftest import ProcessFactory
from tests.support.combinations import TRANSPORTS
from tests.support.filing import FiledProcess, patch_headers, sha256, some_bytes
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import DEADLINE, wait_until

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]

CONTENT = some_bytes(3_000_000)


@pytest.fixture
def process(make_process: ProcessFactory) -> ServerProcess:
    return make_process("--max-file", "50000000")


@pytest.fixture
def filed(process: ServerProcess, database_url: str, tls: bool, tmp_path: Path) -> Iterator[FiledProcess]:
    """The file daemon, known to the chat server."""
    daemon = FiledProcess(database_url, tmp_path, tls, "--chatd", f"127.0.0.1:{process.port}")
    _wait_for_link(process, 1)
    yield daemon
    daemon.stop()
    daemon.close()
    assert "Traceback" not in daemon.log()


def _wait_for_link(process: ServerProcess, times: int) -> None:
    wait_until(lambda: process.log().count("the file daemon is here") >= times, "chatd knows the file daemon")


@pytest.fixture
def program(process: ServerProcess, filed: FiledProcess, tmp_path: Path) -> Iterator[Program]:
    with programs(process, tmp_path) as start:
        yield start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a report.pdf"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "down loads"
    folder.mkdir()
    return folder


class Sender:
    """A user who offers files and sends of them what the test wants."""

    def __init__(self, process: ServerProcess, filed: FiledProcess, name: str = "carol") -> None:
        self.client: Client = process.user(name)
        self._filed = filed

    def offer(self, to: str, name: str, length: int = len(CONTENT)) -> Object:
        return self.client.expect(
            "send_file", to_user=to, filename=name, length=length, sha256=sha256(CONTENT), cid=name[:60]
        )

    def send(self, offer: Object, start: int, end: int) -> int:
        parts = urlsplit(offer["url"])
        target = f"{parts.path}?{parts.query}"
        return self._filed.ask("PATCH", target, patch_headers(start), CONTENT[start:end]).status


@TRANSPORTS
def test_a_file_goes_over_while_people_chat(program: Program, process: ServerProcess, path: Path, folder: Path) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    alice.shows("nothing yet")
    alice.enters(f"/send {path}")
    alice.shows("a report.pdf, 3.0 MB, is offered to bob; /cancel 1 takes it back")
    bob.shows("alice offers a report.pdf, 3.0 MB: /get 1")
    bob.enters(f"/get 1 {folder}")
    alice.enters("it is on its way")
    bob.shows("alice: it is on its way")
    alice.shows("a report.pdf is sent to bob")
    bob.shows(f"a report.pdf is here: {folder}/a report.pdf")
    assert (folder / "a report.pdf").read_bytes() == CONTENT
    bob.enters(f'/get "a report.pdf" {folder}')
    bob.shows(f"a report.pdf is here: {folder}/a report (1).pdf")
    for terminal, line in ((alice, "to bob: complete"), (bob, f"from alice: in {folder}/a report (1).pdf")):
        terminal.enters("/files")
        terminal.shows(f"a report.pdf, 3.0 MB, {line}")
    bob.enters("/history")
    bob.enters("/to alice")
    bob.shows("alice offers a report.pdf, 3.0 MB: /get 1", 2)
    assert list(folder.glob("*.part")) == []


def test_progress_is_shown_and_what_is_typed_stays(
    program: Program, process: ServerProcess, filed: FiledProcess, folder: Path
) -> None:
    bob = register(program, process, "bob")
    carol = Sender(process, filed)
    first, second = carol.offer("bob", "first.bin"), carol.offer("bob", "second.bin")
    bob.shows("carol offers second.bin, 3.0 MB: /get 2")
    for number in (1, 2):
        bob.enters(f"/get {number} {folder}")
    bob.shows("↓ first.bin ░░░░░░░░░░░░░░░░░░░░ 0 % of 3.0 MB")
    bob.types("half a li")
    assert carol.send(first, 0, 1_500_000) == 204
    bob.shows("↓ first.bin ██████████░░░░░░░░░░ 50 % of 3.0 MB")
    bob.shows("↓ second.bin ░░░░░░░░░░░░░░░░░░░░ 0 % of 3.0 MB")
    assert carol.send(second, 0, len(CONTENT)) == 204
    bob.shows(f"second.bin is here: {folder}/second.bin")
    bob.shows("bob> half a li")
    bob.types("\x15")
    bob.enters("/files")
    bob.shows("first.bin, 3.0 MB, from carol: coming, 50 %")
    assert carol.send(first, 1_500_000, len(CONTENT)) == 204
    bob.shows(f"first.bin is here: {folder}/first.bin")
    assert (folder / "first.bin").read_bytes() == (folder / "second.bin").read_bytes() == CONTENT
    wait_until(lambda: "↓" not in bob.text(), "no progress is shown any more")


def test_no_cancel_and_withdrawal(program: Program, process: ServerProcess, filed: FiledProcess, folder: Path) -> None:
    bob = register(program, process, "bob")
    carol = Sender(process, filed)
    offers = [carol.offer("bob", f"{number}.bin") for number in range(1, 4)]
    bob.shows("carol offers 3.bin")
    bob.enters(f"/get 1 {folder}")
    bob.shows("↓ 1.bin")
    assert carol.send(offers[0], 0, 1000) == 204
    wait_until(lambda: [part for part in folder.glob("*.part") if part.stat().st_size == 1000], "1,000 bytes are here")
    bob.enters("/cancel 1")
    bob.shows("1.bin is stopped; /get 1 goes on")
    bob.enters("/decline 2")
    bob.shows("2.bin is declined")
    assert carol.send(offers[1], 0, 1000) == 410
    carol.client.expect("cancel_file", file=offers[2]["file"])
    bob.shows("carol has withdrawn 3.bin")
    bob.enters("/get 3")
    bob.shows("3.bin cannot be had any more")
    bob.enters(f"/get 1 {folder}")
    assert carol.send(offers[0], 1000, len(CONTENT)) == 204
    bob.shows("1.bin is here")
    assert (folder / "1.bin").read_bytes() == CONTENT
    bob.enters("/files")
    for line in ("from carol: in ", "2.bin, 3.0 MB, from carol: declined", "3.bin, 3.0 MB, from carol: withdrawn"):
        bob.shows(line)


def test_the_sender_is_told_and_may_withdraw(program: Program, process: ServerProcess, path: Path) -> None:
    alice, bob = friends(program, process)
    alice.enters(f"/send {path} bob")
    alice.shows("is sent to bob")
    bob.shows("alice offers a report.pdf")
    alice.enters("/cancel 1")
    alice.shows("a report.pdf is withdrawn")
    bob.shows("alice has withdrawn a report.pdf")
    with process.connect() as client:
        client.login("alice", "pw-alice", after=-1)
        client.expect("send_file", to_user="bob", filename="other", length=1)
    alice.shows("you offer other, 1 bytes to bob")
    bob.shows("alice offers other, 1 bytes: /get 2")
    bob.enters("/decline")
    bob.shows("other is declined")
    alice.shows("bob has declined other")


def test_a_group_gets_a_file(program: Program, process: ServerProcess, path: Path, folder: Path) -> None:
    alice, bob = friends(program, process)
    alice.enters("/create the staff")
    alice.shows("you are in #the staff now")
    bob.enters("/join the staff")
    bob.shows("you are in #the staff now")
    alice.enters(f"/send '{path}'")
    bob.shows("#the staff alice offers a report.pdf, 3.0 MB: /get 1")
    alice.shows("a report.pdf is sent to #the staff")
    bob.enters("/decline 1")
    alice.shows("bob does not want a report.pdf")
    bob.enters(f"/get 1 {folder}")
    bob.shows("a report.pdf is here")
    alice.enters(f"/send {path} #the staff")
    bob.shows("/get 2")


def test_transfers_outlive_both_daemons(
    program: Program, process: ServerProcess, filed: FiledProcess, tmp_path: Path, folder: Path
) -> None:
    alice, bob = friends(program, process)
    large = tmp_path / "large.bin"
    content = CONTENT * 16
    large.write_bytes(content)
    carol = Sender(process, filed)
    offer = carol.offer("bob", "slow.bin")
    bob.shows("carol offers slow.bin")
    bob.enters(f"/get 1 {folder}")
    assert carol.send(offer, 0, 1_500_000) == 204
    bob.shows("50 % of 3.0 MB")
    alice.enters(f"/send {large} bob")
    bob.shows("alice offers large.bin, 48.0 MB: /get 2")
    alice.shows("is offered to bob")
    filed.kill()
    process.kill()
    for terminal in (alice, bob):
        terminal.shows("trying again")
    bob.shows("↓ slow.bin")
    process.start()
    filed.start()
    for terminal in (alice, bob):
        terminal.shows("connected again")
    alice.shows("large.bin is sent to bob")
    bob.enters(f"/get 2 {folder}")
    bob.shows("large.bin is here")
    assert carol.send(offer, 1_500_000, len(CONTENT)) == 204
    bob.shows("slow.bin is here")
    assert (folder / "large.bin").read_bytes() == content
    assert (folder / "slow.bin").read_bytes() == CONTENT


def test_an_offer_waits_for_the_file_daemon(
    program: Program, process: ServerProcess, filed: FiledProcess, path: Path
) -> None:
    alice, bob = friends(program, process)
    carol = process.user("carol")
    filed.kill()
    offer = {"to_user": "bob", "filename": "x", "length": 1}
    wait_until(lambda: carol.request("send_file", **offer)["result"] == "busy", "chatd has noticed")
    seen = bob.text().count("offers")
    alice.enters(f"/send {path} bob")
    filed.start()
    alice.shows("is sent to bob")
    bob.shows("alice offers a report.pdf")
    assert bob.text().count("offers") == seen + 1


def test_leaving_while_a_file_is_on_its_way_takes_a_second_word(
    program: Program, process: ServerProcess, filed: FiledProcess, folder: Path
) -> None:
    bob = register(program, process, "bob")
    carol = Sender(process, filed)
    offer = carol.offer("bob", "slow.bin")
    bob.shows("carol offers slow.bin")
    bob.enters(f"/get 1 {folder}")
    assert carol.send(offer, 0, 1000) == 204
    wait_until(lambda: [part for part in folder.glob("*.part") if part.stat().st_size == 1000], "1,000 bytes are here")
    bob.enters("/quit")
    bob.shows("a file is still on the way; /quit again stops that")
    bob.types("\x04")
    bob.shows("not finished: slow.bin")
    assert bob.ends() == 1
    assert carol.send(offer, 1000, len(CONTENT)) == 204
    bob = log_in(program, "bob")
    bob.enters("/to carol")
    bob.shows("carol offers slow.bin, 3.0 MB: /get 1")
    bob.enters(f"/get 1 {folder}")
    bob.shows("slow.bin is here")
    assert (folder / "slow.bin").read_bytes() == CONTENT


def test_what_cannot_be_done_is_told_in_one_line(
    program: Program, process: ServerProcess, filed: FiledProcess, path: Path, tmp_path: Path
) -> None:
    alice = register(program, process, "alice")
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(50_000_001)
    for line, told in {
        "/send": "! /send PATH, or /send PATH NAME",
        f"/send {path}": "! to whom? /to NAME or /group NAME opens a conversation",
        f"/send {tmp_path} bob": "no file that can be sent",
        f"/send {tmp_path}": "is a folder, not a file",
        f"/send {path} nobody": "! there is no such user",
        f"/send {path} #nowhere": "! there is no such group",
        f"/send {huge} alice": "! this server takes files of up to 50.0 MB",
        "/get": "! there is no file to choose",
        "/get 7": "! there is no such file here: 7",
        "/cancel x": "! there is no such file here: x",
        "/files": "no files yet",
    }.items():
        alice.enters(line)
        alice.shows(told)
    carol = Sender(process, filed)
    carol.offer("alice", "..\\.bashrc")
    alice.shows("carol offers .bashrc")
    alice.enters("/get 1 /nowhere")
    alice.shows("! there is no folder /nowhere")
    alice.enters("/cancel 1")
    alice.shows("! .bashrc is not on its way; /decline 1 says no to it")
    assert "Traceback" not in alice.text()


def _script(process: ServerProcess, config: Path, *lines: str, arguments: tuple[str, ...] = ()) -> tuple[int, str]:
    choice = ["--fingerprint", process.fingerprint] if process.tls else ["--plain"]
    done = subprocess.run(
        [sys.executable, "-m", "chatwire", f"{process.host}:{process.port}", *choice, *arguments],
        input="".join(line + "\n" for line in lines), capture_output=True, text=True, cwd=ROOT, timeout=4 * DEADLINE,
        env={**os.environ, "XDG_CONFIG_HOME": str(config)}, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_scripts_send_and_fetch(
    process: ServerProcess, filed: FiledProcess, path: Path, folder: Path, tmp_path: Path
) -> None:
    accounts = ("/register bob", "pw", "/register alice", "pw")
    code, said = _script(process, tmp_path, *accounts, f"/send {path} bob", "/msg bob there it is")
    assert code == 0, said
    assert "· a report.pdf is sent to bob\n" in said
    lines = (f"/get a report.pdf {folder}", "/get 2", "/files")
    code, said = _script(process, tmp_path, "pw", *lines, arguments=("--user", "bob"))
    assert code == 1  # for the second
    assert f"· a report.pdf is here: {folder}/a report.pdf\n" in said
    assert "! there is no such file here: 2\n" in said
    assert "█" not in said
    assert (folder / "a report.pdf").read_bytes() == CONTENT


def test_a_script_fails_with_its_transfers(process: ServerProcess, filed: FiledProcess, tmp_path: Path) -> None:
    carol = Sender(process, filed)
    process.user("bob")
    carol.offer("bob", "x")
    (tmp_path / "file").write_text("")
    code, said = _script(process, tmp_path, "bob", f"/get 1 {tmp_path}/file", arguments=("--user", "bob"))
    assert code == 1
    assert "! there is no folder" in said


def test_sizes_are_said_as_people_do() -> None:
    assert [size(n) for n in (0, 999, 1000, 1_234_567, 99_949_999, 123_456_789, 999_600_000, 5 * 10**15, 10**19)] == [
        "0 bytes", "999 bytes", "1.0 kB", "1.2 MB", "99.9 MB", "123 MB", "1.0 GB", "5.0 PB", "10000 PB",
    ]  # fmt: skip


def test_paths_and_files_are_completed(tmp_path: Path) -> None:
    for name in ("one.txt", "other.txt", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "old").mkdir()
    state = State(user="alice")
    found = [text for text, _, _ in completions(f"/send {tmp_path}/o", state)]
    assert found == [f"{tmp_path}/old/", f"{tmp_path}/one.txt", f"{tmp_path}/other.txt"]
    assert len(list(completions(f"/send {tmp_path}/", state))) == 3
    assert list(completions("/send /nowhere/x", state)) == []
    assert [text for text, _, _ in completions("/get re", state, ["report.pdf", "x"])] == ["report.pdf"]
