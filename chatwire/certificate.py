"""The self-signed certificate that a daemon makes for itself on its first start."""

from __future__ import annotations

import datetime
import fcntl
import os
import socket
import ssl
from pathlib import Path

from chatwire.tls import certificate_fingerprint

# No clock is asked: it may be wrong at a first start, and clients pin the fingerprint, so that a change is an event for
# every user. The end is RFC 5280's for "no well-defined expiration date".
_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
_UNTIL = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc)


def ensure_self_signed(folder: Path) -> tuple[Path, Path]:
    """Return certificate and key in ``folder``, made now if they are not there; only the owner can read them.

    Raises:
        OSError: the folder cannot be written.
    """
    certificate, key = folder / "tls-cert.pem", folder / "tls-key.pem"
    if not (certificate.exists() and key.exists()):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two daemons that share the folder may start at the same moment
            _make_pair(certificate, key)
        finally:
            os.close(lock)
    return certificate, key


def _make_pair(certificate: Path, key: Path) -> None:
    if certificate.exists() and key.exists():
        return
    key_pem, certificate_pem = _generate(socket.gethostname() or "localhost")
    certificate.unlink(missing_ok=True)  # cut off in between, no pair may be left that does not fit
    _write_private(key, key_pem)
    _write_private(certificate, certificate_pem)


def fingerprint_of(certificate: Path) -> str:
    """SHA-256 fingerprint of the first certificate in a PEM file.

    Raises:
        ValueError: there is none.
    """
    text = certificate.read_text(encoding="ascii", errors="replace")
    start, end = text.find(ssl.PEM_HEADER), text.find(ssl.PEM_FOOTER)
    if start < 0 or end < 0:
        raise ValueError(f"{certificate} holds no certificate")
    return certificate_fingerprint(ssl.PEM_cert_to_DER_cert(text[start : end + len(ssl.PEM_FOOTER)]))


def _generate(hostname: str) -> tuple[bytes, bytes]:
    # Imported here: only a first start needs it, and it costs every start some megabytes.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, never readable by others, not even for a moment."""
    part = path.with_suffix(".new")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
