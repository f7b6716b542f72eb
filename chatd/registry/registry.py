"""The two registries and their locks.

Lock order: `OnlineRegistry._lock`, then `GroupRegistry._lock`. A lock guards pointers only: no query, no encoding, no
send happens under one. Snapshots are taken, the lock is let go, then the snapshot is used.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chatd.net.loop import EventLoop
from chatd.registry.linked import LinkedRegistry
from chatd.registry.nodes import Fanout, GroupNode, Membership, Session, UserNode

_STRIPES = 4096


class StaleProfile(Exception):
    """Friends or groups of the user changed between reading them from the database and registering: read again."""


@dataclass
class Profile:
    """What the database knows of a user at login: friends by name, groups by name, and the version it was read at."""

    user_id: int
    name: str
    friends: dict[str, int]
    groups: dict[str, int]
    version: int = 0


@dataclass
class Arrival:
    """What `OnlineRegistry.enter` found: whether it was the user's first session, and which friends are online."""

    session: Session
    first: bool
    online_friends: set[str] = field(default_factory=set)


class Versions:
    """The versions of all profiles at one moment."""

    def __init__(self, stripes: tuple[int, ...]) -> None:
        self._stripes = stripes

    def of(self, user_id: int) -> int:
        """One user's."""
        return self._stripes[user_id % _STRIPES]


class GroupRegistry:
    """Groups with someone online. Every method may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: LinkedRegistry[GroupNode] = LinkedRegistry()

    def __len__(self) -> int:
        with self._lock:
            return len(self._groups)

    def join(self, user: UserNode, groups: Iterable[tuple[str, int]]) -> dict[str, GroupNode]:
        """Put an online user into the lists of groups, (name, id) each; returns the nodes by name."""
        joined = {}
        with self._lock:
            for name, group_id in groups:
                node = self._groups.get(group_id)
                if node is None:
                    node = GroupNode(group_id, name)
                    self._groups.insert(group_id, node)
                if user.id not in node.members:
                    node.members.insert(user.id, Membership(user))
                node.fanout = None
                joined[node.name] = node  # one string for all members
        return joined

    def leave(self, user: UserNode, nodes: Iterable[GroupNode]) -> None:
        """Take a user out of the lists; a group nobody is online in any more is dropped."""
        with self._lock:
            for node in nodes:
                node.members.remove(user.id)
                node.fanout = None
                if not len(node.members):
                    self._groups.remove(node.id)

    def changed(self, nodes: Iterable[GroupNode]) -> None:
        """A member's sessions changed: the fan-outs must be made anew."""
        with self._lock:
            for node in nodes:
                node.fanout = None

    def fanout(self, group_id: int) -> Fanout:
        """All sessions of all online members, by loop. Made once and kept until somebody comes or goes.

        Needs the online registry's lock, which guards the lists of sessions; so call `OnlineRegistry.fanout`.
        """
        with self._lock:
            node = self._groups.get(group_id)
            if node is None:
                return {}
            if node.fanout is None:
                node.fanout = by_loop(session for member in node.members for session in member.user.present)
            return node.fanout

    def online(self, group_id: int) -> set[str]:
        """Names of a group's members who are online."""
        with self._lock:
            node = self._groups.get(group_id)
            return {member.user.name for member in node.members} if node else set()

    def count(self, group_id: int) -> int:
        """How many of a group's members are online."""
        with self._lock:
            node = self._groups.get(group_id)
            return len(node.members) if node else 0

    def find(self, group_id: int) -> GroupNode | None:
        """The node of a group, when one of its members is online."""
        with self._lock:
            return self._groups.get(group_id)


