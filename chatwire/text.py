"""Text from outside: Python's strings can hold what UTF-8 cannot."""

from __future__ import annotations

import re

from chatwire.characters import SURROGATES

# Python has them for bytes that are no UTF-8 (terminals, arguments, file names), Qt for half an emoji.
_SURROGATES = re.compile(f"[{SURROGATES}]")


def is_well_formed(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return _SURROGATES.search(text) is None


def well_formed(text: str) -> str:
    """The same text with U+FFFD for each surrogate."""
    return _SURROGATES.sub("\ufffd", text)
