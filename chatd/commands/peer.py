"""The chat side of one connection: its session, what it is sent, what it waits for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from chatbase.addresses import is_within, normal_address
from chatd.commands.intake import Intake
from chatd.commands.legacy import Pacer
from chatd.commands.services import Services
from chatd.fair_queue import Payer, alone
from chatd.net.acceptor import source_of
from chatd.net.connection import Connection, Pause
from chatd.registry.nodes import Session
from chatd.store.journal import JournalBusy
from chatd.store.records import MarkRecord
from chatwire.codec import Object, encode

IN_FLIGHT_HIGH = 256  # messages of one connection in the journal; above it, the connection is not read


class Peer:
    """``loop``, ``legacy``, ``address``, ``source`` (whom limits see), ``trusted`` (whether many people are known to
    share it, so that what limits an address does not hold), ``services``, `files_base`: any thread. All else: the
    connection's loop.

    ``file_daemon`` says that it has shown itself as one, ``leaving`` that the client has been told goodbye, so no
    session may begin any more. ``in_flight`` counts chat messages that the journal has and has not answered, ``typing``
    remembers when a notice was last passed on for a conversation, and ``when_idle`` and ``when_drained`` run once, when
    nothing is in flight and when the output is below its soft mark.
    """

    __slots__ = (
        "_host", "_pacer", "address", "connection", "file_daemon", "in_flight", "intake", "leaving", "legacy", "loop",
        "services", "session", "source", "trusted", "typing", "when_drained", "when_idle",
    )  # fmt: skip

    def __init__(self, services: Services, connection: Connection, intake: Intake) -> None:
        self.services = services
        self.intake = intake
        self.connection = connection
        self.loop = connection.loop
        self.address = connection.peer
        self.source = source_of(connection.peer)
        self.trusted = is_within(connection.peer, services.settings.trusted_networks)
        self.session: Session | None = None
        self.legacy = False
        self.file_daemon = False
        self.leaving = False
        self.in_flight = 0
        self.typing: dict[int, float] | None = None
        self.when_drained: Callable[[], None] | None = None
        self.when_idle: Callable[[], None] | None = None
        self._pacer: Pacer | None = None
        self._host = sys.intern(normal_address(connection.local_address()))  # one string for nearly all

    def payer(self, name: str = "") -> Payer:
        """Who pays for what is done for this connection. Without a session it is only somebody who says to be ``name``,
        so nobody else may suffer for it: that name at this address.
        """
        session = self.session
        account = session.user.name if session is not None else f"{name}\n{self.source}"
        return alone(account) if self.trusted else Payer(account, self.source)

    def files_base(self) -> bytes:
        """What the URLs of files begin with for this client; empty as long as nobody knows where the file daemon is."""
        if base := self.services.settings.files_url:
            return base.encode()
        port = self.services.file_link.port
        host = f"[{self._host.partition('%')[0]}]" if ":" in self._host else self._host
        return f"{'https' if self.connection.secure else 'http'}://{host}:{port}".encode() if port else b""

    # -- output ----------------------------------------------------------------

    def send(self, data: bytes, mid: int = 0) -> None:
        """Queue one or more whole lines."""
        if self._pacer is None:
            self.connection.write(data)
        else:
            self._pacer.write(data)

    def send_object(self, obj: Object) -> None:
        """Queue one object."""
        self.send(encode(obj))

    def answered(self, pieces: Sequence[bytes], count: int, mid: int) -> None:
        """Queue the replies to ``count`` chat requests, and read on when few enough are left in flight."""
        if not pieces:
            pass  # offers of a legacy client are answered when their ports are open
        elif self._pacer is None:
            self.connection.write(*pieces)
        else:
            self._pacer.write(b"".join(pieces))
        self.in_flight -= count
        if self.connection.pausing & Pause.JOURNAL and self._may_read_on():
            self.connection.resume(Pause.JOURNAL)
        if not self.in_flight and self.when_idle is not None:
            action, self.when_idle = self.when_idle, None
            action()

    def _may_read_on(self) -> bool:
        return self.in_flight <= IN_FLIGHT_HIGH // 2 and not (self.in_flight and self.services.journal.full)

    def finish_job(self, reply: Object | None) -> None:
        """A request that was worked on elsewhere is done: answer it and read on."""
        if reply is not None:
            self.send_object(reply)
        self.connection.resume(Pause.JOB)

    def drained(self) -> None:
        """Unsent output is below the soft mark again."""
        if self.when_drained is not None:
            action, self.when_drained = self.when_drained, None
            action()

    def make_legacy(self) -> Pacer:
        """From now on, what it is sent goes through a pacer, which is returned."""
        settings = self.services.settings
        self.legacy = True
        self._pacer = Pacer(self.connection, settings.output_soft, settings.output_hard, self.drained)
        return self._pacer

    # -- session ---------------------------------------------------------------

    def start_session(self, session: Session, reply: Object) -> None:
        """The login has succeeded."""
        self.session = session
        if self._pacer is not None:
            self._pacer.begin_session(session.user.name)
        self.send_object(reply)

    def end_session(self) -> None:
        """The user has left, or the connection has."""
        session, self.session = self.session, None
        if session is None:
            return
        session.held = []  # what is still on its way to it must not reach the next user on this connection
        self.services.leave(session)
        if self._pacer is not None and (had := self._pacer.end_session()).mid:
            self._acknowledge(session, self.services.had_before.add(session.user.id, had).acknowledged)

    def say_goodbye(self, reason: str) -> None:
        """Tell the client why, and close."""
        self.leaving = True
        self.send_object({"cmd": "goodbye", "result": reason})
        (self._pacer or self.connection).close_after_flush(reason)

    def _acknowledge(self, session: Session, mid: int) -> None:
        """A legacy client cannot acknowledge: what its requests have confirmed counts, and is not repeated."""
        try:
            self.services.journal.submit(MarkRecord(session.user.id, None, mid, lambda position: None))
        except JournalBusy:
            return  # the next login repeats some messages, which is better than to miss one
