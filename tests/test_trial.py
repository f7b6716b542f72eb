"""What starts, serves: what a daemon needs is tried before it says that it listens."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import chatd.config
import chatd.server
import filed.config
import filed.server
from chatbase import schema
from chatbase.engine import Database
from chatbase.options import ConfigError
from chatbase.startup import shared_secret
from chatd.executor import FairExecutor
from chatwire.certificate import ensure_self_signed
from tests.support.mariadb import MariaDB
from tests.support.starting import FEW_THREADS, POWERLESS, give_away, refused, start

both = pytest.mark.parametrize("program", ["chatd", "filed"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which both daemons have been."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    ensure_self_signed(folder)
    shared_secret(folder)
    (folder / "files").mkdir(mode=0o700)
    database = Database(f"sqlite:///{folder}/chat.db", 1)
    schema.prepare(database)
    database.close()
    return folder


@both
@pytest.mark.parametrize("limit", [24, 64])
def test_too_few_descriptors(program: str, tmp_path: Path, limit: int) -> None:
    before = f"resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))"
    assert f"may open {limit} files only" in refused(program, tmp_path / "data", before=before)
    assert not (tmp_path / "data").exists()


@both
def test_too_few_threads(program: str, data: Path) -> None:
    assert "the system gives " in refused(program, data, before=FEW_THREADS)


@pytest.mark.parametrize(
    ("program", "name"), [("chatd", "chat.db"), ("filed", "chat.db"), ("filed", "files"), ("filed", "files/ab")]
)
def test_what_belongs_to_somebody_else(program: str, data: Path, name: str) -> None:
    (data / "files" / "ab").mkdir(mode=0o700)
    give_away(data / name)
    said = refused(program, data, before=POWERLESS)
    assert said.startswith("cannot use the database: " if name == "chat.db" else "cannot use the data folder: ")
    assert str(data / name) in said
    if os.geteuid():
        (data / name).chmod(0o700)


@both
def test_an_account_that_may_only_read(program: str, tmp_path: Path, mariadb: MariaDB) -> None:
    url = mariadb.new_database()
    database = Database(url, 1)
    schema.prepare(database)
    database.close()
    root = mariadb._connect()
    with root.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER reader@localhost IDENTIFIED BY 'geheim'")
        cursor.execute("GRANT SELECT, UPDATE ON *.* TO reader@localhost")
    root.close()
    said = refused(program, tmp_path, "--database", url.replace("root@", "reader:geheim@"))
    assert said.startswith("cannot use the database: it cannot be written: INSERT command denied")
    assert "geheim" not in said


def test_all_tables_are_tried(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/chat.db", 1)
    schema.prepare(database)
    with database.transaction() as tx:
        tables = {row[0] for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert tables - {"schema_version", "sqlite_sequence"} == schema.KEYS.keys()


class _FewThreads:
    """The system's patience ends after some threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        self._start = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", lambda thread: self._try(thread))

    def _try(self, thread: threading.Thread) -> None:
        if not self.left:
            raise RuntimeError("can't start new thread")
        self.left -= 1
        self._start(thread)


@both
def test_threads_that_end_after_the_trial(program: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--data", str(data), "--listen", "127.0.0.1:0"]
    server: chatd.server.Server | filed.server.Server
    if program == "chatd":
        server = chatd.server.Server(chatd.config.load(options))
    else:
        server = filed.server.Server(filed.config.load(options))
    with monkeypatch.context() as patch:
        _FewThreads(patch, 0)
        with pytest.raises(ConfigError, match="gives no more threads"):
            server.start()
    server.start()
    server.stop()
    assert server.run()


def test_a_pool_that_gets_half_of_its_threads_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    with monkeypatch.context() as patch:
        _FewThreads(patch, 2)
        with pytest.raises(RuntimeError, match="start new thread"):
            FairExecutor("half", 4, 10)
    for thread in threading.enumerate():
        if thread.name.startswith("half"):
            thread.join(60)
    assert threading.active_count() == before


@both
def test_with_all_of_that_it_starts(program: str, data: Path) -> None:
    end = "run = daemon.Server.run\ndaemon.Server.run = lambda server: (server.stop(), run(server))[1]\n"
    result = start(program, data, "--log-level", "error", before=f"{POWERLESS}{end}")
    assert (result.returncode, result.stderr) == (0, "")
    assert " listening on 127.0.0.1:" in result.stdout
