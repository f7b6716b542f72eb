"""The home folder, which not every user has."""

from __future__ import annotations

from pathlib import Path

NOWHERE = Path("/nonexistent")
"""What Debian gives to users without one: nothing can be made there, and an OSError says so."""


def home() -> Path:
    """The user's home folder, or `NOWHERE`: there may be no HOME, and no name for the user's number."""
    try:
        return Path.home()
    except RuntimeError:
        return NOWHERE


def expanded(path: str) -> Path:
    """A path, with ``~`` or ``~user`` at its beginning replaced unless there is no such user.

    Office programs make files that are called ``~$report.docx``.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
