"""A group that was left and joined again, here or elsewhere: what was said in between is a hole, and it is filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatwire.client import Client
from qtclient.model.session import Session
from qtclient.records import Key
from tests.qtclient.model.helpers import all_in, group, sessions, texts
from tests.qtclient.model.test_offline import resumed
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


@dataclass
class Crew:
    """Ann has a session and another client; Ben says what is said, so that nothing else tells Ann of time passing."""

    name: str
    session: Session
    elsewhere: Client
    ben: Client
    said: list[str]

    @property
    def key(self) -> Key:
        return group(self.name)

    def say(self, *texts: str) -> None:
        for text in texts:
            self.ben.group_chat(self.name, text)
        self.said += texts

    def leave_and_join(self, *meanwhile: str) -> None:
        """Elsewhere."""
        self.elsewhere.expect("leave_group", group=self.name)
        self.say(*meanwhile)
        self.elsewhere.expect("add_group", group=self.name)


@contextmanager
def crew(daemons: Daemons, name: Name, folder: Path) -> Iterator[Crew]:
    """Something has been said, and Ann's session has it."""
    ann, ben, called = name("ann"), name("ben"), name("crew")
    daemons.register(ben)
    with sessions(daemons, folder, ann) as (one,):
        daemons.make_group(called, ann, ben)
        made = Crew(called, one, daemons.log_in(ann, after=-1), daemons.log_in(ben, after=-1), [])
        qt_wait(lambda: called in one.groups, "she is in the group")
        made.say("first", "second")
        qt_wait(lambda: texts(one, made.key) == made.said, "it is here")
        yield made


@contextmanager
def back(daemons: Daemons, one: Session, folder: Path) -> Iterator[Session]:
    """The account opened again."""
    again = resumed(daemons, one.user, folder / one.user)
    try:
        yield again
    finally:
        again.close()
        again.deleteLater()


def scrolled_up(session: Session, key: Key) -> list[str]:
    """All that a conversation shows, from its very beginning."""
    model = session.messages(key)

    def at_beginning() -> bool:
        if not model.at_beginning and not model.loading:
            model.load_older()
        return model.at_beginning

    qt_wait(at_beginning, "there is nothing more to be had")
    return [message.text for message in all_in(model)]


@pytest.mark.parametrize("later", [(), ("third",)], ids=["silence", "more"])
def test_elsewhere_while_this_client_was_off(
    daemons: Daemons, name: Name, tmp_path: Path, later: tuple[str, ...]
) -> None:
    """More than a page of it, and whether something is said afterwards or not."""
    with crew(daemons, name, tmp_path) as it:
        it.session.close()
        it.leave_and_join(*(f"meanwhile {number}" for number in range(130)))
        it.say(*later)
        with back(daemons, it.session, tmp_path) as again:
            model = again.messages(it.key)
            qt_wait(lambda: again.online and texts(again, it.key)[-1] == it.said[-1], "the newest is shown by itself")
            assert scrolled_up(again, it.key) == it.said
            assert model.rowCount() == len(it.said)


def test_what_was_fetched_is_not_fetched_again(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """The same membership at the next login is no news: all is here, also without a connection."""
    with crew(daemons, name, tmp_path) as it:
        it.session.close()
        it.leave_and_join("meanwhile")
        with back(daemons, it.session, tmp_path) as again:
            qt_wait(lambda: again.online and texts(again, it.key)[-1] == it.said[-1], "the newest is shown by itself")
            assert scrolled_up(again, it.key) == it.said
        with back(daemons, it.session, tmp_path) as third:
            qt_wait(lambda: third.online, "it is back once more")

            def here() -> tuple[list[str], bool]:
                page = third.reader.newest(it.key, 100)  # nothing is fetched by that
                return [message.text for message in page.messages], page.end

            qt_wait(lambda: here() == (it.said, True), "what the login has told is written")


def test_elsewhere_while_this_client_looks_on(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """The group's window is open, and no other message tells that time has passed."""
    with crew(daemons, name, tmp_path) as it:
        model = it.session.messages(it.key)
        for number in range(2):
            it.leave_and_join(f"meanwhile {number}")
            it.say(f"then {number}")
            qt_wait(lambda: texts(it.session, it.key)[-1] == it.said[-1], "what is said now is here")
            assert scrolled_up(it.session, it.key) == it.said
        assert model.rowCount() == len(it.said)


def test_by_this_client(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    with crew(daemons, name, tmp_path) as it:
        model = it.session.messages(it.key)
        it.session.leave_group(it.name, lambda ok, text: None)
        qt_wait(lambda: it.name not in it.session.groups, "it is left")
        it.say("meanwhile")
        it.session.join_group(it.name, lambda ok, text: None)
        qt_wait(lambda: texts(it.session, it.key) == it.said, "it is filled by itself")
        assert scrolled_up(it.session, it.key) == it.said
        assert not model.loading


def test_a_member_is_shown_by_history_what_was_said_while_he_was_none(
    daemons: Daemons, name: Name, tmp_path: Path
) -> None:
    """So there is a hole: what is pushed and `sync` do not have it, and `history` does."""
    with crew(daemons, name, tmp_path) as it:
        it.leave_and_join("meanwhile")
        found = it.elsewhere.expect("history", group=it.name)["messages"]
        assert [obj["text"] for obj in found] == it.said
        found = it.elsewhere.expect("sync", after=found[0]["mid"] - 1)["messages"]
        assert [obj["text"] for obj in found] == ["first", "second"]
