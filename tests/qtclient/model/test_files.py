"""Files between two sessions and real daemons, on good days."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from qtclient.records import FileState, Phase, Sent
from tests.qtclient.model.helpers import Heard, all_in, group, peer, sessions
from tests.qtclient.model.offers import (
    BIG,
    done,
    downloads,
    file_state,
    offered,
    only,
    paused_in_the_middle,
    sha256,
    some_file,
)
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


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
        assert mine.sent is Sent.DELIVERED
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
