"""Plays: what original clients and others do together, by a sentence that says what it is about.

They are mostly waiting, since what an original client is sent comes slowly; so some of them may be on at once, each
with people of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.running import Clients
from tests.together.cast import Cast

AT_ONCE = 8

Play = Callable[[Cast], None]
Begun = dict[str, "Future[None]"]


class Plays(dict[str, Play]):
    """A table of them."""

    def enter(self, what: str) -> Callable[[Play], Play]:
        """Decorate a play with its sentence."""

        def add(play: Play) -> Play:
            assert what not in self
            self[what] = play
            return play

        return add


@contextmanager
def begun(plays: dict[str, Play], clients: Clients, folder: Path) -> Iterator[Begun]:
    """Begin plays, a few at once; the result of each is there, or its failure raised, when it has ended."""

    def run(number: int, play: Play) -> None:
        own = folder / str(number)
        own.mkdir()
        cast = Cast(clients, own)
        try:
            play(cast)
        finally:
            cast.close()

    with ThreadPoolExecutor(AT_ONCE, "play") as pool:
        yield {what: pool.submit(run, number, play) for number, (what, play) in enumerate(plays.items())}


def chosen(plays: dict[str, Play], request: pytest.FixtureRequest) -> dict[str, Play]:
    """Those that this run has tests for, in the module of the fixture that asks."""
    names = [item.name for item in request.session.items if item.parent is request.node]
    return {what: play for what, play in plays.items() if any(name.endswith(f"{what}]") for name in names)}
