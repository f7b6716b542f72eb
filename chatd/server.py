"""The composition root: build, wire, start, stop."""

from __future__ import annotations

import logging
import resource
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from chatbase import logs
from chatbase.clock import clock_of
from chatbase.options import plaintext_rule
from chatbase.server_certificate import ServerCertificate
from chatbase.startup import (
    leave_address,
    one_line_errors,
    own_data_folder,
    raise_descriptor_limit,
    shared_secret,
)
from chatbase.trial import enough_descriptors, enough_threads, thread_errors
from chatd.commands import handlers as _handlers  # noqa: F401  (fills the command table)
from chatd.commands.dispatch import Dispatcher
from chatd.commands.intake import Intake
from chatd.commands.jobs import work_together
from chatd.commands.peer import Peer
from chatd.commands.services import Services
from chatd.config import Settings
from chatd.delivery import Delivery
from chatd.executor import FairExecutor, Gatherer
from chatd.net.acceptor import AcceptLimits, Acceptor
from chatd.net.connection import Connection, ConnectionSettings, Pause
from chatd.net.loop import EventLoop, LoopStopped
from chatd.net.workers import WorkerPool
from chatd.registry.registry import GroupRegistry, OnlineRegistry
from chatd.security.backoff import FailureGate
from chatd.security.file_tickets import FileTickets
from chatd.security.passwords import THREADS as HASH_THREADS
from chatd.security.passwords import Passwords
from chatd.security.rates import REGISTRATIONS, SESSION_STARTS, KeyedRates
from chatd.security.turns import Turns
from chatd.startup import open_database
from chatd.store.journal import Journal
from chatwire.codec import encode

log = logging.getLogger("chatd.server")

WORK_THREADS = 4
LOGIN_THREADS = HASH_THREADS + 2  # what they read and write is done beside the hashes
LOGIN_WEIGHTS = (8.0, 1.0)  # of who has an account, and of who wants one (`dispatch`)
GATHERER_THREADS = 2  # one waits for the database while the other computes
GATHERED = 100  # requests served together
WAITING_JOBS = 20_000
RESERVED_DESCRIPTORS = 64  # for the database, the log, the loops
LEAST_CONNECTIONS = 16  # a server for fewer is a mistake
CROWDED = 0.75  # of all connections that there may be; above it, none may be without a session for long
HANDSHAKE_TIMEOUT = 10.0  # seconds
DRAIN = 2.0  # seconds for a step of stopping
DRAIN_ALL = 8.0  # and for all of them


