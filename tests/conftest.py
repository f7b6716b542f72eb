"""Fixtures of the whole suite: both engines, both transports, running servers, and the look for what is left behind."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.mariadb import MariaDB
from tests.support.running import RunningServer, ServerProcess
from tests.support.waiting import wait_until
from tests.support.watchdog import REPORTS

ServerFactory = Callable[..., RunningServer]
ProcessFactory = Callable[..., ServerProcess]

_ran: Counter[str] = Counter()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One MariaDB for the whole run."""
    if not MariaDB.available():
        pytest.fail("mariadbd is missing; `make test` installs it (mariadb-server-core, mariadb-client-core)")
    database = MariaDB(tmp_path_factory.mktemp("mariadb"))
    yield database
    database.remove()


@pytest.fixture(params=["sqlite", "mariadb"])
def engine(request: pytest.FixtureRequest) -> str:
    """The database engine; every test that uses it runs on both."""
    return str(request.param)


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> bool:
    """Whether clients speak TLS; every test that uses it runs both ways."""
    return bool(request.param == "tls")


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/chat.db"
    mariadb: MariaDB = request.getfixturevalue("mariadb")
    return mariadb.new_database()


@pytest.fixture
def make_server(
    database_url: str, tls: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[ServerFactory]:
    """Start servers in this process, with further options; afterwards nothing of them may be left."""
    before = resources()
    running: list[RunningServer] = []

    def make(*options: str) -> RunningServer:
        running.append(RunningServer(database_url, tmp_path, tls, request.node.name, *options))
        return running[-1]

    yield make
    for server in running:
        server.close()
        server.stop()
    assert_nothing_left(before)


@pytest.fixture
def server(make_server: ServerFactory) -> RunningServer:
    """A server with default options, on each engine, in plain text and over TLS."""
    return make_server()


@pytest.fixture
def make_process(database_url: str, tls: bool, tmp_path: Path) -> Iterator[ProcessFactory]:
    """Start servers in processes of their own."""
    before = resources()
    running: list[ServerProcess] = []

    def make(*options: str) -> ServerProcess:
        running.append(ServerProcess(database_url, tmp_path, tls, *options))
        return running[-1]

    yield make
    for server in running:
        server.close()
        server.stop()
    assert_nothing_left(before)


def resources() -> tuple[set[str], int, int]:
    """Threads by name, and how many descriptors and children this process has."""
    gc.collect()
    process = psutil.Process()
    return {thread.name for thread in threading.enumerate()}, process.num_fds(), len(process.children())


def assert_nothing_left(before: tuple[set[str], int, int]) -> None:
    """Fail unless there is no more than `resources` said before."""

    def clean() -> bool:
        threads, descriptors, children = resources()
        return threads <= before[0] and descriptors <= before[1] and children <= before[2]

    try:
        wait_until(clean, "no thread, descriptor or child is left", 10)
    except AssertionError:
        raise AssertionError(f"left behind: before {before}, after {resources()}") from None


def pytest_collection_finish() -> None:
    """What is there before the first test need not be looked through at each look for what is left behind."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count for the summary."""
    if report.when == "call" and report.passed:
        for word in ("sqlite", "mariadb", "plain", "tls"):
            if word in report.nodeid.rpartition("[")[2].rstrip("]").split("-"):
                _ran[word] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran on which engine and transport, and what the watchdogs saw."""
    terminalreporter.section("engines and transports")
    for word in ("sqlite", "mariadb", "plain", "tls"):
        terminalreporter.write_line(f"{word}: {_ran[word]} tests passed")
    terminalreporter.write_line(f"rounds of an event loop over 50 ms: {len(REPORTS)}")
    for report in REPORTS[:10]:
        terminalreporter.write_line(report)
