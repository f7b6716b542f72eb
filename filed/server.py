"""The composition root: build, wire, start, stop."""

from __future__ import annotations

import logging
import resource
import socket
from collections.abc import Callable

from chatbase import logs, schema
from chatbase.clock import clock_of
from chatbase.engine import Database, DatabaseUnavailable
from chatbase.options import plaintext_rule
from chatbase.server_certificate import ServerCertificate
from chatbase.startup import (
    find_address,
    one_line_errors,
    own_data_folder,
    raise_descriptor_limit,
    shared_secret,
)
from chatbase.trial import enough_descriptors, enough_threads, may_write, thread_errors
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import LinkError
from chatwire.tickets import issue_hello
from filed.acceptor import Acceptor
from filed.access import Access
from filed.caretaker import Caretaker
from filed.config import Settings
from filed.connection import Connection, ConnectionSettings
from filed.download import Downloads
from filed.index import Index
from filed.intake import Intake, Report
from filed.link import Link, progress_of
from filed.pipes import PipePool
from filed.raw import RawError, RawPorts
from filed.router import Router
from filed.storage import Storage
from filed.tus import Tus
from filed.uploads import Uploads

log = logging.getLogger("filed.server")

DATABASE_CONNECTIONS = 8
RESERVED_DESCRIPTORS = 64
DESCRIPTORS_EACH = 3  # of a connection: its socket, a file, a file beside it
LEAST_CONNECTIONS = 16  # a daemon for fewer is a mistake
THREADS = 4  # besides those of the connections
DRAIN = 3.0  # seconds for transfers to come to their end when the daemon stops
STEP = 2.0  # seconds for any other step
PATIENCE = 600.0  # seconds that a download waits for a sender who has stopped


