"""One-shot raw ports, for clients of the original system: the first connection sends the file, the second gets it.

No ticket: the port is known only to the two, is open for seconds, and takes connections from their addresses alone.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing

from chatbase.addresses import normal_address
from chatbase.engine import DatabaseUnavailable
from chatbase.files import File
from chatwire.stream import Stream, StreamError
from filed.download import send_bytes
from filed.intake import Intake, OverQuota, Report, Tell, WrongHash
from filed.pipes import PipePool
from filed.splicing import SplicingStream
from filed.upload import Gone, Locked, Stalled, Upload
from filed.uploads import DiskFull

log = logging.getLogger("filed.raw")

PATIENCE = 10.0  # seconds for each connection to come
MOST = 64  # ports at a time
SEND, RECEIVE, BOTH = "send", "receive", "both"


class RawError(Exception):
    """The port cannot be opened; says why."""


class RawPorts:
    """`open`: the link's thread. Each port has a thread of its own, and its sender another."""

    def __init__(self, host: str, ports: tuple[int, int] | None, intake: Intake, pipes: PipePool,
                 stall_timeout: float, tell: Tell) -> None:  # fmt: skip
        self._host = host
        self._range = ports
        self._intake = intake
        self._pipes = pipes
        self._stall = stall_timeout
        self._tell = tell
        self._lock = threading.Lock()  # guards the set
        self._threads: set[threading.Thread] = set()
        self._streams: set[Stream] = set()
        self._stopping = False

    def open(self, file: File, role: str, senders: list[str], receivers: list[str]) -> int:
        """Open a port for one transfer and return its number. Raises RawError."""
        if len(self._threads) >= MOST:
            raise RawError("too many transfers at a time")
        listener = self._listen()
        port = int(listener.getsockname()[1])
        self._start(lambda: self._serve(listener, file, role, frozenset(senders), frozenset(receivers)), f"raw-{port}")
        return port

    def stop(self, timeout: float) -> bool:
        """End all; false when one hangs."""
        with self._lock:
            self._stopping = True
            threads, streams = list(self._threads), list(self._streams)
        for stream in streams:
            stream.shutdown()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        low, high = self._range or (0, 0)
        for port in range(low, high + 1):
            try:
                return socket.create_server((self._host, port), family=family, backlog=4)
            except OSError:
                continue
        raise RawError("no port is free")

    def _start(self, run: Callable[[], None], name: str) -> None:
        def body() -> None:
            try:
                run()
            except Exception:
                log.exception("unexpected error")
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=body, name=name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    # -- a port's thread -------------------------------------------------------

    def _serve(
        self, listener: socket.socket, file: File, role: str, senders: frozenset[str], receivers: frozenset[str]
    ) -> None:
        with closing(listener), self._intake.uploads.use(file) as upload:
            if role != RECEIVE:
                sender = self._accept(listener, senders)
                if sender is None:
                    self._tell(Report(file.id, "timeout", 0, role=SEND))
                    self._intake.fail(file, "the sender did not connect")
                    return
                self._tell(Report(file.id, "connected", 0))
                self._start(lambda: self._receive(sender, file), f"raw-from-{file.id[:6]}")
            if role != SEND:
                receiver = self._accept(listener, receivers)
                if receiver is None:
                    self._tell(Report(file.id, "timeout", upload.offset, role=RECEIVE))
                    return
                listener.close()
                self._send(receiver, file, upload)

    def _accept(self, listener: socket.socket, addresses: frozenset[str]) -> Stream | None:
        """The next connection from one of the addresses, or None when the time is up. Others are closed at once."""
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0 and not self._stopping:
            listener.settimeout(min(left, 0.5))
            try:
                sock, address = listener.accept()
            except OSError:
                continue
            if normal_address(address[0]) not in addresses:
                log.warning("a stranger came: address=%s", address[0])
                sock.close()
                continue
            sock.setblocking(True)
            stream = SplicingStream(sock, self._pipes)
            stream.set_timeouts(self._stall)
            with self._lock:
                self._streams.add(stream)
            return stream
        return None

    def _done(self, stream: Stream) -> None:
        with self._lock:
            self._streams.discard(stream)
        stream.close()

    def _receive(self, stream: Stream, file: File) -> None:
        """The sender's thread. What breaks off cannot be taken up again by a client of this kind."""
        try:
            with self._intake.uploads.use(file) as upload:
                upload.claim(stream)
                try:
                    self._intake.begin(upload)
                    self._copy(stream, upload)
                    self._intake.finish(upload)
                finally:
                    upload.release()
        except Locked:
            log.warning("somebody else is uploading it: file=%s", file.id)
        except (StreamError, Gone, WrongHash, DiskFull, OverQuota) as error:
            log.info("interrupted: file=%s reason=%s", file.id, error)
            self._intake.fail(file, str(error) or type(error).__name__)
        except (OSError, DatabaseUnavailable) as error:
            log.error("failed: file=%s error=%s", file.id, error)
            self._intake.fail(file, "it cannot be stored")
        finally:
            self._done(stream)

    @staticmethod
    def _copy(stream: Stream, upload: Upload) -> None:
        offset = upload.offset
        while offset < upload.file.size:
            offset += stream.receive_file(upload.fd, offset, upload.file.size - offset)
            upload.advance(offset)

    def _send(self, stream: Stream, file: File, upload: Upload) -> None:
        def available(position: int) -> int:
            return upload.wait_readable(position, self._stall, lambda: not stream.peer_closed())

        try:
            send_bytes(stream, upload.fd, 0, file.size, available)
        except (StreamError, Gone, Stalled) as error:
            log.info("cut off: file=%s reason=%s", file.id, error or "nothing comes")
            stream.abort()
        finally:
            self._done(stream)
