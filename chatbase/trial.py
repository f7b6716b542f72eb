"""What a daemon will need later, tried before it says that it serves: descriptors, threads, a database to write to.

Without that it would listen, and refuse everything that comes.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from chatbase.engine import Database, DatabaseUnavailable, Transaction
from chatbase.insisting import write
from chatbase.options import ConfigError
from chatbase.schema import KEYS

_NO_THREADS = "the system gives {} threads only, and {} are needed (ulimit -u, TasksMax of the unit, memory)"


def enough_descriptors(needed: int) -> None:
    """Raises ConfigError when the limit, which has been raised as far as it goes, is below what is needed."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < needed:
        raise ConfigError(f"may open {limit} files only, and needs {needed} (ulimit -n, LimitNOFILE of the unit)")


def enough_threads(needed: int) -> None:
    """Have so many at once for a moment. Raises ConfigError when the system does not give them."""
    end = threading.Event()
    threads = [threading.Thread(target=end.wait, name="trial", daemon=True) for _ in range(needed)]
    started = 0
    try:
        for thread in threads:
            thread.start()
            started += 1
    except RuntimeError:
        raise ConfigError(_NO_THREADS.format(started, needed)) from None
    finally:
        end.set()
        for thread in threads[:started]:
            thread.join()


@contextmanager
def thread_errors() -> Iterator[None]:
    """Turn the end of the system's patience with threads into a ConfigError: the trial was a moment ago."""
    try:
        yield
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
        raise ConfigError("the system gives no more threads (ulimit -u, TasksMax of the unit, memory)") from error


def may_write(database: Database, tables: Iterable[str]) -> None:
    """Raises DatabaseUnavailable when rows of these tables may not be added, changed and removed.

    MariaDB looks at rights before it looks at rows, so it is enough to do all of that to none of them; SQLite refuses
    the transaction itself.
    """

    def change(tx: Transaction) -> None:
        for table in tables:
            tx.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0")
            tx.execute(f"UPDATE {table} SET {KEYS[table]} = {KEYS[table]} WHERE 1 = 0")
            tx.execute(f"DELETE FROM {table} WHERE 1 = 0")

    try:
        write(database, change)
    except DatabaseUnavailable as error:
        where = f" ({database.file.path})" if database.file is not None else ""
        raise DatabaseUnavailable(f"it cannot be written: {error}{where}") from error
