"""Checks and claims before anything serves: descriptors, data folder, database."""

from __future__ import annotations

import fcntl
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chatd.config import ConfigError, Settings
from chatd.store import schema
from chatd.store.claim import Claim, Claimed, claim
from chatd.store.engine import Database, DatabaseUnavailable

log = logging.getLogger("chatd.server")


@contextmanager
def one_line_errors(task: str) -> Iterator[None]:
    """Turn what the outside world did wrong into a `ConfigError` of one line, which names the task that failed."""
    try:
        yield
    except (ValueError, schema.SchemaTooNew, DatabaseUnavailable) as error:
        raise ConfigError(f"cannot {task}: {error}") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ConfigError(f"cannot {task}: {error.strerror or error}{where}") from error


def raise_descriptor_limit() -> None:
    """Every connection is a descriptor: take as many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def own_data_folder(folder: Path) -> IO[bytes]:
    """Make the folder and lock it for this process; the lock lasts as long as the returned file is open.

    Two servers would overwrite each other's files. The database has a claim of its own: it may lie elsewhere.

    Raises:
        ConfigError: another server has it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = open(folder / "chatd.lock", "wb")  # noqa: SIM115  (held for the life of the process)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ConfigError(f"another server is using {folder}") from None
    return file


def open_database(settings: Settings, connections: int) -> tuple[Database, Claim]:
    """Open the pool, claim the database for this server, and bring the schema up to date.

    Raises what `Database`, `claim` and `schema.prepare` raise, and ConfigError when another server has it.
    """
    database = Database(settings.database, connections)
    try:
        claimed = claim(database, settings.database)
    except Claimed as error:
        database.close()
        raise ConfigError(str(error)) from None
    found = schema.prepare(database)
    if found == 0:
        log.info("made the schema: engine=%s version=%d", database.engine, schema.VERSION)
    return database, claimed
