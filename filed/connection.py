"""One connection: TLS or not, then request after request, until either side has had enough. A thread for each."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chatbase.engine import DatabaseUnavailable
from chatwire.stream import Stream, StreamError
from chatwire.tls_stream import TlsStream
from filed.http import TEXT, Exchange, HttpError, error_body, read_request, refuse
from filed.pipes import PipePool
from filed.splicing import SplicingStream

log = logging.getLogger("filed.http")

HANDSHAKE_TIMEOUT = 10.0  # seconds
_TLS_HANDSHAKE = b"\x16"  # the first byte of a ClientHello

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Handle = Callable[[Exchange], None]


@dataclass(frozen=True)
class ConnectionSettings:
    """What all connections share. Times in seconds. ``tls`` is asked for each."""

    tls: Callable[[], ssl.SSLContext]
    plaintext_allowed: Callable[[str], bool]
    idle_timeout: float
    stall_timeout: float
    pipes: PipePool
    handle: Handle


class Connection:
    """`run`: its own thread. `idle_since` and `shutdown`: any thread."""

    def __init__(self, sock: socket.socket, address: str, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._address = address
        self._stream: Stream = SplicingStream(sock, settings.pipes)
        self._sock = sock
        self.idle_since = time.monotonic()  # 0 while a request is being served
        self.ended = False  # by `shutdown`

    def run(self) -> None:
        """Serve it to its end."""
        try:
            if self._open():
                while self._serve_next():
                    pass
        except (StreamError, HttpError) as error:  # the latter from what is left of a body
            log.debug("ended: address=%s reason=%s", self._address, error)
        except Exception:
            log.exception("unexpected error: address=%s", self._address)
        finally:
            self._stream.close()

    def shutdown(self) -> None:
        """End it at once."""
        self.ended = True
        self._stream.shutdown()

    # -- its own thread ----------------------------------------------------------

    def _open(self) -> bool:
        """The first byte decides. False when the connection is of no use."""
        settings = self._settings
        self._early = b""
        self._stream.set_timeouts(settings.idle_timeout)
        with suppress(OSError):
            first = self._sock.recv(1, socket.MSG_PEEK)
            if first == _TLS_HANDSHAKE:
                return self._start_tls()
            if first and not settings.plaintext_allowed(self._address):
                refuse(self._stream, HttpError(403, "this server speaks TLS only: https", close=True))
                self._stream.linger()
                return False
            return bool(first)
        return False

    def _start_tls(self) -> bool:
        stream = TlsStream(self._sock, self._settings.tls())
        self._stream = stream
        try:
            stream.handshake(HANDSHAKE_TIMEOUT)
        except StreamError as error:
            log.debug("no TLS: address=%s reason=%s", self._address, error)
            return False
        return True

    def _serve_next(self) -> bool:
        """Serve one request; false when it was the last."""
        self.idle_since = time.monotonic()
        try:
            exchange = read_request(self._stream, self._early, self.idle_since + self._settings.idle_timeout)
        except HttpError as error:
            refuse(self._stream, error)
            self._stream.linger()
            return False
        if exchange is None:
            return False
        self.idle_since = 0.0
        self._stream.set_timeouts(self._settings.stall_timeout)
        self._answer(exchange)
        self._stream.relax()
        if exchange.keep_alive and exchange.finish_body():
            self._early = exchange.rest()
            return True
        self._stream.linger()
        return False

    def _answer(self, exchange: Exchange) -> None:
        """Every request gets an answer; what goes wrong after it has begun ends the connection."""
        try:
            self._settings.handle(exchange)
        except HttpError as error:
            self._refuse(exchange, error)
        except (DatabaseUnavailable, OSError) as error:
            level = error.level if isinstance(error, DatabaseUnavailable) else logging.ERROR
            log.log(level, "%s failed: %s", exchange.method, error)
            self._refuse(exchange, unavailable(error))
        except StreamError:
            raise
        except Exception:
            log.exception("unexpected error: method=%s", exchange.method)
            self._refuse(exchange, HttpError(500, "nothing more can be said; the log has the reason", close=True))

    @staticmethod
    def _refuse(exchange: Exchange, error: HttpError) -> None:
        if exchange.answered:
            raise StreamError(error.text)
        if error.close:
            exchange.keep_alive = False
        exchange.answer(error.status, [*error.headers, *TEXT], error_body(error))


def unavailable(error: Exception) -> HttpError:
    """What a client is told when disk or database fail: it may come again."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return HttpError(507, "there is no room on the disk", [("Retry-After", "600")], close=True)
    return HttpError(503, "this cannot be done now; try again", [("Retry-After", "5")], close=True)
