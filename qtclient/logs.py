"""The client's log: a file in the profile, of bounded size. No passwords, tokens or messages."""

from __future__ import annotations

import faulthandler
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from qtclient.places import log_file, make_private

SIZE = 1_000_000  # bytes of one file
KEPT = 3  # older files

_FORM = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"
_for_faults: list[TextIO] = []


def open_log(profile: Path, level: str = "INFO") -> Path:
    """Log to the profile from now on, and have Python write there, too, what it can say when the process dies.

    Raises:
        OSError: the file cannot be written.
    """
    path = log_file(profile)
    make_private(path.parent)
    handler = RotatingFileHandler(path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORM))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # It is written to by descriptor, and so must not be a file that is rotated away.
    _for_faults[:] = [path.with_name("faults.log").open("a", encoding="utf-8")]
    faulthandler.enable(_for_faults[0])
    return path


def close_log() -> None:
    """Undo `open_log`."""
    faulthandler.disable()
    for file in _for_faults:
        file.close()
    _for_faults.clear()
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, RotatingFileHandler):
            root.removeHandler(handler)
            handler.close()
