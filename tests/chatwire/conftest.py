"""Terminal clients, and a server of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chatwire.terminals import Program, programs
from tests.conftest import ProcessFactory
from tests.support.running import ServerProcess


@pytest.fixture
def process(make_process: ProcessFactory) -> ServerProcess:
    """The server, in a process that a test may kill."""
    return make_process()


@pytest.fixture
def program(process: ServerProcess, tmp_path: Path) -> Iterator[Program]:
    """Start programs for users of the server; each has a configuration folder of its own."""
    with programs(process, tmp_path) as start:
        yield start