class OnlineRegistry:
    """Users with a session. Every method may be called by any thread."""

    def __init__(self, groups: GroupRegistry) -> None:
        self._lock = threading.Lock()
        self._groups = groups
        self._by_id: LinkedRegistry[UserNode] = LinkedRegistry()
        self._by_name: dict[str, UserNode] = {}
        self._versions = [0] * _STRIPES
        self._transitions: list[tuple[UserNode, bool]] = []

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_id)

    # -- coming and going ------------------------------------------------------

    def versions(self) -> Versions:
        """To be taken before profiles are read from the database; `enter` compares them."""
        with self._lock:
            return Versions(tuple(self._versions))

    def outdate(self, user_id: int) -> None:
        """What was read of a user so far is worth nothing any more: the password has changed."""
        with self._lock:
            self._versions[user_id % _STRIPES] += 1

    def enter(self, profile: Profile, make_session: Callable[[UserNode], Session]) -> Arrival:
        """Register a new session of the profile's user; ``make_session`` runs under the lock and must not block.

        Raises:
            StaleProfile: the profile is older than a change to it.
        """
        with self._lock:
            if profile.version != self._versions[profile.user_id % _STRIPES]:
                raise StaleProfile
            node = self._by_id.get(profile.user_id)
            first = node is None
            if node is None:
                node = self._load(profile)
            session = make_session(node)
            node.sessions.insert(id(session), session)
            node.present = tuple(node.sessions)
            self._groups.changed(node.groups.values())
            if first:
                self._transitions.append((node, True))
            return Arrival(session, first, {name for name in node.friends if name in self._by_name})

    def exit(self, session: Session) -> bool:
        """Remove a session; true when it was its user's last."""
        node = session.user
        with self._lock:
            if node.sessions.remove(id(session)) is None:
                return False
            node.present = tuple(node.sessions)
            if len(node.sessions):
                self._groups.changed(node.groups.values())
                return False
            self._by_id.remove(node.id)
            del self._by_name[node.name]
            self._groups.leave(node, node.groups.values())
            self._transitions.append((node, False))
            return True

    def transitions(self) -> list[tuple[UserNode, bool]]:
        """Take who has come online (true) and gone (false) since the last call, in that order.

        One consumer only: presence must not be told in another order than it happened.
        """
        with self._lock:
            taken, self._transitions = self._transitions, []
            return taken

    # -- finding ---------------------------------------------------------------

    def find(self, name: str) -> UserNode | None:
        """The node of a user who is online."""
        with self._lock:
            return self._by_name.get(name)

    def find_id(self, user_id: int) -> UserNode | None:
        """The node of a user who is online."""
        with self._lock:
            return self._by_id.get(user_id)

    def sessions(self, user_id: int) -> tuple[Session, ...]:
        """A user's sessions; empty when offline."""
        with self._lock:
            node = self._by_id.get(user_id)
            return node.present if node else ()

    def sessions_of_both(self, one: int, other: int) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
        """The sessions of two users, under one lock; they may be the same."""
        with self._lock:
            first, second = self._by_id.get(one), self._by_id.get(other)
            return first.present if first else (), second.present if second else ()

    def sessions_of(self, user_ids: Iterable[int]) -> list[Session]:
        """The sessions of several users, under one lock."""
        with self._lock:
            nodes = [node for user_id in user_ids if (node := self._by_id.get(user_id))]
            return [session for node in nodes for session in node.present]

    def fanout(self, group: GroupNode) -> Fanout:
        """The sessions of all online members of a group, by loop.

        Found by its id: a node that a message carries may have been dropped and made anew while the message waited.
        """
        with self._lock:
            return self._groups.fanout(group.id)

    # -- changes that the database has already ---------------------------------

    def befriend(self, first: tuple[int, str], second: tuple[int, str]) -> None:
        """Two users, (id, name) each, are friends now."""
        with self._lock:
            for (user_id, _), (friend_id, friend) in ((first, second), (second, first)):
                self._versions[user_id % _STRIPES] += 1
                if node := self._by_id.get(user_id):
                    node.friends = {**node.friends, friend: friend_id}

    def unfriend(self, first: tuple[int, str], second: tuple[int, str]) -> None:
        """Two users are friends no more."""
        with self._lock:
            for (user_id, _), (_, friend) in ((first, second), (second, first)):
                self._versions[user_id % _STRIPES] += 1
                if node := self._by_id.get(user_id):
                    node.friends = {name: i for name, i in node.friends.items() if name != friend}

    def join_group(self, user_id: int, group: str, group_id: int) -> None:
        """A user is a member now."""
        with self._lock:
            self._versions[user_id % _STRIPES] += 1
            if node := self._by_id.get(user_id):
                node.groups = {**node.groups, **self._groups.join(node, [(group, group_id)])}

    def leave_group(self, user_id: int, group: str) -> None:
        """A user is a member no more."""
        with self._lock:
            self._versions[user_id % _STRIPES] += 1
            node = self._by_id.get(user_id)
            if node is not None and group in node.groups:
                self._groups.leave(node, [node.groups[group]])
                node.groups = {name: g for name, g in node.groups.items() if name != group}

    def _load(self, profile: Profile) -> UserNode:
        node = UserNode(profile.user_id, sys.intern(profile.name))
        node.friends = profile.friends
        node.groups = self._groups.join(node, profile.groups.items())
        self._by_id.insert(node.id, node)
        self._by_name[node.name] = node
        return node


def by_loop(sessions: Iterable[Session]) -> Fanout:
    """Sort sessions by the loop that owns them."""
    sessions = tuple(sessions)
    if len({session.loop for session in sessions}) == 1:
        return {sessions[0].loop: sessions}
    lists: dict[EventLoop, list[Session]] = {}
    for session in sessions:
        lists.setdefault(session.loop, []).append(session)
    return {loop: tuple(members) for loop, members in lists.items()}
