"""TLS as a step function: ciphertext in, plaintext out, no socket.

OpenSSL works on two memory buffers and never sees the descriptor. So the event loop has one kind of readiness
to think about, a send may be of any size (with a socket under it, a retried `SSL_write` must offer the very
same bytes), data that OpenSSL holds back cannot hide from the selector, and one system call carries many
records.
"""

from __future__ import annotations

import hashlib
import ssl

_READ_SIZE = 64 * 1024


class TlsError(Exception):
    """The handshake or a record is broken; the connection is of no more use."""


class TlsChannel:
    """One TLS connection, client or server. One owner at a time; it has no lock.

    ``established`` is true once the handshake is done, ``ended`` once the peer has said goodbye.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "_waiting", "ended", "established")

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, hostname: str | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=hostname
        )
        self._waiting: list[bytes] = []  # plaintext written before the handshake was done
        self.established = False
        self.ended = False

    def receive(self, ciphertext: bytes) -> bytes:
        """Take bytes from the wire and return the plaintext they complete.

        `outgoing` may have an answer afterwards.

        Raises:
            TlsError: the peer does not speak TLS as it should. An alert for it may wait in `outgoing`.
        """
        self._incoming.write(ciphertext)
        if not self.established and not self.handshake():
            return b""
        return self._read_all()

    def handshake(self) -> bool:
        """Go as far as the input allows; true when done. A client calls it once to get its first flight."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, ValueError) as error:
            raise TlsError(_reason(error)) from None
        self.established = True
        for data in self._waiting:
            self._object.write(data)
        self._waiting.clear()
        return True

    def send(self, plaintext: bytes) -> None:
        """Encrypt; the result waits in `outgoing`. Before the handshake is done the text waits here.

        Raises:
            TlsError: the connection has ended.
        """
        if not self.established:
            self._waiting.append(plaintext)
            return
        try:
            self._object.write(plaintext)
        except ssl.SSLError as error:
            raise TlsError(_reason(error)) from None

    def outgoing(self) -> bytes:
        """Everything that must now go onto the wire."""
        return self._outgoing.read()

    def close(self) -> None:
        """Queue the goodbye of TLS, so that the peer can tell an end from a cut. Never fails."""
        if self.established:
            try:
                self._object.unwrap()
            except (ssl.SSLError, ValueError):
                return  # the peer's own goodbye is not waited for

    def fingerprint(self) -> str:
        """SHA-256 of the peer's certificate, as `certificate_fingerprint` writes it.

        Empty when it showed none, and before the handshake is done.
        """
        der = self._object.getpeercert(binary_form=True) if self.established else None
        return certificate_fingerprint(der) if der else ""

    def _read_all(self) -> bytes:
        pieces: list[bytes] = []
        while True:
            try:
                piece = self._object.read(_READ_SIZE)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self.ended = True
                break
            except ssl.SSLError as error:
                raise TlsError(_reason(error)) from None
            if not piece:
                self.ended = True
                break
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and up, without renegotiation, which would let a client buy expensive work again and again.

    Raises:
        OSError, ssl.SSLError: the files cannot be read or do not belong together.
        ValueError: the key is encrypted. Nobody is there to be asked for its password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    raise ValueError("the key is protected by a password; give one that is not")


def client_context(*, verify: bool) -> ssl.SSLContext:
    """With ``verify`` the system's authorities decide; without, the caller must compare the fingerprint."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def certificate_fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate as people compare it: upper-case pairs with colons."""
    digest = hashlib.sha256(der).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error).lower().replace("_", " ")
