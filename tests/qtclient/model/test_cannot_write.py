"""The cache cannot be written while the link is up: what is written is shown, sent and kept later; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtclient.model.session import Session
from qtclient.records import FileState, Phase, Sent
from tests.qtclient.model.blocked import LONG, Block, full, locked
from tests.qtclient.model.helpers import Heard, all_in, group, peer, sessions, texts
from tests.qtclient.model.test_offline import history, resumed
from tests.qtclient.support import PASSWORD, Daemons, qt_wait

Name = Callable[[str], str]

pytestmark = pytest.mark.usefixtures("soon_again")
both_blocks = pytest.mark.parametrize("block", [full, locked])


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that is blocked looks again soon."""
    monkeypatch.setattr("qtclient.cache.writer._REST", 0.05)


def sent(session: Session, name: str) -> list[tuple[str, Sent]]:
    """The last characters of each text, and what has become of it."""
    return [(message.text[-3:], message.sent) for message in all_in(session.messages(peer(name)))]


def unread(daemons: Daemons, name: str) -> list[object]:
    """What the server takes for unread."""
    reply = daemons.connect().login(name, PASSWORD, after=-1)
    return list(reply["unread"])


def kept(session: Session) -> None:
    """Wait until all that was done is on the disk, and shown."""
    answers: list[bool] = []

    def ask() -> bool:
        if True not in answers:
            session.when_kept(answers.append)
        return True in answers

    qt_wait(ask, "all is on the disk")


def is_kept(session: Session, count: int) -> bool:
    """Whether so many messages are on the disk, all of them stored by the server."""
    found = session.search("xx", limit=100)
    return len(found) == count and all(hit.message.mid for hit in found)


