"""Fixtures of the whole suite: both engines, both transports, running servers, and the look for what is left behind."""

from __future__ import annotations

import gc
import os
import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatbase.drivers import sqlite_url
from tests.support.mariadb import MariaDB
from tests.support.running import RunningServer, ServerProcess
from tests.support.waiting import wait_until
from tests.support.watchdog import REPORTS

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

ServerFactory = Callable[..., RunningServer]
ProcessFactory = Callable[..., ServerProcess]

_ran: Counter[str] = Counter()
_seconds: defaultdict[str, float] = defaultdict(float)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One MariaDB for the whole run."""
    if not MariaDB.available():
        pytest.fail("mariadbd is missing; `make test` installs it (mariadb-server-core, mariadb-client-core)")
    database = MariaDB(tmp_path_factory.mktemp("mariadb"))
    yield database
    database.remove()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose engine and transport for tests that say nothing about them: both of each, in two runs rather than four, as
    neither knows of the other. Half of the tests pair them one way, half the other. The mark `sqlite` leaves two
    transports, the mark `once` one run; marks of `support.combinations` say it all.
    """
    marked = {name for mark in metafunc.definition.iter_markers("parametrize") for name in _names(mark.args[0])}
    names = [name for name in ("engine", "tls") if name in metafunc.fixturenames and name not in marked]
    if not names:
        return
    tls = bool(zlib.crc32(metafunc.function.__name__.encode()) % 2)
    second = "sqlite" if metafunc.definition.get_closest_marker("sqlite") else "mariadb"
    ways: list[dict[str, str | bool]] = [{"engine": "sqlite", "tls": tls}, {"engine": second, "tls": not tls}]
    if metafunc.definition.get_closest_marker("once"):
        ways = ways[:1]
    chosen = dict.fromkeys(tuple(way[name] for name in names) for way in ways)
    metafunc.parametrize(names, list(chosen), ids=["-".join(_WORDS[part] for part in way) for way in chosen])


_WORDS: dict[str | bool, str] = {"sqlite": "sqlite", "mariadb": "mariadb", False: "plain", True: "tls"}


def _names(argument: str | Sequence[str]) -> Sequence[str]:
    return argument.replace(",", " ").split() if isinstance(argument, str) else argument


@pytest.fixture
def engine() -> str:
    """The database engine, by `pytest_generate_tests`."""
    raise NotImplementedError


@pytest.fixture
def tls() -> bool:
    """Whether clients speak TLS, by `pytest_generate_tests`."""
    raise NotImplementedError


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    if engine == "sqlite":
        return sqlite_url(tmp_path / "chat.db")
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


Resources = tuple[set[str], int, int]
"""Threads by name, and how many descriptors and children this process has."""


def resources() -> Resources:
    """What there is before a test. What is alive now need not be looked through again when it ends: with a whole
    suite's modules loaded, collections were a third of all that it took.
    """
    gc.collect()
    gc.freeze()
    return _resources()


def _resources() -> Resources:
    """Children are asked for by thread: `psutil` would read the state of every process of the machine."""
    children = sum(len(_children(task).split()) for task in os.listdir("/proc/self/task"))
    return {thread.name for thread in threading.enumerate()}, len(os.listdir("/proc/self/fd")), children


def _children(task: str) -> str:
    try:
        return Path(f"/proc/self/task/{task}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        if int(task) == os.getpid():
            raise  # this kernel does not tell
        return ""  # the thread has ended meanwhile


def assert_nothing_left(before: Resources) -> None:
    """Fail unless there is no more than `resources` said before."""

    def clean() -> bool:
        gc.collect()
        threads, descriptors, children = _resources()
        return threads <= before[0] and descriptors <= before[1] and children <= before[2]

    try:
        wait_until(clean, "no thread, descriptor or child is left")
    except AssertionError:
        raise AssertionError(f"left behind: before {before}, after {_resources()}") from None


def pytest_collection_finish() -> None:
    """What is there before the first test need not be looked through at each look for what is left behind."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count for the summary. With several workers, only the process that hands out the tests writes one."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration
    if report.when == "call" and report.passed:
        for word in ("sqlite", "mariadb", "plain", "tls"):
            if word in report.nodeid.rpartition("[")[2].rstrip("]").split("-"):
                _ran[word] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what its watchdogs saw."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["rounds"] = REPORTS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take it. A worker that crashed hands over nothing."""
    REPORTS.extend(getattr(node, "workeroutput", {}).get("rounds", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran on which engine and transport, what took longest, and what the watchdogs saw."""
    terminalreporter.section("engines and transports")
    for word in ("sqlite", "mariadb", "plain", "tls"):
        terminalreporter.write_line(f"{word}: {_ran[word]} tests passed")
    terminalreporter.section("slowest files")
    for name, seconds in sorted(_seconds.items(), key=lambda pair: -pair[1])[:10]:
        terminalreporter.write_line(f"{seconds:6.1f} s  {name}")
    terminalreporter.section("watchdogs")
    terminalreporter.write_line(f"rounds of an event loop over 50 ms: {len(REPORTS)}")
    for report in REPORTS[:10]:
        terminalreporter.write_line(report)
