"""One HTTP connection to the file daemon, made when it is needed and kept while it is good."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from chatwire.happy_eyeballs import connect
from chatwire.stream import Stream, StreamEnded, StreamError, StreamTimeout
from chatwire.tls import client_context
from chatwire.tls_stream import StreamUntrusted, TlsStream
from chatwire.transfer.answer import HEAD_LIMIT, Answer, read_answer
from chatwire.transfer.attempts import Broken
from chatwire.transfer.control import Control
from chatwire.transfer.errors import Unencrypted, Unexpected, Untrusted

CONNECT_TIME = 10.0  # seconds
CONNECT_TIME_IF_OTHER = 4.0  # seconds, when there is another host to try
IO_TIME = 30.0  # seconds in which something must move

LINK_ERRORS = (StreamError, h11.RemoteProtocolError)


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
    clean = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or not clean:
        raise Unexpected("the server gave an address that is none")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = parts.scheme == "https"
    return Url(tls, parts.hostname, port or (443 if tls else 80), target)


class Link:
    """Blocking; one thread. `Control.cancel` interrupts it."""

    def __init__(self, control: Control, fingerprint: str | None, other_host: str, *, secure: bool = False) -> None:
        """``secure``: the server was trusted over TLS, and may not send us to where nobody proves who he is.

        ``fingerprint`` None leaves the question of trust to the system's authorities.

        ``other_host`` is tried, at the same port, when the host in a URL cannot be reached: it names the server as
        seen from here, where the one in the URL may be its name behind a router.
        """
        self._control = control
        self._fingerprint = fingerprint
        self._other_host = other_host
        self._secure = secure
        self._reached = ""  # the host that answered last
        self._context: ssl.SSLContext | None = None
        self._stream: Stream | None = None
        self._where: tuple[bool, str, int] | None = None
        self._answer: Answer | None = None  # to the last request of this connection

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterable[memoryview] | None, answer_time: float
    ) -> Answer:
        """Send a request and return the answer, whose body is still to be read.

        Raises:
            Broken: no connection, or it broke before the answer.
            Untrusted, Unencrypted, Unexpected, Cancelled, and what ``body`` raises.
        """
        parsed = parse(url)
        if self._secure and not parsed.tls:
            raise Unencrypted("the server wants the file to go without encryption; nothing was sent")
        stream = self._connected(parsed)
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
            stream.set_timeouts(IO_TIME)
            try:
                stream.send(connection.send(_request(method, parsed, headers)) or b"")
                for piece in body or ():
                    stream.send(piece)
            except StreamEnded:
                pass  # the server has had enough, and may have said why
            stream.set_timeouts(answer_time)
            self._answer = read_answer(stream, connection, method)
        except LINK_ERRORS as error:
            raise self.broken(error) from error
        except BaseException:
            self.close()  # half a request may have been sent
            raise
        return self._answer

    def broken(self, error: Exception) -> Broken:
        """Close, and say what to raise. Raises Cancelled when that is the reason."""
        self.close()
        self._control.check()
        return Broken(f"the connection to the file server broke ({_words(error)})")

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        stream, self._stream, self._answer = self._stream, None, None
        self._control.detach()
        if stream is not None:
            stream.close()

    def _connected(self, url: Url) -> Stream:
        if self._stream is not None and self._where == url[:3] and self._answer is not None and self._answer.reusable:
            return self._stream
        self.close()
        problem, untrusted = "", None
        for host in self._hosts(url.host):
            try:
                self._stream = self._open(url, host)
            except StreamUntrusted as error:  # an authority may vouch for the name by which the server is known here
                untrusted = error
                continue
            except (OSError, ValueError, StreamError) as error:  # ValueError, also UnicodeError: a name that is none
                problem = problem or f"cannot connect to {host}:{url.port} ({_words(error)})"
                continue
            self._where, self._reached = url[:3], host
            return self._stream
        self._control.check()
        if untrusted is not None:
            raise _untrusted() from untrusted
        raise Broken(problem)

    def _hosts(self, host: str) -> list[str]:
        """Where to try, the one that answered last first."""
        hosts = [host] if self._other_host in ("", host) else [host, self._other_host]
        return sorted(hosts, key=lambda name: name != self._reached)

    def _open(self, url: Url, host: str) -> Stream:
        """Connect. Raises OSError, ValueError, StreamError, Untrusted, Cancelled."""
        patience = CONNECT_TIME_IF_OTHER if len(self._hosts(url.host)) > 1 else CONNECT_TIME
        sock = connect(host, url.port, patience, check=self._control.check)
        try:
            sock.setblocking(True)  # from here on the limits are the kernel's, see `Stream`
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._control.attach(sock)
            return self._secured(sock, host, patience) if url.tls else Stream(sock)
        except BaseException:
            self._control.detach()
            sock.close()
            raise

    def _secured(self, sock: socket.socket, host: str, patience: float) -> TlsStream:
        """Shake hands, and look at the certificate before anything is said."""
        if self._context is None:
            self._context = client_context(verify=self._fingerprint is None)
        stream = TlsStream(sock, self._context, hostname=host.partition("%")[0].rstrip("."))
        stream.handshake(patience)
        if self._fingerprint is not None and stream.fingerprint().lower() != self._fingerprint.strip().lower():
            raise _untrusted()
        return stream


def _request(method: str, url: Url, headers: Mapping[str, str]) -> h11.Request:
    host = f"[{url.host}]" if ":" in url.host else url.host
    usual = {True: 443, False: 80}[url.tls]
    everything = {"Host": host if url.port == usual else f"{host}:{url.port}", **headers}
    fields = [(name.encode(), value.encode("latin-1")) for name, value in everything.items()]
    return h11.Request(method=method, target=url.target, headers=fields)


def _untrusted() -> Untrusted:
    """To try again would not help, and to go on would be wrong."""
    return Untrusted("the file server shows another certificate than expected; nothing was sent")


def _words(error: Exception) -> str:
    """What happened, without addresses and tickets."""
    if isinstance(error, TimeoutError | StreamTimeout):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it was closed" if isinstance(error, StreamError) else "what comes is no HTTP"
