"""Profile folders in which somebody is logged in already, made by the client's own code."""

from __future__ import annotations

from pathlib import Path

from qtclient.model.login import LoginFlow, parse_address
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Link
from tests.qtclient.support import PASSWORD, Daemons, qt_wait


def log_in(daemons: Daemons, name: str, profile: Path, *, register: bool = False, stay: bool = True) -> Session:
    """A session as the login window makes it, the server's certificate trusted. Close it after use."""
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    flow = LoginFlow(profile)
    sessions: list[Session] = []
    problems: list[str] = []
    flow.ready.connect(sessions.append)
    flow.failed.connect(problems.append)
    flow.certificate_unknown.connect(lambda *_: flow.trust())
    flow.start(parse_address(daemons.address), name, PASSWORD, register=register, stay=stay)
    qt_wait(lambda: sessions or problems, f"{name} is logged in")
    assert not problems, problems
    flow.deleteLater()
    return sessions[0]


def prepare(daemons: Daemons, name: str, profile: Path) -> str:
    """Leave a profile behind in which ``name`` stays logged in; returns the name of the account's folder in it."""
    session = log_in(daemons, name, profile)
    Settings(profile).remember_account(str(session.server), name, stay=True)
    qt_wait(lambda: session.link.link is Link.ONLINE, f"{name} has the server's news")
    session.close()
    session.deleteLater()
    return session.folder.name
