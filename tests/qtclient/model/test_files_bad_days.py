"""Files between two sessions and real daemons, on bad days."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qtclient.records import FileState, Phase, Sent
from tests.qtclient.conftest import DaemonsFactory
from tests.qtclient.model.helpers import Heard, all_in, peer, sessions
from tests.qtclient.model.offers import (
    BIG,
    done,
    downloads,
    file_state,
    offered,
    only,
    sha256,
    some_file,
)
from tests.qtclient.model.test_offline import resumed
from tests.qtclient.support import Daemons, qt_wait
from tests.support.running import ROOT

pytestmark = pytest.mark.once
Name = Callable[[str], str]


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
        qt_wait(done(one, True), "what it is now is sent")
        message = offered(heard)
        qt_wait(lambda: len(heard.arrived) == 2, "as another offer")
        two.download(heard.arrived[-1][0], downloads(tmp_path))
        qt_wait(done(two, False), "it is here")
        assert sha256(Path(only(two, False).path)) == sha256(path)
        assert message.file


@pytest.mark.parametrize("away", ["", "chat server", "chat server and client"])
def test_what_cannot_be_sent_any_more_is_withdrawn(own_daemons: Daemons, name: Name, tmp_path: Path, away: str) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = one.send_file(peer(ben), path)
        offered(heard)
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING, "it runs")
        one.pause_transfer(number)
        if away:
            own_daemons.chat.kill()
            qt_wait(lambda: not one.online, "the chat server is away")
        os.truncate(path, 0)
        one.resume_transfer(number)
        qt_wait(lambda: only(one, True).phase is Phase.FAILED, "it is noticed")
        again = None
        if away.endswith("client"):
            one.close()
        if away:
            own_daemons.chat.start()
        if away.endswith("client"):
            again = resumed(own_daemons, ann, tmp_path / ann)
        qt_wait(lambda: file_state(two, peer(ann)) is FileState.CANCELLED, "nobody waits for it", 60)
        if again is not None:
            again.close()
            again.deleteLater()


def test_a_file_that_has_grown_is_sent_as_it_was_offered(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = some_file(tmp_path, BIG)
    content = sha256(path)
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        number = one.send_file(peer(ben), path)
        qt_wait(lambda: only(one, True).phase is Phase.RUNNING and only(one, True).done > 0, "bytes move")
        one.pause_transfer(number)
        one.close()
        with path.open("ab") as file:
            file.write(b"and more")
        again = resumed(own_daemons, ann, tmp_path / ann)
        try:
            qt_wait(lambda: again.transfers(), "it is remembered")
            again.resume_transfer(number)
            qt_wait(done(again, True), "it is sent", 60)
        finally:
            again.close()
            again.deleteLater()
        two.download(offered(heard), downloads(tmp_path))
        qt_wait(done(two, False), "it is here", 60)
        assert sha256(Path(only(two, False).path)) == content


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
