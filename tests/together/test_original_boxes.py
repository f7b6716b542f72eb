"""Original clients whose boxes nobody closes: a second is all that the server waits for here, in place of five."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chatd.commands import legacy
from tests.conftest import assert_nothing_left, resources
from tests.support.running import RunningServer
from tests.together.cast import Cast
from tests.together.original_bad_days import numbered, say
from tests.together.plays import Begun, Plays, begun, chosen

PLAYS = Plays()
behind_a_box = PLAYS.enter


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    folder = tmp_path_factory.mktemp("boxes")
    before = resources()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(legacy, "GAPS", replace(legacy.GAPS, box=1.0))
        server = RunningServer(f"sqlite:///{folder}/chat.db", folder, False, request.node.name)
        try:
            with begun(chosen(PLAYS, request), server, tmp_path_factory.mktemp("casts")) as running:
                yield running
        finally:
            server.close()
            server.stop()
    assert_nothing_left(before)


@behind_a_box("somebody who closes the box and does nothing more")
def _somebody_who_only_closes_the_box_gets_it_later(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ann, ben = cast.enter("ann"), cast.modern("ben", after=None)
    ann.wait(lambda: ann.boxes, "ben has come")
    assert say(ben, ann.name, *numbered(2)) == ["success"] * 2
    ann.sees(ben.user or "", *numbered(2))


@behind_a_box("many come and go at once")
def _many_come_and_go_at_once(cast: Cast) -> None:
    """One box after the other, and what was said in between is not lost."""
    words = ("ben", "cem", "dora")
    cast.befriend("ann", *words)
    ann = cast.enter("ann")
    friends = [cast.modern(word, after=None) for word in words]
    for friend in friends:
        say(friend, ann.name, "hello")
    friends[0].expect("offline")
    for word in words:
        ann.open_window(cast.name(word))
        ann.sees(cast.name(word), "hello")
    gone = f"{cast.name('ben')} has gone"
    ann.wait(lambda: gone in ann.boxes, "the last box")
    assert ann.boxes == [*(f"{cast.name(word)} has come" for word in words), gone]


@behind_a_box("what a box has destroyed comes again at the next login")
def _what_a_box_has_destroyed_comes_again_at_the_next_login(cast: Cast) -> None:
    """Its person has left the machine, and ends the program in the end."""
    cast.befriend("ann", "ben")
    ann, ben = cast.enter("ann", patience=None), cast.modern("ben", after=None)
    ann.wait(lambda: ann.box, "ben has come")
    assert say(ben, ann.name, *numbered(3)) == ["success"] * 3
    ann.wait(lambda: ann._unread, "something has come in the end")
    ann.kill()
    cast.enter("ann").sees(ben.user or "", *numbered(3))


@behind_a_box("another session of the same user")
def _another_session_of_the_same_user(cast: Cast) -> None:
    """What is said elsewhere reaches the original client without harm."""
    ann, elsewhere = cast.enter("ann"), cast.modern("ann")
    crew = cast.name("crew")
    elsewhere.expect("create_group", group=crew)
    [ben] = cast.account("ben")
    elsewhere.expect("add", friend=ben)
    elsewhere.private_chat(ben, "said elsewhere")
    assert say(cast.modern("ben"), ann.name, "hello") == ["success"]
    ann.sees(ben, "hello")
    elsewhere.group_chat(crew, "all")
    ann.sees_in(crew, "all")
    ann.say_in(crew, "mine")
    ann.wait(lambda: ann.answers("group_chat_reply"), "the answer")
    ann.open_group_window(crew)
    ann.sees_in(crew, "all", "mine")


@pytest.mark.parametrize("what", PLAYS)
def test_play(plays: Begun, what: str) -> None:
    plays[what].result()
