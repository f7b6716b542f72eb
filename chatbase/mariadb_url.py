"""What a mysql:// URL says: where the server is, who we are, and how the connection is protected.

A parameter is obeyed or refused: one that is overlooked would be a connection without the protection that was meant. No
message repeats a value, since a password that was not percent-encoded may have ended anywhere in a URL.
"""

from __future__ import annotations

import ssl
import urllib.parse
from typing import Any

PARAMETERS = ("ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_identity", "unix_socket")
_SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class UrlError(ValueError):
    """The URL is one, but what it asks for cannot be done; the message is one line without a password."""


def mariadb_settings(url: str) -> dict[str, Any] | None:
    """What PyMySQL has to be told; None when this is no such URL. Raises UrlError, and ValueError with any text."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("mysql", "mariadb") or len(parts.path) < 2 or "#" in url:
        return None
    query = _parameters(parts.query)
    return {
        **_where(parts, query),
        "user": urllib.parse.unquote(parts.username or ""),
        "password": urllib.parse.unquote_to_bytes(parts.password or ""),  # PyMySQL would write a text in Latin-1
        "database": urllib.parse.unquote(parts.path[1:]),
    }


def _parameters(text: str) -> dict[str, str]:
    pairs = urllib.parse.parse_qsl(
        text.replace("+", "%2B"),  # in a path a plus sign is no space
        keep_blank_values=True,
        strict_parsing=bool(text),
    )
    query = dict(pairs)
    if strangers := sorted(query.keys() - PARAMETERS):
        name = "one" if "@" in text else repr(strangers[0])  # behind a question mark in a password, it is the password
        raise UrlError(f"a database URL may have the parameters {', '.join(PARAMETERS)}, and has {name}")
    for name, value in pairs:
        if not value or len(query) < len(pairs):
            raise UrlError(f"each parameter of a database URL has one value; see {name!r}")
    return query


def _where(parts: urllib.parse.SplitResult, query: dict[str, str]) -> dict[str, Any]:
    protection = {name: value for name, value in query.items() if name.startswith("ssl_")}
    if "unix_socket" in query:
        if protection:
            raise UrlError("unix_socket stays in the kernel, and has no TLS: leave out the ssl_ parameters")
        return {"unix_socket": query["unix_socket"], "ssl_disabled": True}
    where: dict[str, Any] = {"host": _host(parts), "port": parts.port or 3306}
    return {**where, "ssl": _context(protection)} if protection else where


def _host(parts: urllib.parse.SplitResult) -> str:
    host = parts.hostname or "127.0.0.1"
    try:
        host.encode("idna")
    except UnicodeError:
        raise UrlError("the host of the database URL can be no name") from None
    return host


def _context(query: dict[str, str]) -> ssl.SSLContext:
    """TLS as it was asked for. Without any of these parameters PyMySQL takes what the server offers, unchecked."""
    if "ssl_key" in query and "ssl_cert" not in query:
        raise UrlError("ssl_key goes with ssl_cert")
    if "ssl_verify_identity" in query and "ssl_ca" not in query:
        raise UrlError("ssl_verify_identity goes with ssl_ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = _switch(query, "ssl_verify_identity", default="ssl_ca" in query)
    context.verify_mode = ssl.CERT_REQUIRED if "ssl_ca" in query else ssl.CERT_NONE
    name = "ssl_ca"
    try:
        if name in query:
            context.load_verify_locations(query[name])
        name = "ssl_cert"
        if name in query:
            context.load_cert_chain(query[name], query.get("ssl_key"), password=_no_password)
    except OSError as error:
        raise UrlError(f"{name} cannot be used: {error.strerror or error}") from error
    return context


def _switch(query: dict[str, str], name: str, *, default: bool) -> bool:
    if name not in query:
        return default
    if query[name].lower() not in _SWITCH:
        raise UrlError(f"{name} is on or off")
    return _SWITCH[query[name].lower()]


def _no_password() -> str:
    raise UrlError("ssl_key is protected by a password; give one that is not")
