"""Fixtures for legacy connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.legacy_peer import Legacy
from tests.support.login_deadlines import LoginDeadlines
from tests.support.pacing import HandTurned, quick
from tests.support.running import RunningServer


@pytest.fixture
def connect(server: RunningServer) -> Iterator[Callable[..., Legacy]]:
    """Opens connections, and closes them at the end."""
    made: list[Legacy] = []

    def make(source: str = "127.0.0.1") -> Legacy:
        made.append(Legacy(server, source))
        return made[-1]

    yield make
    for peer in made:
        peer.socket.close()


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> LoginDeadlines:
    """Login deadlines pass when the test says so. To be asked for before the server."""
    return LoginDeadlines(monkeypatch)


@pytest.fixture
def no_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects for legacy connections follow each other at once."""
    quick(monkeypatch)


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> HandTurned:
    """A gap between two objects ends when the test says so."""
    return HandTurned(monkeypatch)
