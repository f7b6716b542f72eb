"""Nothing that comes from outside may control the terminal: here it loses the means."""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences (ESC [ or U+009B), strings up to their end (OSC, DCS, SOS, PM, APC), two-byte escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_LINE_ENDS = re.compile("\r\n|[\r\n\u2028\u2029\x0b\x0c\x85]")
_JOINERS = frozenset("\u200c\u200d")  # without them, some scripts and emoji fall apart
_BAD = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


def safe_lines(value: object) -> list[str]:
    """The lines of a text, without escape sequences, control characters and what turns the direction of writing."""
    text = _LINE_ENDS.sub("\n", str(value))
    text = _ESCAPES.sub("", text).replace("\t", "    ")
    return ["".join(filter(_harmless, line)) for line in text.split("\n")]


def safe(value: object) -> str:
    """The same on one line."""
    return " ".join(safe_lines(value))


def _harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _BAD
