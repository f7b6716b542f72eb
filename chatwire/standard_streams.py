"""Standard input, output and error: whoever starts a program may have closed them, or they may be on a full disk."""

from __future__ import annotations

import contextlib
import os
import sys


def open_missing() -> None:
    """Put the null device where a stream is closed; called before anything else is opened.

    Else a socket or a database would get its number, and what is written to standard error would go there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  (for the life of the process)


def say(line: str) -> bool:
    """Write a line to standard output at once; false when it cannot be written. Nothing of it is tried again."""
    try:
        print(line, flush=True)
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)  # what is left of the line would be a traceback at the program's end
        os.close(null)
        return False
    return True


def complain(line: str) -> None:
    """Write a line to standard error, if that is possible."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr)
