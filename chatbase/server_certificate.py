"""The certificate that a daemon shows, which may be loaded anew while it serves."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from chatbase.options import ConfigError
from chatbase.startup import check_private, one_line_errors
from chatwire.certificate import ensure_self_signed, fingerprint_of
from chatwire.tls import server_context

log = logging.getLogger("chatbase.certificate")


class ServerCertificate:
    """`context` and `fingerprint`: any thread; they are replaced, never changed. `reload`: one thread."""

    def __init__(self, data: Path, certificate: Path | None, key: Path | None) -> None:
        """The given files, or one that is made in ``data``.

        Raises:
            ConfigError: they cannot be used.
        """
        if certificate is None or key is None:
            with one_line_errors("use the data folder"):
                certificate, key = ensure_self_signed(data)
                check_private(key)
        self._files = certificate, key
        self._context, self.fingerprint = _load(certificate, key)

    def context(self) -> ssl.SSLContext:
        """With what a new connection is to be encrypted."""
        return self._context

    def reload(self) -> None:
        """Show from now on what the files hold. Where they cannot be used, it is said, and nothing changes."""
        try:
            self._context, self.fingerprint = _load(*self._files)
        except ConfigError as error:
            log.error("the certificate stays as it was: %s", error)
        else:
            log.info("certificate: sha256=%s", self.fingerprint)


def _load(certificate: Path, key: Path) -> tuple[ssl.SSLContext, str]:
    with one_line_errors(f"use the certificate {certificate} with the key {key}"):
        fingerprint = fingerprint_of(certificate)  # first: it says more clearly what is wrong
        return server_context(str(certificate), str(key)), fingerprint
