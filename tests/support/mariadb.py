"""A real MariaDB of the tests' own: data in a temporary folder, a Unix socket, no port."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pymysql

from tests.support.freezing import freeze, thaw
from tests.support.waiting import wait_until

_SERVER = "mariadbd"
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"  # an ordinary user's PATH lacks it


class MariaDB:
    """A server process; every test gets a database of its own in it. Raises OSError when it cannot be made."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        # A server that starts removes what it takes for its own temporary tables, and in /tmp it may be another's.
        temporary = folder / "temporary"
        temporary.mkdir(parents=True)
        self._environment = {**os.environ, "PATH": _PATH, "TMPDIR": str(temporary)}
        self._data = folder / "data"
        # A socket's path may have 107 bytes only, so it does not live in the deep folder of the test.
        self.socket = Path("/tmp") / f"chatd-test-{os.getpid()}-{id(self):x}.sock"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._install()
        self.start()

    @staticmethod
    def available() -> bool:
        """Whether the programs are there."""
        return all(shutil.which(name, path=_PATH) for name in (_SERVER, "mariadb-install-db"))

    def start(self) -> None:
        """Start, and return when it answers."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                str(shutil.which(_SERVER, path=_PATH)), "--no-defaults", f"--datadir={self._data}",
                f"--socket={self.socket}", f"--pid-file={self._folder}/pid", "--skip-networking", "--skip-ssl",
                "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin", "--innodb-log-file-size=64M",
                "--innodb-buffer-pool-size=128M", "--performance-schema=0", "--max-connections=500",
                *_as_root("--user=root"), *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=self._environment,
        )  # fmt: skip
        log.close()
        wait_until(self.answers, "MariaDB answers")

    def stop(self) -> None:
        """Stop in an orderly way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a crash would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        assert self._process is not None
        freeze(self._process.pid)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        thaw(self._process.pid)

    def answers(self) -> bool:
        """Whether a client can log in."""
        try:
            self._connect().close()
        except pymysql.err.Error:
            return False
        return True

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test{next(self._numbers)}"
        connection = self._connect()
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        connection.close()
        return f"mysql://root@localhost/{name}?unix_socket={self.socket}"

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        self.socket.unlink(missing_ok=True)

    def _connect(self) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
        return pymysql.connect(unix_socket=str(self.socket), user="root", connect_timeout=5)

    def _install(self) -> None:
        done = subprocess.run(
            [
                str(shutil.which("mariadb-install-db", path=_PATH)), "--no-defaults", f"--datadir={self._data}",
                "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
                *_as_root("--user=root"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )  # fmt: skip
        if done.returncode:
            why = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stdout[:1000])
            raise OSError(f"mariadb-install-db: {why}")

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None


def connect(url: str, *, autocommit: bool = False) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
    """Another program's connection to a database that `MariaDB.new_database` has made."""
    name, _, path = url.removeprefix("mysql://root@localhost/").partition("?unix_socket=")
    return pymysql.connect(unix_socket=path, user="root", database=name, autocommit=autocommit)


def _as_root(option: str) -> list[str]:
    return [option] if os.geteuid() == 0 else []
