"""How a transfer can fail. Each text is one line for the user that says what can be done; no text holds a ticket."""

from __future__ import annotations

from chatwire.errors import WireError


class TransferError(WireError):
    """Base of all that `upload` and `download` raise."""


class Cancelled(TransferError):
    """`Control.cancel` was called."""


class LocalProblem(TransferError):
    """The file or folder on this side: missing, unreadable, changed, or the disk is full."""


class Changed(LocalProblem):
    """The file on this side is not what it was when it was offered; it has to be offered again."""


class DiskFull(LocalProblem):
    """There is no room on this side. What has arrived is kept: calling again later goes on from there."""


class Unreachable(TransferError):
    """Many attempts in a row brought nothing. What has arrived is kept: calling again goes on from there."""


class ServerFull(TransferError):
    """The server has no room now. What has arrived is kept: calling again later goes on from there."""


class Untrusted(TransferError):
    """The file daemon shows another certificate than expected; nothing was sent."""


class Unencrypted(TransferError):
    """The file would go in plain text, though the chat does not; nothing was sent."""


class NotPermitted(TransferError):
    """The ticket in the URL is not, or no longer, good for this."""


class Gone(TransferError):
    """There is no such file, or it was declined, withdrawn or has expired."""


class TooLarge(TransferError):
    """The server takes no file of this size."""


class WrongHash(TransferError):
    """The bytes that arrived are not those that were announced; they are removed."""


class Unexpected(TransferError):
    """The server says something that makes no sense here."""
