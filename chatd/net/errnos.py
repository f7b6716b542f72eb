"""Families of socket errors, named once."""

from __future__ import annotations

import errno

DISCONNECTED = frozenset(
    (
        errno.ECONNRESET,
        errno.EPIPE,
        errno.ENOTCONN,
        errno.ESHUTDOWN,
        errno.ECONNABORTED,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EBADF,
    )
)
"""The peer is gone; nothing to report."""

OUT_OF_DESCRIPTORS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""This process or machine has nothing left to accept with."""

GONE_BEFORE_ACCEPT = frozenset((errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.EINTR))
"""The peer left the queue before it was accepted; not an error."""
