"""The first connection of a login: trust, a new account, the password; which is forgotten when this is over."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import UnknownFingerprint
from chatwire.pins import Pins
from qtclient.cache.reader import Reader
from qtclient.records import ServerAddress


@dataclass(frozen=True)
class Entered:
    """A session that has begun; ``address`` has the fingerprint that is trusted."""

    address: ServerAddress
    client: Client
    reply: Object
    after: int


class StrangeCertificate(Exception):
    """``pinned`` is what was shown before, empty where the server is not known yet."""

    def __init__(self, shown: str, pinned: str) -> None:
        super().__init__(shown)
        self.shown = shown
        self.pinned = pinned


def enter(address: ServerAddress, user: str, password: str, pins: Pins, cache: Path, *, register: bool) -> Entered:
    """Make an account if asked to, and log in; blocks.

    Raises:
        StrangeCertificate: the user has to be asked, or warned.
        LinkError, Refused: it cannot be.
        OSError: the pins cannot be read.
    """
    address = with_pin(address, pins)
    after = _known(cache)
    try:
        client = Client(address.host, address.port, tls=address.tls, fingerprint=address.fingerprint or None)
    except UnknownFingerprint as error:
        raise StrangeCertificate(error.fingerprint, address.fingerprint) from None
    try:
        if register:
            client.register(user, password)
        client.seen = max(0, after)
        return Entered(address, client, client.login(user, password, after=after), after)
    except BaseException:
        client.close()
        raise


def with_pin(address: ServerAddress, pins: Pins) -> ServerAddress:
    """The address with the fingerprint that was pinned for it. Raises OSError."""
    return replace(address, fingerprint=pins.get(address.name) or "") if address.tls else address


def _known(cache: Path) -> int:
    """The highest mid in a cache, -1 where there is none."""
    if not cache.exists():
        return -1
    try:
        reader = Reader(cache)
    except sqlite3.Error:
        return -1
    try:
        return reader.meta("seen") if reader.meta("begun") else -1
    finally:
        reader.close()
