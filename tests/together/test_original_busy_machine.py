"""Original clients and both daemons on a machine whose cores two other processes take."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ProcessFactory
from tests.support.combinations import ENGINES
from tests.support.running import ServerProcess
from tests.together.cast import Cast

HOGS = 2
HOG = "import time; end = time.monotonic() + 120\nwhile time.monotonic() < end: pass"
SLOW = 0.12  # seconds for a window


@pytest.fixture
def process(make_process: ProcessFactory) -> ServerProcess:
    return make_process()


@pytest.fixture
def cast(process: ServerProcess, tmp_path: Path) -> Iterator[Cast]:
    people = Cast(process, tmp_path)
    yield people
    people.close()


@pytest.fixture
def hogs(process: ServerProcess) -> Iterator[None]:
    """As long as the test runs, and two minutes at most: this process may be killed meanwhile."""
    running = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(HOGS)]
    yield
    for hog in running:
        hog.kill()
        hog.wait()


@ENGINES
def test_nothing_is_lost(cast: Cast, hogs: None) -> None:
    words = ("ann", "ben", "cem")
    cast.befriend("ann", "ben", "cem")
    crew = cast.in_group("crew", *words)
    dora = cast.modern("dora")
    for number in range(6):
        dora.private_chat(cast.name("ann"), f"missed {number}")
    ben, cem = (cast.enter(word, window=SLOW) for word in ("ben", "cem"))
    ann = cast.enter("ann", window=SLOW)
    ann.sees(cast.name("dora"), *(f"missed {number}" for number in range(6)))
    for number in range(3):
        ann.say(ben.name, f"ann {number}")
        ben.say(ann.name, f"ben {number}")
        cem.say_in(crew, f"cem {number}")
    for client, other in ((ann, ben), (ben, ann)):
        client.wait(lambda c=client, o=other: len(c.windows.get(o.name, [])) == 6, "all of it")  # type: ignore[misc]
        client.sees_in(crew, *(f"cem {number}" for number in range(3)))
        for word, name in (("ann", ann.name), ("ben", ben.name)):
            said = [text for text in client.windows[other.name] if text.startswith(word)]
            assert said == [f"{word} {number}" for number in range(3)], name
