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
    """A wrong password: count it, and log it."""
    call.services.failures.failed(name, call.peer.source)
    _log_failure(call, name)


def session_failed(call: Call) -> None:
    """A wrong password of somebody who has a session: count it, and log it."""
    name = call.session.user.name
    call.services.failures.session_failed(name)
    _log_failure(call, name)


def token_failed(call: Call, name: str) -> None:
    """A wrong token: log it."""
    _log_failure(call, name)


def _log_failure(call: Call, name: str) -> None:
    """Write the one line that fail2ban matches (docs/OPERATION.md); its form is an interface."""
    log.warning("login failed: address=%s user=%r", call.peer.address, name)