class Server:
    """One chat server. `start`, `run` and `close` belong to the thread that made it; `stop` to any."""

    def __init__(self, settings: Settings) -> None:
        """Check and open everything that can fail.

        Raises:
            ConfigError: a file, an address or the database cannot be used; the message is one line.
        """
        self.settings = settings
        raise_descriptor_limit()
        enough_descriptors(RESERVED_DESCRIPTORS + LEAST_CONNECTIONS)
        enough_threads(settings.workers + WORK_THREADS + LOGIN_THREADS + HASH_THREADS + 1)  # and the journal's
        with one_line_errors("use the data folder"):
            self._lock_file = own_data_folder(settings.data, "chatd")
            self._secret = shared_secret(settings.data)
            self.certificate = ServerCertificate(settings.data, settings.tls_cert, settings.tls_key)
        with one_line_errors("use the database"):
            self._database, self._claim = open_database(settings, WORK_THREADS + LOGIN_THREADS + 1)
            self._clock = clock_of(self._database)
            self.loop = EventLoop("main")
            self.workers = WorkerPool(settings.workers)
            self._peers: dict[EventLoop, dict[Connection, Peer]] = {loop: {} for loop in self.workers.loops}
            self._on_closed = self._released  # one bound method for all connections
            with thread_errors():
                self.services = self._make_services()
            journal, fail = self.services.journal, self.services.delivery.fail
            self._intakes = {loop: Intake(loop, journal, fail) for loop in self.workers.loops}
        with one_line_errors(f"listen on {settings.host}:{settings.port}"):
            self.acceptor = self._make_acceptor()
        with one_line_errors("use the data folder"):
            leave_address(settings.data, "chatd", *self.acceptor.address)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.acceptor.address

    @property
    def fingerprint(self) -> str:
        """Of the certificate that is shown."""
        return self.certificate.fingerprint

    def start(self) -> None:
        """Begin to serve; `run` then has to be called. Raises ConfigError when the system gives no threads for it."""
        if self.settings.strangers:
            log.warning("nobody knows these variables: %s", " ".join(self.settings.strangers))
        if not self.settings.limits:
            log.warning("limits are off: no rates, no cap on connections per address")
        if self.settings.password_cost == "low":
            log.warning("password cost is low: for load tests only")
        with thread_errors():
            self.services.journal.start()
            self.workers.start()
        self.acceptor.start()

    def run(self) -> bool:
        """Serve until `stop`, then drain. The calling thread becomes the main loop's.

        Returns false when a thread hangs, so that the process has to be ended by force.
        """
        self.loop.run()
        return self._close()

    def reload(self) -> None:
        """Load the certificate anew, and go on in a new log file. The main loop's thread."""
        self.certificate.reload()
        logs.reopen()

    def stop(self) -> None:
        """Ask for an orderly end. Any thread."""
        try:
            self.loop.post(self._stop_accepting)
        except LoopStopped:
            return  # it has ended already

    # -- building --------------------------------------------------------------

    def _make_services(self) -> Services:
        groups = GroupRegistry()
        online = OnlineRegistry(groups)
        delivery = Delivery(online)
        work = FairExecutor("work", WORK_THREADS, WAITING_JOBS)
        return Services(
            settings=self.settings,
            database=self._database,
            journal=Journal(self._claim, delivery.deliver, delivery.fail),
            online=online,
            groups=groups,
            delivery=delivery,
            work=work,
            logins=FairExecutor("login", LOGIN_THREADS, WAITING_JOBS, LOGIN_WEIGHTS),
            gatherer=Gatherer(work, work_together, GATHERER_THREADS, GATHERED),
            passwords=Passwords(self.settings.password_cost),
            failures=FailureGate(),
            registrations=KeyedRates(REGISTRATIONS),
            session_starts=KeyedRates(SESSION_STARTS),
            turns=tuple(Turns() for _ in LOGIN_WEIGHTS),
            presence_loop=self.workers.loops[0],
            file_tickets=FileTickets(self._secret, self._clock),
            clock=self._clock,
        )

    def _make_acceptor(self) -> Acceptor:
        settings = self.settings
        self._connection_settings = ConnectionSettings(
            soft_mark=settings.output_soft,
            hard_mark=settings.output_hard,
            tls=self.certificate.context,
            handshake_timeout=HANDSHAKE_TIMEOUT,
            plaintext_allowed=lambda address: plaintext_rule(settings.plaintext, address),
            tls_required=encode({"cmd": "goodbye", "result": "tls_required"}),
        )
        total = min(settings.max_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_DESCRIPTORS)
        self.services.crowded = lambda: self.acceptor.connections > total * CROWDED
        limits = AcceptLimits(
            total=total,
            per_address=settings.max_per_address if settings.limits else 0,
            refusal=encode({"cmd": "goodbye", "result": "too_many_connections"}),
            trusted=settings.trusted_networks,
        )
        return Acceptor(self.loop, settings.host, settings.port, limits, self._adopt)

    # -- the main loop's thread --------------------------------------------------

    def _adopt(self, sock: socket.socket, address: str) -> None:
        loop = self.workers.next()
        loop.post(lambda: self._open(loop, sock, address))

    def _stop_accepting(self) -> None:
        log.info("stopping: connections=%d online=%d", self.acceptor.connections, len(self.services.online))
        self.acceptor.close()
        self.loop.stop()

    def _close(self) -> bool:
        """Release everything, in the order in which nothing is cut off that others still use."""
        services, self._deadline = self.services, time.monotonic() + DRAIN_ALL
        clean = self._on_every_loop(_take_no_more)
        clean &= services.work.stop(self._left()) & services.logins.stop(self._left())
        clean &= services.journal.stop(self._left())  # what was accepted is stored, and answered
        clean &= self._on_every_loop(lambda peer: peer.say_goodbye("shutdown"))
        self._await_empty()
        clean &= self.workers.stop(self._left())
        if clean:
            services.passwords.stop()
            self._claim.close()
            self._database.close()
        self._lock_file.close()
        log.info("stopped")
        return clean

    def _left(self) -> float:
        """Seconds for the next step; a little even when the time is up, since most steps need next to none."""
        return max(0.1, min(DRAIN, self._deadline - time.monotonic()))

    def _on_every_loop(self, action: Callable[[Peer], None]) -> bool:
        """Do something with every connection, each in its own loop; false when a loop does not get to it in time."""
        waiting = threading.Semaphore(0)

        def act(loop: EventLoop) -> None:
            for peer in list(self._peers[loop].values()):
                action(peer)
            waiting.release()

        for loop in self._peers:
            loop.post(partial(act, loop))
        return all(waiting.acquire(timeout=self._left()) for _ in self._peers)

    def _await_empty(self) -> None:
        """Give clients a moment to take the rest of their output; `close_after_flush` ends those who do not."""
        deadline = time.monotonic() + self._left()
        while any(self._peers.values()) and time.monotonic() < deadline:
            time.sleep(0.01)

    # -- the worker loops --------------------------------------------------------

    def _open(self, loop: EventLoop, sock: socket.socket, address: str) -> None:
        connection = Connection(loop, sock, address, self._connection_settings, self._on_closed)
        peer = self._peers[loop][connection] = Peer(self.services, connection, self._intakes[loop])
        connection.open(Dispatcher(peer))

    def _released(self, connection: Connection) -> None:
        self._peers[connection.loop].pop(connection, None)
        try:
            self.loop.post(lambda: self.acceptor.released(connection.peer))
        except LoopStopped:
            return  # stopping: nobody counts any more


def _take_no_more(peer: Peer) -> None:
    """No new requests; what was accepted goes to the journal before that is stopped."""
    peer.connection.pause(Pause.CLOSING)
    peer.intake.flush()
