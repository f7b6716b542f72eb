"""The first connection of a login: trust, a new account, the password; which is forgotten when this is over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import UnknownFingerprint
from chatwire.pins import AUTHORITY, Pins
from chatwire.turn import in_turn
from qtclient.records import ServerAddress


@dataclass(frozen=True)
class Entered:
    """A session that has begun; ``address`` has the fingerprint that is trusted."""

    address: ServerAddress
    client: Client
    reply: Object
    after: int


class StrangeCertificate(Exception):
    """``pinned`` is what was shown before, or `AUTHORITY`; empty where the server is not known yet."""

    def __init__(self, shown: str, pinned: str) -> None:
        super().__init__(shown)
        self.shown = shown
        self.pinned = pinned


Wait = Callable[[float, float], bool]
"""Told how long it takes until it is our turn, and how long to wait now (seconds); false: give up."""


def enter(
    address: ServerAddress, user: str, password: str, pins: Pins, after: int, wait: Wait, *, register: bool
) -> Entered:
    """Make an account if asked to, and log in; blocks. ``after``: the highest mid that is known, -1 for none. When many
    log in at the same time, ``wait`` is called until it is our turn.

    Raises:
        StrangeCertificate: the user has to be asked, or warned.
        LinkError, Refused: it cannot be.
        OSError: the pins cannot be read.
    """
    address = with_pin(address, pins)
    try:
        client = Client(address.host, address.port, tls=address.tls, fingerprint=address.fingerprint or None)
    except UnknownFingerprint as error:
        before = address.fingerprint or (AUTHORITY if pins.vouched(address.name) else "")
        raise StrangeCertificate(error.fingerprint, before) from None
    try:
        if address.tls and not address.fingerprint:
            with contextlib.suppress(OSError):  # on a full disk nothing is remembered, and all else works
                pins.vouch(address.name)
        if register:
            in_turn(lambda: client.register(user, password), wait)
        client.seen = max(0, after)
        return Entered(address, client, in_turn(lambda: client.login(user, password, after=after), wait), after)
    except BaseException:
        client.close()
        raise


def with_pin(address: ServerAddress, pins: Pins) -> ServerAddress:
    """The address with the fingerprint that was pinned for it. Raises OSError."""
    return replace(address, fingerprint=pins.get(address.name) or "") if address.tls else address
