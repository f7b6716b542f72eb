"""Files between two sessions and real daemons, on good days and on bad ones."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatwire import resilient
from chatwire.transfer import attempts
from qtclient.model.session import Session
from qtclient.net import inquiry, moving
from qtclient.records import FileState, Key, Message, Phase, Sent, TransferInfo
from tests.qtclient.conftest import DaemonsFactory
from tests.qtclient.model.helpers import Heard, all_in, group, peer, sessions
from tests.qtclient.model.test_offline import resumed
from tests.qtclient.support import Daemons, qt_wait
from tests.support.running import ROOT

Name = Callable[[str], str]

BIG = 256 * 1024 * 1024  # bytes; some tenths of a second


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 0.5)
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.5)
    monkeypatch.setattr(moving, "_REST", 0.5)
    monkeypatch.setattr(inquiry, "_REST", 0.5)


def some_file(folder: Path, size: int, name: str = "a file.bin") -> Path:
    path = folder / name
    block = os.urandom(min(size, 1 << 20))
    with path.open("wb") as file:
        for start in range(0, size, len(block) or 1):
            file.write(block[: size - start])
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def only(session: Session, upload: bool) -> TransferInfo:
    [info] = [info for info in session.transfers() if info.upload is upload]
    return info


def done(session: Session, upload: bool) -> Callable[[], bool]:
    def is_done() -> bool:
        infos = [info for info in session.transfers() if info.upload is upload]
        assert not any(info.phase is Phase.FAILED for info in infos), infos
        return bool(infos) and all(info.phase is Phase.DONE for info in infos)

    return is_done


def offered(heard: Heard) -> Message:
    qt_wait(lambda: any(m.file for m, _ in heard.arrived), "a file is offered")
    return [m for m, _ in heard.arrived if m.file][-1]


def file_state(session: Session, key: Key) -> FileState | None:
    found = [m.file for m in all_in(session.messages(key)) if m.file]
    return found[-1].state if found else None


def downloads(folder: Path) -> Path:
    target = folder / "downloads"
    target.mkdir(exist_ok=True)
    return target


def test_a_file_goes_to_a_friend(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, 3_000_000, "报告 2024.pdf")
    with sessions(daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        model = one.messages(peer(ben))
        one.send_file(peer(ben), path)
        message = offered(heard)
        assert message.file
        assert (message.file.name, message.file.length) == ("报告 2024.pdf", 3_000_000)
        two.download(message, downloads(tmp_path))
        qt_wait(done(two, False), "it is here")
        qt_wait(done(one, True), "it is there")
        assert sha256(Path(only(two, False).path)) == sha256(path)
        qt_wait(lambda: file_state(one, peer(ben)) is file_state(two, peer(ann)) is FileState.COMPLETE, "both know")
        [mine] = all_in(model)
        assert mine.mine
        assert mine.sent is Sent.STORED
        assert mine.file
        assert mine.file.path == str(path)
        received = two.messages(peer(ann))
        qt_wait(
            lambda: [m.file.path for m in all_in(received) if m.file] == [only(two, False).path], "its place is known"
        )
        assert [hit.message.file.name for hit in two.search("报告") if hit.message.file] == ["报告 2024.pdf"]
        assert two.conversation(peer(ann)).preview == "报告 2024.pdf"


def test_a_file_for_a_group_can_be_declined(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, cay, crew = name("ann"), name("ben"), name("cay"), name("crew")
    path = some_file(tmp_path, 10_000)
    with sessions(plain_daemons, tmp_path, ann, ben, cay) as (one, two, three):
        plain_daemons.make_group(crew, ann, ben, cay)
        qt_wait(lambda: all(s.groups == [crew] for s in (one, two, three)), "all are in it")
        heard, two_heard, three_heard = Heard(one), Heard(two), Heard(three)
        one.send_file(group(crew), path)
        two.decline(offered(two_heard))
        qt_wait(lambda: any(ben in text for text in heard.notices), "ann is told")
        qt_wait(lambda: file_state(two, group(crew)) is FileState.DECLINED, "ben is done with it")
        three.download(offered(three_heard), downloads(tmp_path) / "other name.bin")
        qt_wait(done(three, False), "cay has it")
        assert sha256(downloads(tmp_path) / "other name.bin") == sha256(path)


def test_declined_and_cancelled(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = paused_in_the_middle(one, peer(ben), path)
        two.decline(offered(heard))
        qt_wait(lambda: file_state(one, peer(ben)) is FileState.DECLINED, "ann is told")
        one.resume_transfer(number)
        qt_wait(lambda: only(one, True).phase is Phase.FAILED, "the upload has noticed")
        assert "declined" in only(one, True).problem
        one.clear_transfer(number)
        heard.arrived.clear()
        paused_in_the_middle(one, peer(ben), path)
        offered(heard)
        one.cancel_file(all_in(one.messages(peer(ben)))[-1])
        qt_wait(lambda: file_state(two, peer(ann)) is FileState.CANCELLED, "ben is told")
        qt_wait(lambda: only(one, True).phase is Phase.CANCELLED, "nothing moves any more")


def test_cancelled_in_any_moment(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """Before the offer, while it is being made, and after it: in the end the other one has no file to wait for."""
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, 2_000_000)
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        for delay in range(12):
            number = one.send_file(peer(ben), path)
            deadline = time.monotonic() + delay * 0.002
            qt_wait(lambda deadline=deadline: time.monotonic() > deadline, "a moment")  # type: ignore[misc]
            one.cancel_transfer(number)
        qt_wait(lambda: all(info.phase.over for info in one.transfers()), "all are over")
        one.say(peer(ben), "the end")
        qt_wait(lambda: "the end" in heard.texts(), "everything before it has come")
        done = sum(info.phase is Phase.DONE for info in one.transfers())

        def settled() -> bool:
            states = [m.file.state for m in all_in(two.messages(peer(ann))) if m.file]
            return states.count(FileState.COMPLETE) <= done and all(
                state in (FileState.COMPLETE, FileState.CANCELLED) for state in states
            )

        qt_wait(settled, "nothing waits")
        qt_wait(lambda: not [m for m in all_in(one.messages(peer(ben))) if not m.mid], "and here nothing does")


def paused_in_the_middle(session: Session, key: Key, path: Path) -> int:
    number = session.send_file(key, path)
    qt_wait(lambda: only(session, True).phase is Phase.RUNNING, "it runs")
    session.pause_transfer(number)
    return number


def test_paused_resumed_and_watched_while_it_arrives(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = one.send_file(peer(ben), path)
        message = offered(heard)
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING, "it runs")
        one.pause_transfer(number)
        two.download(message, downloads(tmp_path))
        assert only(one, True).phase is Phase.PAUSED
        qt_wait(lambda: only(two, False).phase is Phase.RUNNING and two.arriving(message.file.file), "it follows")  # type: ignore[union-attr]
        assert Path(two.arriving(message.file.file)).suffix == ".part"  # type: ignore[union-attr]
        one.resume_transfer(number)
        qt_wait(done(two, False), "it is here", 60)
        qt_wait(done(one, True), "it is there")
        assert sha256(Path(only(two, False).path)) == sha256(path)
        assert two.arriving(message.file.file) == ""  # type: ignore[union-attr]


def test_the_file_daemon_is_killed_in_the_middle(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        one.send_file(peer(ben), path)
        two.download(offered(heard), downloads(tmp_path))
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING and only(one, True).done > 0, "bytes move")
        own_daemons.kill_files()
        one.say(peer(ben), "chat goes on")
        qt_wait(lambda: "chat goes on" in heard.texts(), "chat goes on")
        own_daemons.restart_files()
        qt_wait(done(one, True), "it is there", 60)
        qt_wait(done(two, False), "it is here", 60)
        assert sha256(Path(only(two, False).path)) == sha256(path)


def test_the_chat_server_is_killed_in_the_middle(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path, second = some_file(tmp_path, BIG), some_file(tmp_path, 5000, "second.bin")
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        one.send_file(peer(ben), path)
        two.download(offered(heard), downloads(tmp_path))
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING and only(one, True).done > 0, "bytes move")
        own_daemons.kill_chat()
        qt_wait(lambda: not one.online, "it is noticed")
        one.send_file(peer(ben), second)
        qt_wait(lambda: any(info.phase is Phase.WAITING for info in one.transfers()), "the second one waits")
        own_daemons.restart_chat()
        qt_wait(done(one, True), "both are there", 60)
        qt_wait(lambda: heard.arrived[-1][0].file is not None and len(heard.arrived) == 2, "the second one is offered")
        qt_wait(done(two, False), "it is here", 60)
        assert sha256(Path(only(two, False).path)) == sha256(path)


def test_transfers_survive_the_client(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = one.send_file(peer(ben), path)
        message = offered(heard)
        two.download(message, downloads(tmp_path))
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING and only(one, True).done > 0, "bytes move")
        one.pause_transfer(number)
        one.close()
        two.close()
    one, two = resumed(own_daemons, ann, tmp_path / ann), resumed(own_daemons, ben, tmp_path / ben)
    try:
        qt_wait(lambda: one.transfers() and two.transfers(), "they are remembered")
        assert only(one, True).phase is Phase.PAUSED, "a pause is remembered, too"
        one.resume_transfer(number)
        qt_wait(done(one, True), "it is there", 60)
        qt_wait(done(two, False), "it is here", 60)
        assert sha256(Path(only(two, False).path)) == sha256(path)
        assert not list(downloads(tmp_path).glob("*.part"))
        assert len(all_in(one.messages(peer(ben)))) == 1, "it was offered once"
    finally:
        for session in (one, two):
            session.close()
            session.deleteLater()


UPLOADER = """
import sys
from pathlib import Path
from PyQt5.QtCore import QCoreApplication
from tests.qtclient.model.helpers import peer
from qtclient.model.login import LoginFlow, parse_address
from qtclient.records import Phase

