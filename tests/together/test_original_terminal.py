"""An original client and the client for terminals, the real program on a pseudo-terminal, with both real daemons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chatwire.terminals import Program, programs, register
from tests.conftest import ProcessFactory
from tests.support.combinations import SECURE
from tests.support.filing import FiledProcess, some_bytes
from tests.support.running import ServerProcess
from tests.support.waiting import wait_until
from tests.together.cast import Cast

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

CONTENT = some_bytes(400_000)


@pytest.fixture
def process(make_process: ProcessFactory) -> ServerProcess:
    return make_process()


@pytest.fixture
def filed(process: ServerProcess, database_url: str, tls: bool, tmp_path: Path) -> Iterator[FiledProcess]:
    """The file daemon, known to the chat server."""
    daemon = FiledProcess(database_url, tmp_path, tls, "--chatd", f"127.0.0.1:{process.port}")
    wait_until(lambda: "the file daemon is here" in process.log(), "chatd knows the file daemon")
    yield daemon
    daemon.stop()
    daemon.close()


@pytest.fixture
def program(process: ServerProcess, filed: FiledProcess, tmp_path: Path) -> Iterator[Program]:
    with programs(process, tmp_path) as start:
        yield start


@pytest.fixture
def cast(process: ServerProcess, filed: FiledProcess, tmp_path: Path) -> Iterator[Cast]:
    people = Cast(process, tmp_path)
    yield people
    people.close()


@SECURE  # the terminal's connection; the original client's is plain, on the same port
def test_they_talk_and_send_each_other_files(
    program: Program, process: ServerProcess, cast: Cast, tmp_path: Path
) -> None:
    ann, bob = cast.enter("ann"), register(program, process, "bob")
    bob.enters(f"/add {ann.name}")
    ann.wait(lambda: ann.friends == ["bob"], "bob in the list")
    ann.say("bob", "hello, bob")
    bob.shows(f"{ann.name}: hello, bob")
    bob.enters(f"/to {ann.name}")
    bob.enters("hello, 你好")
    ann.sees("bob", "hello, bob", "hello, 你好")
    bob.enters(f"/create {cast.name('crew')}")
    bob.shows(f"you are in #{cast.name('crew')} now")
    ann.join(cast.name("crew"))
    ann.say_in(cast.name("crew"), "all here?")
    bob.shows(f"{ann.name}: all here?")
    bob.enters("yes, all")
    ann.sees_in(cast.name("crew"), "all here?", "yes, all")
    ann.send_file("bob", cast.file(CONTENT, "from ann.bin"))
    bob.shows(f"{ann.name} offers from ann.bin")
    target = tmp_path / "downloads"
    target.mkdir()
    bob.enters(f"/get 1 {target}")
    bob.shows(f"from ann.bin is here: {target}/from ann.bin")
    assert (target / "from ann.bin").read_bytes() == CONTENT
    bob.enters(f"/send '{cast.file(CONTENT, 'from bob.bin')}' {ann.name}")
    ann.wait(lambda: ann.files.received, "the file")
    assert ann.files.received[0].name == "from bob.bin"
    assert ann.files.received[0].read_bytes() == CONTENT
