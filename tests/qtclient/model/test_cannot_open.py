"""The cache cannot be opened at the start, for a lock or a full disk: the windows come all the same."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qtclient.cache import place, schema
from qtclient.model.login import LoginFlow, parse_address
from qtclient.model.session import Session
from qtclient.net import opening
from qtclient.net.opening import CACHE
from qtclient.records import Sent
from tests.qtclient.model.helpers import Heard, all_in, peer, sessions, texts
from tests.qtclient.support import Daemons, qt_wait
from tests.support.waiting import DEADLINE

Name = Callable[[str], str]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Another program has the cache for itself: nobody can even read it."""
    with contextlib.closing(sqlite3.connect(folder / CACHE, isolation_level=None, timeout=DEADLINE)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT OR REPLACE INTO meta VALUES ('other', 1)")
        other.execute("COMMIT")
        yield


@contextmanager
def no_room(folder: Path) -> Iterator[None]:
    """There is no room for what SQLite needs beside the file: as on a full disk, for everything in this folder."""

    def connect(path: Path) -> sqlite3.Connection:
        if path.is_relative_to(folder):
            raise sqlite3.OperationalError("database or disk is full")
        return real(path)

    real = schema.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "connect", connect)
        yield


def leftovers() -> set[str]:
    """Copies of caches in the memory."""
    return {one for one in os.listdir(os.environ["XDG_RUNTIME_DIR"]) if one.startswith("qtclient-")}


class Start:
    """A start with a kept token."""

    def __init__(self, daemons: Daemons, user: str, profile: Path) -> None:
        self.flow = LoginFlow(profile)
        self.said: list[str] = []
        self.failed: list[str] = []
        self.sessions: list[Session] = []
        self.flow.progress.connect(self.said.append)
        self.flow.failed.connect(self.failed.append)
        self.flow.ready.connect(self.sessions.append)
        self.flow.resume(parse_address(daemons.address), user)

    def close(self) -> None:
        """May be called twice."""
        self.flow.cancel()
        for session in self.sessions:
            session.close()
            session.deleteLater()
        self.sessions.clear()


Begin = Callable[[Daemons, str, Path], Start]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Starts that end with the test."""
    made: list[Start] = []

    def make(daemons: Daemons, user: str, profile: Path) -> Start:
        made.append(Start(daemons, user, profile))
        return made[-1]

    yield make
    for start in made:
        start.close()
        start.flow.deleteLater()


@pytest.mark.parametrize(("block", "words"), [(held, "locked"), (no_room, "full")])
def test_it_goes_on_with_a_copy(
    block: Callable[[Path], contextlib.AbstractContextManager[None]], words: str,
    plain_daemons: Daemons, name: Name, tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(opening, "_PATIENCE", 0.1)
    monkeypatch.setattr(opening, "_REST", 0.05)
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        one.say(peer(ben), "before")
        qt_wait(lambda: [m.sent for m in all_in(one.messages(peer(ben)))] == [Sent.DELIVERED], "it is stored")
        one.set_draft(peer(ben), "a draft")
        one.close()
        heard = Heard(two)
        with block(one.folder):
            start = begin(plain_daemons, ann, tmp_path / ann)
            qt_wait(lambda: start.sessions, "the windows come")
            [session] = start.sessions
            assert words in session.unwritable, "it stays in sight"
            assert leftovers()
            assert texts(session, peer(ben)) == ["before"], "what was there is there"
            assert session.draft(peer(ben)) == "a draft"
            assert session.loses(), "a draft would be lost"
            session.set_draft(peer(ben), "")
            qt_wait(lambda: session.online, "online")
            session.say(peer(ben), "now")
            qt_wait(lambda: len(heard.arrived) == 1, "it is sent")
            qt_wait(lambda: not session.loses(), "nothing would be lost")
            start.close()
        assert not leftovers()
        again = begin(plain_daemons, ann, tmp_path / ann)
        qt_wait(lambda: again.sessions and again.sessions[0].online, "the next time it is as always")
        model = again.sessions[0].messages(peer(ben))
        qt_wait(lambda: [m.text for m in all_in(model)] == ["before", "now"], "all is there")
        assert not again.sessions[0].unwritable
        again.close()


def test_it_is_tried_again(plain_daemons: Daemons, name: Name, tmp_path: Path, begin: Begin) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        one.close()
        with held(one.folder):
            start = begin(plain_daemons, ann, tmp_path / ann)
            qt_wait(lambda: any("trying again" in line for line in start.said), "it is said")
            assert not start.sessions
        qt_wait(lambda: start.sessions, "it opens by itself")
        assert not start.sessions[0].unwritable
        start.close()


def test_who_writes_at_the_start_holds_up_nobody(
    plain_daemons: Daemons, name: Name, tmp_path: Path, begin: Begin
) -> None:
    """It can be read, so the session begins, with what was not sent."""
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        one._account._chat.stop()  # as without a connection
        one.say(peer(ben), "waiting")
        qt_wait(lambda: texts(one, peer(ben)) == ["waiting"], "it is kept")
        one.close()
        heard = Heard(two)
        with contextlib.closing(sqlite3.connect(one.folder / CACHE, isolation_level=None, timeout=DEADLINE)) as other:
            other.execute("BEGIN EXCLUSIVE")
            start = begin(plain_daemons, ann, tmp_path / ann)
            qt_wait(lambda: start.sessions and start.sessions[0].online, "online")
            qt_wait(lambda: len(heard.arrived) == 1, "it is sent")
            other.execute("ROLLBACK")
        model = start.sessions[0].messages(peer(ben))
        qt_wait(lambda: [m.sent for m in all_in(model)] == [Sent.DELIVERED], "and kept")
        start.close()


def test_a_folder_that_cannot_be_made(
    plain_daemons: Daemons, name: Name, tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, and nothing is there yet: a kept token works all the same."""
    monkeypatch.setattr(opening, "_PATIENCE", 0.1)
    monkeypatch.setattr(opening, "_REST", 0.05)
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        one.close()

        class NoLock:
            def __init__(self, folder: Path) -> None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

        monkeypatch.setattr(opening, "Lock", NoLock)
        start = begin(plain_daemons, ann, tmp_path / ann)
        qt_wait(lambda: start.sessions and start.sessions[0].online, "online")
        assert "full" in start.sessions[0].unwritable
        start.close()
    assert not leftovers()
