"""A transfer whose own thread says something at the very moment in which somebody else does."""

from __future__ import annotations

from typing import Any, cast

import pytest

from qtclient.cache.transfers import Kept
from qtclient.net.moving import Moving
from qtclient.records import Key, Kind, Phase


class _Office:
    """Takes note of the phases that are told."""

    def __init__(self) -> None:
        self.told: list[Phase] = []

    def ask(self, cmd: str, done: object, **fields: Any) -> None:
        raise AssertionError("nothing is asked here")

    def keep(self, moving: Moving, job: object = None) -> None:
        self.told.append(moving.kept.phase)


@pytest.fixture
def office() -> _Office:
    return _Office()


@pytest.fixture
def moving(office: _Office) -> Moving:
    kept = Kept(1, True, Key(Kind.PEER, "ben"), "c", "f", "a", "/a", 10, 0, "", Phase.PREPARING, "")
    return Moving(kept, cast(Any, office))


@pytest.mark.parametrize("said", [Phase.RUNNING, Phase.PREPARING, Phase.WAITING])
def test_what_was_paused_stays_so_and_can_be_resumed(moving: Moving, office: _Office, said: Phase) -> None:
    moving.pause()
    moving._phase(said)  # its thread, which has just got as far as that
    assert (moving.kept.phase, moving.control.paused) == (Phase.PAUSED, True)
    moving.resume()
    assert (moving.kept.phase, moving.control.paused) == (Phase.RUNNING, False)
    assert office.told == [Phase.PAUSED, Phase.PAUSED, Phase.RUNNING]


@pytest.mark.parametrize("end", [Phase.DONE, Phase.FAILED, Phase.CANCELLED])
def test_what_is_over_stays_so(moving: Moving, end: Phase) -> None:
    moving._phase(end)
    moving.pause()
    moving.resume()
    assert (moving.kept.phase, moving.control.paused) == (end, False)


def test_what_ends_while_it_is_paused_is_over(moving: Moving) -> None:
    moving.pause()
    moving._phase(Phase.CANCELLED)
    assert moving.kept.phase is Phase.CANCELLED
