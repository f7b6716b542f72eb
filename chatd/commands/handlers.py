"""Every module with handlers, so that importing this one fills the table; and the check that it is complete."""

from __future__ import annotations

from chatd.commands import accounts, chat, file_daemon, files, friends, groups, history, read_by, resume
from chatd.commands.table import HANDLERS
from chatwire.commands import COMMANDS

MODULES = (accounts, chat, file_daemon, files, friends, groups, history, read_by, resume)

if missing := COMMANDS.keys() - HANDLERS.keys():
    raise RuntimeError(f"commands without a handler: {sorted(missing)}")
