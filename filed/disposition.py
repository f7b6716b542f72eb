"""Headers with which a file is served so that it is saved under its name, and never run by a browser."""

from __future__ import annotations

import urllib.parse

import unicodedata2

from filed.http import Headers

# RFC 8187, section 3.2.1: what needs no percent sign.
_ATTR_CHARS = "!#$&+-.^_`|~"

CACHE = ("Cache-Control", "private, no-transform")
HARMLESS: Headers = (
    ("Content-Type", "application/octet-stream"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Referrer-Policy", "no-referrer"),
    CACHE,
)


def content_disposition(name: str) -> str:
    """The value of Content-Disposition (RFC 6266): in ASCII for old readers, in UTF-8 (RFC 8187) for all others."""
    plain = unicodedata2.normalize("NFKD", name).encode("ascii", "replace").decode().replace("?", "_")
    quoted = "".join("_" if c in '"\\%/' or not c.isprintable() else c for c in plain)
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{urllib.parse.quote(name, safe=_ATTR_CHARS)}"
