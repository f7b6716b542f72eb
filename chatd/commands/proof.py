"""What login and resume have in common before a session begins."""

from __future__ import annotations

import logging

from chatd.commands.call import Call, Refusal

log = logging.getLogger("chatd.auth")


def refuse_second_session(call: Call) -> None:
    """One session at a time: raise Refusal where the connection has one."""
    if call.logged_in:
        raise Refusal("bad_request", detail="user: this connection has a session already; send offline first")


def login_failed(call: Call, name: str) -> None:
    """Count it, and log the one line that fail2ban matches (see HACKING.md); its form is an interface."""
    call.services.failures.failed(name, call.peer.address)
    log.warning("login failed: address=%s user=%r", call.peer.address, name)
