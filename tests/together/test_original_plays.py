"""Every function of the original system, and bad days, played by unmodified original clients, on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import assert_nothing_left, resources
from tests.support.mariadb import MariaDB
from tests.together.conftest import Both
from tests.together.original_bad_days import BAD_DAYS
from tests.together.original_functions import FUNCTIONS
from tests.together.plays import Begun, begun, chosen

PLAYS = {**FUNCTIONS, **BAD_DAYS}


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def plays(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """All of them, begun on one pair of daemons for each engine."""
    folder = tmp_path_factory.mktemp("plays")
    database = f"sqlite:///{folder}/chat.db"
    if request.param == "mariadb":
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        database = mariadb.new_database()
    before = resources()
    both = Both(database, folder, False, request.node.name)
    try:
        with begun(chosen(PLAYS, request), both.chat, tmp_path_factory.mktemp("casts")) as running:
            yield running
    finally:
        both.close()
    assert_nothing_left(before)


@pytest.mark.parametrize("what", PLAYS)
def test_play(plays: Begun, what: str) -> None:
    plays[what].result()
