"""Browsers that upload and download from pages of other servers (the Fetch standard, CORS), as tus clients do.

Any page may: what a request may do is said by its ticket, which no browser adds by itself, as it would a cookie.
"""

from __future__ import annotations

METHODS = "OPTIONS, POST, HEAD, PATCH, DELETE, GET"
_SENT = (
    "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum,"
    " Upload-Defer-Length, Upload-Concat, X-HTTP-Method-Override, X-Request-ID, X-Requested-With, Range, If-Range,"
    " If-None-Match, Cache-Control"
)
_SEEN = (
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Offset,"
    " Upload-Length, Upload-Expires, Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag,"
    " Repr-Digest, Retry-After, WWW-Authenticate, Date"
)

# A browser must not show a page what it has cached for somebody who was told nothing of pages.
VARY = (("Vary", "Origin"),)
ANSWER = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", _SEEN))
"""Of each answer to a page, be it an error: what it may read."""

PREFLIGHT = (
    ("Access-Control-Allow-Methods", METHODS),
    ("Access-Control-Allow-Headers", _SENT),
    ("Access-Control-Max-Age", "86400"),
)
"""Of the answer to the question what a page may send."""
