"""What commands work with. Built once by the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatbase.clock import Clock
from chatbase.engine import Database
from chatd.commands.legacy_receipts import HadBefore
from chatd.config import Settings
from chatd.delivery import Delivery
from chatd.executor import FairExecutor, Gatherer
from chatd.net.loop import EventLoop, LoopStopped
from chatd.registry.file_link import FileLink
from chatd.registry.nodes import Session, UserNode
from chatd.registry.raw_ports import RawPorts
from chatd.registry.registry import GroupRegistry, OnlineRegistry
from chatd.registry.transfers import Transfers
from chatd.security.backoff import FailureGate
from chatd.security.file_tickets import FileTickets
from chatd.security.passwords import Passwords
from chatd.security.rates import KeyedRates
from chatd.security.turns import Turns
from chatd.store.journal import Journal
from chatwire.codec import Object


@dataclass
class Services:
    """Every field may be used by any thread.

    ``work`` runs what needs the database, ``logins`` what needs a password hash, so that a queue of logins delays
    neither chatting nor paging; ``gatherer`` has requests of one kind worked on together (see `table.Together`).
    ``presence_loop`` tells friends who comes and goes, and users how far files are, each in the order it happened.
    ``turns`` says who may join the queue of ``logins``, by kind, and ``crowded`` whether there are nearly as many
    connections as there may be.
    """

    settings: Settings
    database: Database
    journal: Journal
    online: OnlineRegistry
    groups: GroupRegistry
    delivery: Delivery
    work: FairExecutor
    logins: FairExecutor
    gatherer: Gatherer[Any, Any]
    passwords: Passwords
    failures: FailureGate
    registrations: KeyedRates
    session_starts: KeyedRates
    turns: tuple[Turns, ...]
    presence_loop: EventLoop
    file_tickets: FileTickets
    clock: Clock
    file_link: FileLink = field(default_factory=FileLink)
    transfers: Transfers = field(default_factory=Transfers)
    raw_ports: RawPorts = field(default_factory=RawPorts)
    had_before: HadBefore = field(default_factory=HadBefore)
    crowded: Callable[[], bool] = lambda: False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _presence_posted: bool = False

    def push(self, sessions: Sequence[Session], obj: Object) -> None:
        """Send an object to sessions."""
        if sessions:
            self.delivery.push(sessions, obj)

    def push_others(self, session: Session, obj: Object) -> None:
        """Send an object to the other sessions of the same user."""
        self.push([s for s in self.online.sessions(session.user.id) if s is not session], obj)

    def leave(self, session: Session) -> None:
        """Take a session out of the registries; its user's friends are told when it was the last."""
        self.online.exit(session)
        self.presence_changed()

    def presence_changed(self) -> None:
        """Have friends told who came and went. One loop does it, so that it is told in the order it happened."""
        with self._lock:
            if self._presence_posted:
                return
            self._presence_posted = True
        try:
            self.presence_loop.post(self._tell_presence)
        except LoopStopped:
            return  # stopping: nobody is left to be told

    def _tell_presence(self) -> None:
        with self._lock:
            self._presence_posted = False
        for node, online in self.online.transitions():
            self._tell_friends(node, "friend_login" if online else "friend_offline")

    def _tell_friends(self, node: UserNode, cmd: str) -> None:
        self.push(self.online.sessions_of(node.friends.values()), {"cmd": cmd, "friend": node.name})
