"""What went wrong with a transfer or a message, as a line that can be kept, and translated when it is shown."""

from __future__ import annotations

import errno
import json
import os

from chatwire.codec import Object
from chatwire.errors import WireError
from chatwire.transfer import errors

_KINDS: tuple[tuple[type[errors.TransferError], str], ...] = (
    (errors.Changed, "The file has changed since it was offered; send it again."),
    (errors.DiskFull, "There is no room on the disk. Make some and try again: what has arrived is kept."),
    (errors.Unreachable, "The file server cannot be reached; it is tried again. What has arrived is kept."),
    (errors.ServerFull, "The server's disk is full; it is tried again. What has arrived is kept."),
    (errors.Untrusted, "The file server shows another certificate than expected, so nothing was moved."),
    (errors.Unencrypted, "The server wants the file to go without encryption, so nothing was moved."),
    (errors.NotPermitted, "The server does not permit it."),
    (errors.Gone, "The file is gone: it was declined, withdrawn, or has expired."),
    (errors.TooLarge, "The server takes no file of this size."),
    (errors.WrongHash, "What arrived is not what was announced, so it was removed. Try again."),
    (errors.Unexpected, "The file server says what makes no sense."),
)


def line(text: str, **values: object) -> str:
    """A sentence with ``{fields}``, and what is to stand in them."""
    return json.dumps([text, values], ensure_ascii=False) if values else text


def unfold(problem: str) -> tuple[str, dict[str, object]]:
    """The sentence and its values again."""
    if problem.startswith("["):
        try:
            text, values = json.loads(problem)
        except (ValueError, TypeError):
            return problem, {}
        if isinstance(text, str) and isinstance(values, dict):
            return text, values
    return problem, {}


def of_transfer(error: Exception) -> str:
    """Why a file is not moving."""
    for kind, text in _KINDS:
        if isinstance(error, kind):
            return text
    if isinstance(error, errors.LocalProblem):
        return line("On this computer: {detail}", detail=str(error))
    return line("It went wrong: {detail}", detail=str(error) if isinstance(error, WireError) else type(error).__name__)


def of_disk(problem: str) -> str:
    """Why nothing can be written to the cache, by what SQLite says."""
    if _is_full(problem):
        return (
            "The disk is full. What you write is sent all the same, but not kept on this computer before there is room."
        )
    if "locked" in problem:
        return (
            "Another program has locked what is kept on this computer."
            " What you write is sent all the same, and kept once that is over."
        )
    return line(
        "Nothing can be written to the disk ({problem}). What you write is sent all the same, and kept once it works.",
        problem=problem,
    )


def of_start(problem: str) -> str:
    """Why a session goes on with a copy of the cache that nobody keeps."""
    if _is_full(problem):
        return (
            "The disk is full, so the client goes on in the memory."
            " Drafts, and what is not sent, are lost when you quit; all else is with the server."
        )
    if "locked" in problem:
        return (
            "Another program has locked what is kept on this computer, so the client goes on in the memory."
            " Drafts, and what is not sent, are lost when you quit; all else is with the server."
        )
    return line(
        "What is kept on this computer cannot be opened ({problem}), so the client goes on in the memory."
        " Drafts, and what is not sent, are lost when you quit; all else is with the server.",
        problem=problem,
    )


def of_opening(problem: str) -> str:
    """Why the windows are not there yet."""
    if _is_full(problem):
        return "The disk is full; trying again…"
    if "locked" in problem:
        return "Another program has locked what is kept on this computer; trying again…"
    return line("What is kept on this computer cannot be opened ({problem}); trying again…", problem=problem)


def _is_full(problem: str) -> bool:
    """As SQLite says it, or the system."""
    return "full" in problem or os.strerror(errno.ENOSPC) in problem or os.strerror(errno.EDQUOT) in problem


def of_offer(reply: Object) -> str:
    """Why the server does not take an offer; the word itself where a message could have been refused alike."""
    result = str(reply.get("result"))
    limit, used = reply.get("limit"), reply.get("used")
    if result == "too_large" and type(limit) is int:
        if reply.get("detail") == "quota" and type(used) is int:
            return line(
                "All your files together may have {limit} bytes, of which {used} are used.", limit=limit, used=used
            )
        return too_large(limit)
    return result


def too_large(limit: int) -> str:
    """A file is larger than the server permits."""
    return line("The server takes no file of more than {limit} bytes.", limit=limit)
