"""Original clients at their login windows: as long as they like, and all at nine o'clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ServerFactory
from tests.support.combinations import PLAIN
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.together.cast import Cast

MakeCast = Callable[[RunningServer], Cast]

pytestmark = PLAIN


@pytest.fixture
def make_cast(tmp_path: Path) -> Iterator[MakeCast]:
    """People of a server; they are judged, and leave, before it stops."""
    casts: list[Cast] = []

    def make(server: RunningServer) -> Cast:
        casts.append(Cast(server, tmp_path))
        return casts[-1]

    yield make
    for cast in casts:
        cast.close()


def test_the_login_window_stays_as_long_as_its_person_likes(make_server: ServerFactory, make_cast: MakeCast) -> None:
    server = make_server("--login-deadline", "0.2")
    cast = make_cast(server)
    silent, failed = cast.original("ann"), cast.original("ben")
    failed.register()
    failed.log_in("something else")
    with RawPeer(server) as modern:
        modern.say("ping")
        assert modern.rest()[-1]["result"] == "login_timeout", "the time has passed"
    silent.enter()
    failed.enter(known=True)


def test_fifty_log_in_at_nine_o_clock_from_one_address(server: RunningServer, make_cast: MakeCast) -> None:
    cast = make_cast(server)
    words = [f"pupil {number}" for number in range(50)]
    crew = cast.in_group("crew", "teacher")
    cast.account(*words)
    clients = [cast.original(word) for word in words]
    for client in clients:
        client.click_login()
    for client in clients:
        client.wait(lambda c=client: c.in_main_window, "the main window")  # type: ignore[misc]
    for client in clients:
        client.join(crew)
    cast.modern("teacher").group_chat(crew, "good morning")
    for client in clients:
        client.sees_in(crew, "good morning")