app = QCoreApplication([])
flow = LoginFlow(Path(sys.argv[1]))
def told(info):
    if info.phase is Phase.RUNNING and info.done:
        print("running", flush=True)
def ready(session):
    global kept
    kept = session
    session.send_file(peer(sys.argv[4]), sys.argv[5])
    session.conversations_changed.connect(lambda: print("preparing", flush=True))
    session.transfer_changed.connect(told)
flow.ready.connect(ready)
flow.resume(parse_address(sys.argv[2]), sys.argv[3])
app.exec_()
"""


@pytest.mark.parametrize("phase", ["preparing", "running"])
def test_the_client_is_killed_in_the_middle_of_a_transfer(
    own_daemons: Daemons, name: Name, tmp_path: Path, phase: str
) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        one.close()
        heard = Heard(two)
        arguments = [str(tmp_path / ann), own_daemons.address, ann, ben, str(path)]
        with subprocess.Popen(
            [sys.executable, "-c", UPLOADER, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as sender:
            assert sender.stdout is not None
            next(line for line in sender.stdout if line.strip() == phase)
            sender.kill()
        again = resumed(own_daemons, ann, tmp_path / ann)
        try:
            qt_wait(done(again, True), "it is there", 60)
            qt_wait(lambda: file_state(two, peer(ann)) is FileState.COMPLETE, "ben knows")
            assert len(heard.arrived) == 1, "it was offered once"
        finally:
            again.close()
            again.deleteLater()


def test_a_file_that_changes_while_it_is_sent(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = one.send_file(peer(ben), path)
        offered(heard)
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING, "it runs")
        one.pause_transfer(number)
        with path.open("r+b") as file:
            file.truncate(BIG // 2)
        one.resume_transfer(number)
        qt_wait(lambda: only(one, True).phase is Phase.FAILED, "it is noticed")
        assert "changed" in only(one, True).problem
        one.retry_transfer(number)
        qt_wait(done(one, True), "what it is now is sent", 30)
        message = offered(heard)
        qt_wait(lambda: len(heard.arrived) == 2, "as another offer")
        two.download(heard.arrived[-1][0], downloads(tmp_path))
        qt_wait(done(two, False), "it is here", 30)
        assert sha256(Path(only(two, False).path)) == sha256(path)
        assert message.file


def test_too_large_is_said_before(make_daemons: DaemonsFactory, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(make_daemons(chat=("--max-file", "1000")), tmp_path, ann, ben) as (one, _):
        heard = Heard(one)
        assert one.limits["max_file"] == 1000
        assert one.send_file(peer(ben), some_file(tmp_path, 1001)) == 0
        assert "1,000" in heard.notices[0]
        assert not one.transfers()


def test_what_cannot_be_read(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        for path in (tmp_path / "is not there", tmp_path, tmp_path / "a\0b"):
            number = one.send_file(peer(ben), path)
            qt_wait(lambda: all(info.phase is Phase.FAILED for info in one.transfers()), "it has failed")
            assert only(one, True).problem
            one.clear_transfer(number)
        qt_wait(lambda: all(m.sent is Sent.FAILED for m in all_in(one.messages(peer(ben)))), "no offer waits")


def test_no_room_on_the_disk(
    plain_daemons: Daemons, name: Name, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        path = some_file(tmp_path, 100_000)
        one.send_file(peer(ben), path)
        message = offered(heard)
        real = os.fstatvfs
        with monkeypatch.context() as patch:
            patch.setattr(os, "fstatvfs", lambda fd: os.statvfs_result([*real(fd)[:4], 0, *real(fd)[5:]]))
            number = two.download(message, downloads(tmp_path))
            qt_wait(lambda: only(two, False).phase is Phase.FAILED, "it has failed")
        assert "no room" in only(two, False).problem
        two.retry_transfer(number)
        qt_wait(done(two, False), "with room it goes on")
        assert sha256(Path(only(two, False).path)) == sha256(path)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("a/b\\c.txt", "c.txt"),
        ("x" * 250 + ".jpeg", "x" * 250 + ".jpeg"),
        ("evil\u202egnp.exe", None),
        ("two\nlines", None),
        ("x" * 300, None),
        (".hidden", "hidden"),
        ("con.txt", "_con.txt"),
    ],
)
def test_hostile_names(plain_daemons: Daemons, name: Name, tmp_path: Path, told: str, kept: str | None) -> None:
    """As another client offers them; what chatd itself refuses never arrives."""
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (_, two):
        heard = Heard(two)
        other = plain_daemons.log_in(ann, after=-1)
        reply = other.request("send_file", to_user=ben, filename=told, length=3)
        if kept is None and reply["result"] != "success":
            return
        message = offered(heard)
        assert message.file
        if kept is not None:
            assert message.file.name == kept
        assert "/" not in message.file.name
        assert message.file.name.isprintable()
