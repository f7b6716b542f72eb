"""One HTTP connection to the file daemon, made when it is needed and kept while it is good."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError
from urllib3.response import HTTPResponse

from chatwire.tls import client_context
from chatwire.transfer.attempts import Broken
from chatwire.transfer.control import Control
from chatwire.transfer.errors import Unexpected, Untrusted

CONNECT_TIME = 10.0  # seconds
CONNECT_TIME_IF_OTHER = 4.0  # seconds, when there is another host to try
IO_TIME = 30.0  # seconds in which something must move

LINK_ERRORS = (OSError, HTTPError, HTTPException)


class Url(NamedTuple):
    """A URL in the parts that a connection needs; ``target`` is path and query."""

    tls: bool
    host: str
    port: int
    target: str


def parse(url: str) -> Url:
    """Take a URL apart. Raises Unexpected."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unexpected("the server gave an address that is none") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not (url.isascii() and url.isprintable()):
        raise Unexpected("the server gave an address that is none")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = parts.scheme == "https"
    return Url(tls, parts.hostname, port or (443 if tls else 80), target)


class Link:
    """Blocking; one thread. `Control.cancel` interrupts it."""

    def __init__(self, control: Control, fingerprint: str | None, other_host: str) -> None:
        """``fingerprint`` None leaves the question of trust to the system's authorities.

        ``other_host`` is tried, at the same port, when the host in a URL cannot be reached: it names the server as
        seen from here, where the one in the URL may be its name behind a router.
        """
        self._control = control
        self._fingerprint = fingerprint
        self._other_host = other_host
        self._reached = ""  # the host that answered last
        self._context: ssl.SSLContext | None = None
        self._connection: HTTPConnection | None = None
        self._where: tuple[bool, str, int] | None = None

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterator[memoryview] | None, answer_time: float
    ) -> HTTPResponse:
        """Send a request and return the answer, whose body is still to be read.

        Raises:
            Broken: no connection, or it broke before the answer.
            Untrusted, Unexpected, Cancelled, and what ``body`` raises.
        """
        parsed = parse(url)
        connection = self._connected(parsed)
        connection.timeout = IO_TIME
        try:
            try:
                # urllib3 sends whatever is a buffer, though it says bytes.
                connection.request(
                    method, parsed.target, cast("Iterator[bytes] | None", body), headers,
                    preload_content=False, decode_content=False,
                )  # fmt: skip
            except (BrokenPipeError, ConnectionResetError):
                pass  # the server has had enough, and may have said why
            connection.timeout = answer_time
            return connection.getresponse()
        except LINK_ERRORS as error:
            raise self.broken(error) from error
        except BaseException:
            self.close()  # half a request may have been sent
            raise

    def broken(self, error: Exception) -> Broken:
        """Close, and say what to raise. Raises Cancelled when that is the reason."""
        self.close()
        self._control.check()
        return Broken(f"the connection to the file server broke ({_words(error)})")

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        connection, self._connection = self._connection, None
        self._control.detach()
        if connection is not None:
            connection.close()

    def _connected(self, url: Url) -> HTTPConnection:
        if self._connection is not None and self._where == url[:3]:
            return self._connection
        self.close()
        problem = ""
        for host in self._hosts(url.host):
            connection = self._make(url, host)
            try:
                connection.connect()
                if connection.sock is not None:
                    self._control.attach(connection.sock)
            except LINK_ERRORS as error:
                connection.close()
                _check_trust(error)
                problem = problem or f"cannot connect to {host}:{url.port} ({_words(error)})"
                continue
            except BaseException:
                connection.close()
                raise
            self._connection, self._where, self._reached = connection, url[:3], host
            return connection
        self._control.check()
        raise Broken(problem)

    def _hosts(self, host: str) -> list[str]:
        """Where to try, the one that answered last first."""
        hosts = [host] if self._other_host in ("", host) else [host, self._other_host]
        return sorted(hosts, key=lambda name: name != self._reached)

    def _make(self, url: Url, host: str) -> HTTPConnection:
        patience = CONNECT_TIME_IF_OTHER if len(self._hosts(url.host)) > 1 else CONNECT_TIME
        if not url.tls:
            return HTTPConnection(host, url.port, timeout=patience)
        if self._context is None:
            self._context = client_context(verify=self._fingerprint is None)
        return HTTPSConnection(
            host, url.port, timeout=patience, ssl_context=self._context, assert_fingerprint=self._fingerprint
        )


def _check_trust(error: Exception) -> None:
    """To try again would not help, and to go on would be wrong.

    urllib3's own SSLError comes from comparing fingerprints; what goes wrong in the handshake is the ssl module's.
    """
    if isinstance(error, SSLError | ssl.SSLCertVerificationError):
        raise Untrusted("the file server shows another certificate than expected; nothing was sent") from error


def _words(error: Exception) -> str:
    """What happened, without addresses and tickets."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return "it was closed" if isinstance(error, HTTPException) else type(error).__name__