@both_blocks
def test_what_is_said_is_shown_and_sent(block: Block, plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        model, heard, told = one.messages(peer(ben)), Heard(two), Heard(one)
        one.say(peer(ben), LONG + "one")
        qt_wait(lambda: is_kept(one, 1), "it works")
        with block(one):
            one.say(peer(ben), LONG + "two")
            qt_wait(lambda: model.rowCount() == 2, "it is shown")
            qt_wait(lambda: len(heard.arrived) == 2, "it is sent without waiting for the disk")
            one.say(peer(ben), LONG + "six")
            qt_wait(lambda: len(heard.arrived) == 3, "so is the next one")
            done = [("one", Sent.DELIVERED), ("two", Sent.DELIVERED), ("six", Sent.DELIVERED)]
            qt_wait(lambda: sent(one, ben) == done, "it is seen what has become of it")
            assert one.unwritable, "it is said, and stays in sight"
            model.reload()
            assert sent(one, ben) == done, "a window that is opened meanwhile shows the same"
            assert one.conversation(peer(ben)).preview.startswith("xxx")
        kept(one)
        assert is_kept(one, 3), "it is kept when that is possible again"
        assert not one.unwritable
        assert len(told.notices) == 1, "that is said, too"
        assert sent(one, ben) == done
        model.reload()
        assert sent(one, ben) == done
        assert len({message.row for message in all_in(model)}) == 3
        assert len(heard.arrived) == 3
    assert [text[-3:] for text in history(plain_daemons, ben, ann)] == ["one", "two", "six"], "nothing was sent twice"


@both_blocks
def test_what_others_say_is_shown(block: Block, plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        plain_daemons.make_group(crew, ann, ben)
        qt_wait(lambda: two.groups == one.groups == [crew], "both are in the group")
        model, heard = one.messages(group(crew)), Heard(one)
        with block(one):
            for number in range(3):
                two.say(group(crew), f"{LONG}{number}")
            qt_wait(lambda: len(heard.arrived) == 3, "it is heard")
            assert [message.text[-1] for message in all_in(model)] == ["0", "1", "2"]
            qt_wait(lambda: one.conversation(group(crew)).unread == 3, "the list says so")
            assert all(live for _, live in heard.arrived)
            one.mark_read(group(crew))
            qt_wait(lambda: one.conversation(group(crew)).unread == 0, "and that it has been read")
            qt_wait(lambda: unread(plain_daemons, ann) == [], "the server knows, too")
        kept(one)
        assert is_kept(one, 3), "it is kept when that is possible again"
        qt_wait(lambda: one.conversation(group(crew)).unread == 0, "it stays read")
        assert len(heard.arrived) == 3, "nobody hears of it twice"
        assert model.rowCount() == 3


def test_without_a_connection_it_waits_in_sight(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        model, heard = one.messages(peer(ben)), Heard(two)
        with full(one):
            own_daemons.kill_chat()
            qt_wait(lambda: not one.online, "it is noticed")
            one.say(peer(ben), LONG + "one")
            qt_wait(lambda: sent(one, ben) == [("one", Sent.WAITING)], "it is shown as not sent")
            assert one.unsent() == 1
            own_daemons.restart_chat()
            one.try_now()
            two.try_now()
            qt_wait(lambda: len(heard.arrived) == 1, "it goes out with the connection")
            qt_wait(lambda: sent(one, ben)[0][1] in (Sent.STORED, Sent.DELIVERED), "and that is seen")
        kept(one)
        assert is_kept(one, 1)
        assert model.rowCount() == 1


def test_refused_tried_again_and_removed(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, eve = name("ann"), name("ben"), name("eve")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        model = one.messages(peer(eve))
        with full(one):
            one.say(peer(eve), LONG + "one")
            qt_wait(lambda: sent(one, eve) == [("one", Sent.FAILED)], "she is not there")
            assert "no user" in model.message(0).problem
            plain_daemons.register(eve)
            one.retry(model.message(0))
            qt_wait(lambda: sent(one, eve)[0][1] in (Sent.FAILED, Sent.STORED), "it was tried again")
            plain_daemons.befriend(ann, eve)
            if sent(one, eve)[0][1] is Sent.FAILED:
                one.retry(model.message(0))
            qt_wait(lambda: sent(one, eve) == [("one", Sent.STORED)], "it went out")
            one.say(peer(name("nobody")), LONG)
            other = one.messages(peer(name("nobody")))
            qt_wait(lambda: other.rowCount() == 1 and other.message(0).sent is Sent.FAILED, "nobody is there")
            one.discard(other.message(0))
            qt_wait(lambda: other.rowCount() == 0, "it is gone")
        kept(one)
        assert is_kept(one, 1), "what has become of it is kept"
        assert other.rowCount() == 0
        assert texts(one, peer(eve)) == [LONG + "one"]


def test_a_file_is_offered(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    path = tmp_path / "plan.txt"
    path.write_bytes(b"what is to be done")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        model, heard = one.messages(peer(ben)), Heard(two)
        with locked(one):
            one.send_file(peer(ben), path)
            qt_wait(lambda: [info.phase for info in one.transfers()] == [Phase.DONE], "it is uploaded")
            qt_wait(lambda: heard.arrived, "it is offered")

            def seen() -> bool:
                file = model.message(0).file if model.rowCount() else None
                sent = model.message(0).sent if file is not None else None
                return file is not None and file.state is FileState.COMPLETE and sent is Sent.DELIVERED

            qt_wait(seen, "it is seen that it went")
            before = model.message(0)
        kept(one)
        assert model.message(0).mid > 0
        after = model.message(0).file
        assert before.file is not None
        assert after is not None
        assert before.file.file == after.file
        assert model.rowCount() == 1


def test_drafts_stay_and_it_is_known_what_is_not_kept(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    answers: list[bool] = []
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        one.when_kept(answers.append)
        qt_wait(lambda: answers == [True], "nothing has to be waited for")
        with full(one):
            one.set_draft(peer(ben), LONG)
            one.when_kept(answers.append)
            qt_wait(lambda: answers == [True, False], "it is said that it cannot be kept")
            one.when_kept(answers.append)
            qt_wait(lambda: answers == [True, False, False], "at once, the next time")
            assert one.draft(peer(ben)) == LONG
        kept(one)
        one.close()
        again = resumed(plain_daemons, ann, tmp_path / ann)
        assert again.draft(peer(ben)) == LONG
        again.close()
        again.deleteLater()
