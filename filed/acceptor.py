"""The listener: every connection gets a thread, up to a bound. The main thread runs it."""

from __future__ import annotations

import logging
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from chatbase.addresses import normal_address
from chatwire.stream import Stream, StreamError
from filed.connection import Connection
from filed.http import HttpError, refuse

log = logging.getLogger("filed.http")

BACKLOG = 1024
RETRY_AFTER = 5  # seconds that a client is asked to wait when there is no thread for it
REFUSED_TOGETHER = 64  # connections that wait to be told so; more are just closed
LAST_WORDS = 0.5  # seconds for connections to abort what they had promised, before they are just closed
ACCEPT_PAUSE = 0.1  # seconds, when the system gives no descriptor

Make = Callable[[socket.socket, str], Connection]


class Acceptor:
    """`run` and `close`: the main thread. `stop`: any thread, and signal handlers."""

    def __init__(self, host: str, port: int, most: int, make: Make) -> None:
        """Listen. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._listener.setblocking(False)
        self._most = most
        self._make = make
        self._lock = threading.Lock()  # guards the table
        self._open: dict[Connection, threading.Thread] = {}
        self._refuser = Refuser()
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._stopping = False
        self.on_wakeup: Callable[[], None] = lambda: None  # called by `run` after signals

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port, *_ = self._listener.getsockname()
        return str(host), int(port)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._open)

    def run(self) -> None:
        """Accept until `stop`."""
        self._refuser.start()
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        while not self._stopping:
            poll.poll()
            self._woken()
            with suppress(BlockingIOError):
                while not self._stopping:
                    self._accept()

    def stop(self) -> None:
        """Ask `run` to end. Only the first call does anything: later the descriptor may be another's."""
        if self._stopping:
            return
        self._stopping = True
        with suppress(OSError):
            os.write(self._wake_writer, b"\0")

    def _woken(self) -> None:
        """See what the signals say. `stop` leaves its own byte behind, for nobody."""
        with suppress(BlockingIOError):
            while os.read(self._wake_reader, 64):
                pass
        self.on_wakeup()

    def wake_fd(self) -> int:
        """For `signal.set_wakeup_fd`."""
        return self._wake_writer

    def drain(self, timeout: float) -> None:
        """Take nobody in any more, and let busy connections end by themselves for ``timeout`` seconds."""
        self._listener.close()
        self._refuser.stop()
        self._end(lambda connection: connection.idle_since > 0)
        self._await(timeout)

    def close(self, timeout: float) -> bool:
        """End all connections, those last that do not end by themselves; false when a thread hangs."""
        self._await(LAST_WORDS)
        self._end(lambda connection: True)
        clean = self._await(timeout)
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        return clean

    # -- the main thread -------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except BlockingIOError:
            raise
        except ConnectionAbortedError:
            return
        except OSError as error:
            log.error("cannot accept: %s", error)
            time.sleep(ACCEPT_PAUSE)
            raise BlockingIOError from None
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if len(self._open) >= self._most and not self._make_room():
            self._refuser.add(sock)
            return
        self._serve(sock, normal_address(address[0]))

    def _serve(self, sock: socket.socket, address: str) -> None:
        connection = self._make(sock, address)
        thread = threading.Thread(target=self._run_one, args=(connection,), name=f"conn-{address}", daemon=True)
        with self._lock:
            self._open[connection] = thread
        try:
            thread.start()
        except RuntimeError:  # the system gives no thread
            log.error("cannot start a thread: connections=%d", len(self._open))
            with self._lock:
                del self._open[connection]
            self._refuser.add(sock)

    def _make_room(self) -> bool:
        """Close the connection that has been idle for longest; false when all are at work."""
        with self._lock:
            idle = [connection for connection in self._open if connection.idle_since and not connection.ended]
        if not idle:
            return False
        min(idle, key=lambda connection: connection.idle_since).shutdown()
        return True

    def _end(self, which: Callable[[Connection], bool]) -> None:
        with self._lock:
            chosen = [connection for connection in self._open if which(connection)]
        for connection in chosen:
            connection.shutdown()

    def _await(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._open.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # -- the connections' threads ----------------------------------------------

    def _run_one(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                del self._open[connection]


class Refuser:
    """Tells those for whom there is no thread when to come again: one thread for all of them."""

    def __init__(self) -> None:
        self._queue: queue.Queue[socket.socket | None] = queue.Queue(REFUSED_TOGETHER)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="refuser", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, sock: socket.socket) -> None:
        """Refuse this one. Any thread."""
        try:
            self._queue.put_nowait(sock)
        except queue.Full:
            sock.close()

    def stop(self) -> None:
        """End; who still waits is not told."""
        self._stopping = True
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (sock := self._queue.get()) is not None:
            stream = Stream(sock)
            try:
                stream.set_timeouts(0.5)
                if not self._stopping and stream.receive(16 * 1024)[:1] != b"\x16":
                    busy = HttpError(503, "all connections are in use", [("Retry-After", str(RETRY_AFTER))])
                    refuse(stream, busy)
                    socket.socket.shutdown(sock, socket.SHUT_WR)
            except (StreamError, OSError):
                pass
            finally:
                stream.close()
