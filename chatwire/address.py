"""Where a server is, as people write it: by hand, from a chat, with an input method in full-width mode."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import NamedTuple

import unicodedata2

DEFAULT_PORT = 8000

_SCHEMES = {"": None, "tls": True, "tcp": False}
_FULL_STOPS = str.maketrans("\u3002\uff61", "..")  # as in internationalized names (RFC 3490); NFKC does the rest
_ODD = re.compile(r"[\s/?#@\\\[\]%:<>\"]")
_PORT = re.compile(r"[0-9]{1,5}")


class Address(NamedTuple):
    """``tls`` None: it was not said."""

    host: str
    port: int
    tls: bool | None


def parse_address(text: str) -> Address:
    """Take ``HOST``, ``HOST:PORT``, an IPv6 address or ``[IPv6]:PORT``, with ``tcp://`` or ``tls://`` before it or not.

    White space around it and around its parts is of no meaning, and full-width forms (``：``) are what they stand for.

    Raises:
        ValueError: it is none of these.
    """
    text = str(unicodedata2.normalize("NFKC", text)).translate(_FULL_STOPS)
    scheme, _, rest = text.rpartition("://")
    host, port = _split(rest.strip())
    number = int(port) if _PORT.fullmatch(port) else 0
    if scheme.strip().lower() not in _SCHEMES or not 0 < number < 65536 or (not scheme.strip() and "://" in text):
        raise ValueError("no address of a server")
    return Address(host, number, _SCHEMES[scheme.strip().lower()])


def shown(host: str, port: int) -> str:
    """An address as people write it; `parse_address` takes it."""
    return f"[{host}]:{port}" if ":" in host else f"{host.lower()}:{port}"


def _split(text: str) -> tuple[str, str]:
    """Host and port. Raises ValueError."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        colon, port = port.strip()[:1], port.strip()[1:].strip()
        if not closed or colon not in ("", ":"):
            raise ValueError("no address of a server")
        return _ipv6(host.strip()), port if colon else str(DEFAULT_PORT)
    if text.count(":") > 1:
        return _ipv6(text), str(DEFAULT_PORT)
    host, colon, port = (part.strip() for part in text.partition(":"))
    if not host or not host.isprintable() or _ODD.search(host):
        raise ValueError("no address of a server")
    return host.lower(), port if colon else str(DEFAULT_PORT)


def _ipv6(text: str) -> str:
    """The shortest form; behind ``%`` may stand the name of an interface. Raises ValueError."""
    address = ipaddress.IPv6Address(text)
    short = socket.inet_ntop(socket.AF_INET6, address.packed)  # Pythons differ in how they write some
    return f"{short}%{address.scope_id}" if address.scope_id else short
