"""What the measurements stand on: a folder, and daemons."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.qtclient.support import Daemons


def options() -> argparse.Namespace:
    """What `tests.qtclient.bench` passes on to every measurement."""
    signal.signal(signal.SIGTERM, leave)
    parser = argparse.ArgumentParser()
    for name in ("seconds", "messages", "megabytes"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """On a signal: unwind, so that what was started is ended, too."""
    sys.exit(128 + number)


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that is also the user's home, so that nothing of the user's own is read or written."""
    with tempfile.TemporaryDirectory(prefix="bench-client-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ["HOME"] = name
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_DOWNLOAD_DIR", "XDG_RUNTIME_DIR"):
            (folder / variable).mkdir(mode=0o700)
            os.environ[variable] = str(folder / variable)
        yield folder


@contextmanager
def daemons(folder: Path) -> Iterator[Daemons]:
    """Both daemons over TLS, as a user has them."""
    pair = Daemons(folder / "server", tls=True)
    try:
        yield pair
    finally:
        pair.close()
