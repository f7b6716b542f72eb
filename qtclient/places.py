"""Where the client keeps things, by the XDG rules. No Qt here."""

from __future__ import annotations

import os
from pathlib import Path

from chatwire.home import home


def profile_folder() -> Path:
    """Settings, accounts and caches of the one who says nothing else."""
    return _base("XDG_DATA_HOME", ".local/share") / "qtclient"


def plugin_folder() -> Path:
    """For links to Qt plugins that the distribution brings."""
    return _base("XDG_CACHE_HOME", ".cache") / "qtclient" / "plugins"


def log_file(profile: Path) -> Path:
    """The newest log of a profile; older ones have a number behind."""
    return profile / "log" / "qtclient.log"


def make_private(folder: Path) -> None:
    """Make a folder that only the user can read, if it is not there.

    Raises:
        OSError: it cannot be made or written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(13, "cannot be written to", str(folder))


def _base(variable: str, otherwise: str) -> Path:
    """A relative path there is to be ignored."""
    told = os.environ.get(variable, "")
    return Path(told) if os.path.isabs(told) else home() / otherwise
