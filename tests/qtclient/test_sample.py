"""The small world of `make demo` and of the pictures."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from tests.qtclient import sample
from tests.qtclient.support import Daemons


def test_what_was_said_was_said_on_other_days(make_daemons: Callable[..., Daemons], tmp_path: Path) -> None:
    daemons = make_daemons()
    sample.fill(daemons, tmp_path / "files")
    with contextlib.closing(sqlite3.connect(daemons.data / "chat.db", timeout=20)) as connection:
        times = [ts for (ts,) in connection.execute("SELECT ts FROM messages ORDER BY mid")]
    assert len(times) == len(sample.HISTORY)
    assert times[0] < (time.time() - 3 * 24 * 3600) * 1000
    assert times == sorted(times)
