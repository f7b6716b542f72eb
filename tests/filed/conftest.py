"""Running file daemons; afterwards nothing of them may be left, neither in this process nor on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import assert_nothing_left, resources
from tests.support.filing import FiledProcess, RunningFiled

FiledFactory = Callable[..., RunningFiled]
FiledProcessFactory = Callable[..., FiledProcess]


@pytest.fixture
def make_filed(database_url: str, tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FiledFactory]:
    """Start daemons in this process, with further options. They do not wait long for transfers when they stop."""
    before = resources()
    monkeypatch.setattr("filed.server.DRAIN", 0.3)
    running: list[RunningFiled] = []

    def make(*options: str, patrol: float | None = None) -> RunningFiled:
        running.append(RunningFiled(database_url, tmp_path, tls, *options, patrol=patrol))
        return running[-1]

    yield make
    for filed in running:
        filed.stop()
        filed.assert_tidy()
        filed.close()
    assert_nothing_left(before)


@pytest.fixture
def filed(make_filed: FiledFactory) -> RunningFiled:
    """A daemon with default options, but for the disk space that it leaves free."""
    return make_filed()


@pytest.fixture
def make_filed_process(database_url: str, tls: bool, tmp_path: Path) -> Iterator[FiledProcessFactory]:
    """Start daemons in processes of their own."""
    before = resources()
    running: list[FiledProcess] = []

    def make(*options: str) -> FiledProcess:
        running.append(FiledProcess(database_url, tmp_path, tls, *options))
        return running[-1]

    yield make
    for filed in running:
        filed.stop()
        filed.close()
        assert "Traceback" not in filed.log()
    assert_nothing_left(before)
