"""Who is there: accounts, sessions and groups, in dictionaries. One thread, that of the loop."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.load.plain_server.session import Session


@dataclass(slots=True)
class User:
    """An account, and its connections."""

    name: str
    password: str = ""
    token: str = ""
    sessions: set[Session] = field(default_factory=set)
    groups: list[str] = field(default_factory=list)


class Hall:
    """All that the server knows. ``online``: the sessions of a group, so that a message is one loop over them."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.members: dict[str, set[str]] = {}
        self.online: dict[str, set[Session]] = {}
        self._mids = itertools.count(1)

    def register(self, name: str, password: str, token: str = "") -> User | None:
        """A new account; None when the name is taken."""
        if name in self.users:
            return None
        self.users[name] = user = User(name, password, token or secrets.token_urlsafe())
        return user

    def create_group(self, group: str, members: Iterable[str]) -> bool:
        """A new group; False when the name is taken."""
        if group in self.members:
            return False
        self.members[group], self.online[group] = set(), set()
        for name in members:
            self.join(group, self.users[name])
        return True

    def join(self, group: str, user: User) -> None:
        self.members[group].add(user.name)
        self.online[group] |= user.sessions
        user.groups.append(group)

    def enter(self, user: User, session: Session) -> None:
        """A session begins."""
        user.sessions.add(session)
        for group in user.groups:
            self.online[group].add(session)

    def leave(self, user: User, session: Session) -> None:
        """A session ends."""
        user.sessions.discard(session)
        for group in user.groups:
            self.online[group].discard(session)

    def stamp(self) -> dict[str, int]:
        """The place of a message in the order of all, and its time."""
        return {"mid": next(self._mids), "ts": time.time_ns() // 1_000_000}
