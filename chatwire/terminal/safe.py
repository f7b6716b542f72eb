"""Nothing that comes from outside may control the terminal: here it loses the means, and what is lost leaves a sign.

An escape sequence is not looked for: without its first character it is plain text, and so is all that a text without
an end would have hidden. Each character is looked at once, whatever stands around it.
"""

from __future__ import annotations

import re

from chatwire.characters import shown

_LINE_ENDS = re.compile("\r\n|[\r\n\u2028\u2029\x0b\x0c\x85]")
_CUT = "…"


def safe_lines(value: object, tab: str = "    ") -> list[str]:
    """The lines of a text, harmless."""
    lines = _LINE_ENDS.sub("\n", str(value)).split("\n")
    return [tab.join(map(shown, line.split("\t"))) for line in lines]


def safe(value: object, most: int = 0) -> str:
    """The same on one line; with ``most``, cut to so many characters, and before anything else is done with it."""
    text = str(value)
    if 0 < most < len(text):
        return " ".join(safe_lines(text[: most - 1])) + _CUT
    return " ".join(safe_lines(text))
