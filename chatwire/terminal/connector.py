"""Where the server is, and how a connection to it is made."""

from __future__ import annotations

from chatwire.address import shown
from chatwire.client import Client


class Connector:
    """Opens connections to one server; ``fingerprint`` None leaves the question to the system's authorities."""

    def __init__(self, address: tuple[str, int], *, tls: bool, fingerprint: str | None) -> None:
        self.address = address
        self.tls = tls
        self.fingerprint = fingerprint

    def __call__(self) -> Client:
        """Connect. Raises LinkError."""
        return Client(*self.address, tls=self.tls, fingerprint=self.fingerprint)

    @property
    def name(self) -> str:
        """The server as people write it, and as it is pinned."""
        return shown(*self.address)
