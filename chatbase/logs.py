"""Logging: one line per event, text or JSON, on standard error or in a file. Loggers are named by subject (chatd.auth).

Neither passwords, tokens, message texts nor database URLs are ever logged; names of users are, in `repr` form, so that
no name can forge a line.
"""

from __future__ import annotations

import logging
import sys
from contextlib import nullcontext
from logging.handlers import WatchedFileHandler
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter


class _OneLine(logging.Formatter):
    """Text lines. A traceback is folded into its event's line, so that one event stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the event as a single line."""
        return super().format(record).replace("\r", "\\r").replace("\n", " | ")


def configure(form: str, level: str, file: Path | None = None) -> None:
    """Set up the root logger; called once, before any thread starts. Raises OSError: the file cannot be written."""
    logging.raiseExceptions = False  # a disk that is full shall not put a traceback in the place of each line
    handler = WatchedFileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr)
    if form == "json":
        names = {"asctime": "time", "levelname": "level", "name": "subject"}
        formatter: logging.Formatter = JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(threadName)s %(message)s", rename_fields=names
        )
    else:
        formatter = _OneLine("%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s")
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def reopen() -> None:
    """Go on in a new file where the old one was moved away. Any thread; the next line would do it, too."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, WatchedFileHandler):
            with handler.lock or nullcontext():
                handler.reopenIfNeeded()
