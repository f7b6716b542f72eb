"""Run a transaction again when it had to make way for another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from chatbase.engine import Database, Deadlock, Transaction

T = TypeVar("T")

TURNS = 10
PAUSE = 0.004  # seconds at most before the second turn, twice as long before the third, and so on
PATIENCE = 10.0  # seconds after which no other turn begins: MariaDB waits 50 for a lock that nobody lets go of


def insisting(run: Callable[[], T]) -> T:
    """Run what makes a transaction, and from its beginning again after each Deadlock; raises what the last turn raises.

    Nothing of a turn that made way is stored, so ``run`` must leave nothing behind that a second turn would find. The
    pauses are of random length, since two that met would meet again after equal ones.
    """
    until = time.monotonic() + PATIENCE
    for turn in range(1, TURNS):
        try:
            return run()
        except Deadlock:
            if time.monotonic() > until:
                raise
        time.sleep(random.uniform(0, turn * PAUSE))
    return run()


def write(database: Database, change: Callable[[Transaction], T]) -> T:
    """Run a change in a transaction of its own that is committed, and insist on it.

    Raises:
        Conflict: a unique key is taken.
        DatabaseUnavailable: anything that is the database's fault; nothing is known to be stored.
    """

    def run() -> T:
        with database.transaction(write=True) as tx:
            return change(tx)

    return insisting(run)