class Server:
    """One file daemon. `start`, `run`: the main thread; `stop`: any."""

    def __init__(self, settings: Settings) -> None:
        """Check and open everything that can fail.

        Raises:
            ConfigError: a file, an address or the database cannot be used; the message is one line.
        """
        self.settings = settings
        raise_descriptor_limit()
        enough_descriptors(RESERVED_DESCRIPTORS + LEAST_CONNECTIONS * DESCRIPTORS_EACH)
        enough_threads(THREADS + LEAST_CONNECTIONS)
        with one_line_errors("use the data folder"):
            self._lock_file = own_data_folder(settings.data, "filed")
            self.certificate = ServerCertificate(settings.data, settings.tls_cert, settings.tls_key)
            self._secret = shared_secret(settings.data)
            self.storage = Storage(settings.data)
            self.storage.check()
        with one_line_errors("use the database"):
            self._database = Database(settings.database, DATABASE_CONNECTIONS)
            schema.prepare(self._database)
            may_write(self._database, ["files"])
            self._clock = clock_of(self._database)
        self._pipes = PipePool()
        self._build()
        with one_line_errors(f"listen on {settings.host}:{settings.port}"):
            self._acceptor = Acceptor(settings.host, settings.port, self._most_connections(), self._make)
        self._link = Link(
            self._connect, self._hello, self._caretaker.look_again, self.address[1], self._progress, self._said
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._acceptor.address

    @property
    def fingerprint(self) -> str:
        """Of the certificate that is shown."""
        return self.certificate.fingerprint

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._acceptor.connections

    def start(self) -> None:
        """Begin to serve; `run` then has to be called. Raises ConfigError when the system gives no threads for it."""
        if self.settings.strangers:
            log.warning("nobody knows these variables: %s", " ".join(self.settings.strangers))
        if not self.settings.limits:
            log.warning("limits are off: no quota")
        with thread_errors():
            self._intake.later.start()
            self._caretaker.start()
            self._link.start()

    def run(self) -> bool:
        """Serve until `stop`, then drain. Returns false when a thread hangs, so that force is needed."""
        self._acceptor.run()
        return self._close()

    def stop(self) -> None:
        """Ask for an orderly end. Any thread, and signal handlers."""
        self._acceptor.stop()

    def reload(self) -> None:
        """Load the certificate anew, and go on in a new log file. The main thread."""
        self.certificate.reload()
        logs.reopen()

    def on_wakeup(self, look: Callable[[], None]) -> None:
        """Have the main thread call this whenever a signal has come."""
        self._acceptor.on_wakeup = look

    def wake_fd(self) -> int:
        """For `signal.set_wakeup_fd`."""
        return self._acceptor.wake_fd()

    # -- building --------------------------------------------------------------

    def _build(self) -> None:
        settings = self.settings
        index = Index(self._database, self._clock, settings.keep_days, settings.partial_hours)
        self._uploads = Uploads(self.storage, settings.reserve)
        self._intake = Intake(self._uploads, index, settings.quota if settings.limits else 0, self._tell)
        self._index = index
        access = Access(self._secret, index, self._clock)
        self._router = Router(
            Tus(access, self._intake, settings.max_file, settings.stall_timeout),
            Downloads(access, self._uploads, settings.stall_timeout, PATIENCE),
        )
        self._caretaker = Caretaker(self.storage, index, self._intake)
        self._raw = RawPorts(
            settings.host, settings.raw_ports, self._intake, self._pipes, settings.stall_timeout, self._tell
        )
        self._connection_settings = ConnectionSettings(
            tls=self.certificate.context,
            plaintext_allowed=lambda address: plaintext_rule(settings.plaintext, address),
            idle_timeout=settings.idle_timeout,
            stall_timeout=settings.stall_timeout,
            pipes=self._pipes,
            handle=self._router.handle,
        )

    def _make(self, sock: socket.socket, address: str) -> Connection:
        return Connection(sock, address, self._connection_settings)

    def _connect(self) -> Client:
        """The link's thread. Raises LinkError."""
        found = self.settings.chatd or find_address(self.settings.data, "chatd")
        if found is None:
            raise LinkError("no chat server has used the data folder yet")
        return Client(*found, tls=True, fingerprint=self.fingerprint)

    def _hello(self) -> str:
        """The link's thread."""
        return issue_hello(self._secret, now=self._clock.latest() / 1000)

    def _most_connections(self) -> int:
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_DESCRIPTORS
        return max(1, min(self.settings.max_connections, descriptors // DESCRIPTORS_EACH))

    # -- to and from chatd -------------------------------------------------------

    def _tell(self, report: Report) -> None:
        """Any thread."""
        self._link.tell(report)

    def _progress(self) -> list[Report]:
        """The link's thread."""
        return progress_of([(upload.file.id, upload.offset) for upload in self._uploads.active()])

    def _said(self, push: Object) -> Object | None:
        """The link's thread."""
        handler: Callable[[Object], Object | None] | None = {
            "file_withdrawn": self._withdrawn,
            "open_port": self._open_port,
        }.get(str(push.get("cmd")))
        return handler(push) if handler is not None else None

    def _withdrawn(self, push: Object) -> None:
        """The index decides: a mistaken push costs nobody a file."""
        try:
            file = self._index.find(str(push.get("file")))
            if file is not None and not file.alive:
                self._intake.drop(file.id, f"it was {file.state}")
        except (DatabaseUnavailable, OSError) as error:
            log.error("cannot drop a file: %s", error)

    def _open_port(self, push: Object) -> Object:
        answer: Object = {"cmd": "file_port", "ref": push.get("ref")}
        try:
            file = self._index.find(str(push.get("file")))
            if file is None or not file.alive:
                raise RawError("there is no such file")
            port = self._raw.open(file, str(push["role"]), list(push["senders"]), list(push["receivers"]))
        except (RawError, DatabaseUnavailable) as error:
            log.warning("no raw port: %s", error)
            return {**answer, "port": 0, "detail": str(error)}
        return {**answer, "port": port}

    # -- the end -----------------------------------------------------------------

    def _close(self) -> bool:
        """Release everything, in the order in which nothing is cut off that others still use."""
        log.info("stopping: connections=%d", self.connections)
        self._acceptor.drain(DRAIN)
        self._uploads.end_all("the server stops")  # who waits for more of one would wait for seconds
        clean = self._acceptor.close(STEP)
        clean &= self._raw.stop(STEP)
        clean &= self._uploads.followers.stop(STEP)
        clean &= self._caretaker.stop(STEP)
        clean &= self._intake.later.stop(STEP)
        clean &= self._link.stop(STEP)
        if clean:
            self._pipes.close()
            self._database.close()
        self._lock_file.close()
        log.info("stopped")
        return clean
