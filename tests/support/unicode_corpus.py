"""Unicode at its most inconvenient: what people write, what programs trip over, and what somebody would try.

All is written with escapes or made from code points, so that no editor and no version control can mend it.
"""

from __future__ import annotations

import unicodedata2

from chatwire.characters import NONCHARACTERS

_PER_CORNER = 3
_ALIKE = (
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xE000, 0xF8FF),
    (0x17000, 0x18CFF),
    (0x20000, 0x323AF),
    (0xF0000, 0x10FFFF),
)
"""Ideographs, syllables, private: of these the first ones do."""

NEW_BLOCKS = (
    0x10E80, 0x10FB0, 0x11900, 0x11FB0, 0x18B00, 0x18D00, 0x1FB00, 0x30000,  # Unicode 13
    0x0870, 0x10570, 0x10780, 0x10F70, 0x11AB0, 0x12F90, 0x16A70, 0x1AFF0, 0x1CF00, 0x1DF00, 0x1E290, 0x1E7E0,  # 14
    0x10EC0, 0x11B00, 0x11F00, 0x1D2C0, 0x1E030, 0x1E4D0, 0x31350,  # 15
    0x2EBF0,  # 15.1
    0x105C0, 0x10D40, 0x11380, 0x116D0, 0x11BC0, 0x13460, 0x16100, 0x16D40, 0x1CC00, 0x1E5D0,  # 16
    0x10940, 0x11B60, 0x11DB0, 0x16EA0, 0x18D80, 0x1CEC0, 0x1E6C0, 0x323B0,  # 17
    0x1DF40, 0xA7DD, 0x209D,  # some of 18
)  # fmt: skip

_ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
_SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

NAMES = (
    "Jos\u00e9", "\u5f20\u4e09", "\u0623\u062d\u0645\u062f", "\u05d3\u05d5\u05d3", "\u0130pek",
    "I\u015f\u0131k", "stra\u00dfe",
    "\U0001fa77", "\U0001f979", "\U0001faea", "\U0002ebf0", "\U00030000", "\U000323b0", "\ue000", "\U0010fffd",
    _ENGLAND, _SCOTLAND, "\U0001f1f9\U0001f1f7", "1\ufe0f\u20e3", "\u2194\ufe0f", "\u2139\ufe0f",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\u2764\ufe0f\u200d\U0001f525",
    "\u0d05\u0d28\u0d3f\u0d32\u0d4d\u200d", "\u09b0\u200d\u09cd\u09af\u09be\u09ac", "\u0645\u06cc\u200c\u062e\u0648",
    "\u0915\u094d\u200d\u0937", "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
    "\ud55c\uae00", "\U00016d68",
    "x" + "\u0301" * 31, "\u00e1\u05b0\u0316", "' OR 1=1 --", "a%b_c", "\U00010570\U00010d50", "\u06dd1",
    "\u1e9e", "\ufb01",
)  # fmt: skip
"""Of users and groups, in NFC, no two alike."""

NO_NAMES = (
    "ann\u200d", "ann\u200c", "a\u200bnn", "ann\u2060", "\ufeffann", "a\u00adnn", "ann\ufe0f", "1\ufe0f",
    "ann\U000e0067", "\u3164",
    "\u202eann", "a\u2066b\u2069", "a\x9db", "a\x1b[2Jb", "a\u2028b", "a|b", "\ufffe", "\U0001f600\u200d",
    "\u0d28\u200d\u0d2e",
    "ann\u00a0b", "\u0378", "e\u0301" * 33, "\U0001f469\u200d" * 16 + "\U0001f469", " a", "a\u3000",
)  # fmt: skip

_SEQUENCES = (
    *NAMES,
    *NO_NAMES,
    "e\u0301 \u0065\u0323\u0302 \u1100\u1161\u11a8 \U00016d67\U00016d67",  # decomposed
    "\u2068ann\u2069 \u202aLTR\u202c \u202bRTL\u202c \u202eoverridden\u202c \u2067never closed",
    "\u2069\u202c alone \u200f\u200e\u061c",
    "\u05d0\u05d1 12 abc \u0627\u0628 (3)",
    "zalgo" + "\u0300\u0316\u0334\u0489" * 100, "\u0301\u0302 begins with marks",
    "\u845b\U000e0100\u57ce \u2665\ufe0e\u2665\ufe0f", "\u180e\u182d\u180b\u1885",
    "tags \U000e0068\U000e0069\U000e0001",
    "\ufff9base\ufffanote\ufffb \ufffc \ufffd", "\u2800\u3164\u115f\u1160\uffa0 blanks",
    "\xad\u200b\u2060\ufeff\u034f nothing",
    "\ue000\uf8ff\U000f0000\U0010fffd private", "\u0378\u0380\U0001fbff\U000e0fff unassigned",
    NONCHARACTERS.replace("-", ""), "\ufdfa\u33a5\ufb03\u2126\u212b compatible",
    "tab\tand\u00a0no-break\u3000wide\u2003em",
    "line\nfeed\r\nreturn\rnext\x85line\u2028para\u2029end\x0bvt\x0cff", "nul\0 bel\x07 bs\x08 esc\x1b del\x7f st\x9c",
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5A\x90q\x9c", "\x9d" * 200, "\x1b" * 200, "\u202e" * 200, "\u2066" * 200,
    "\U0001f469\U0001f3fd\u200d\U0001f680 \U0001f9d1\u200d\U0001f91d\u200d\U0001f9d1 #\ufe0f\u20e3",
    "\U0001f1e6" * 7, "\u200d\u200d\u200d",
)  # fmt: skip


def corners() -> list[str]:
    """A few characters of every corner of Unicode in which something is assigned, as texts of some sixty."""
    found: list[str] = []
    for corner in range(0, 0x110000, 128):
        alike = any(first < corner <= last for first, last in _ALIKE)
        signs = [chr(code) for code in range(corner, corner + 128) if not alike and _is_shown(code)]
        found += signs[:_PER_CORNER]
    return ["".join(found[start : start + 60]) for start in range(0, len(found), 60)]


def new_blocks() -> list[str]:
    """The beginning of each block that came with Unicode 13 or later."""
    return ["".join(chr(code) for code in range(first, first + 12) if _is_shown(code)) for first in NEW_BLOCKS]


def texts() -> list[str]:
    """All that can be said in a message."""
    flags = "\U0001f1e9\U0001f1ea" * 2048  # 16 KiB, the longest text
    return [*corners(), *new_blocks(), *_SEQUENCES, flags, "a" + "\u0301" * 8191]


def file_names() -> list[str]:
    """Names of files that can be offered as they are."""
    odd = ("\u200f\u05d0.doc", "e\u0301te\u0301.txt", "\ufeffbom.csv", "a\u00adb.md", "\u0378\U000e0067.bin",
    "-rf", ".hidden", "con.txt",
           "end. ", "a" * 251 + ".txt", "\u4e16" * 200 + ".tar.gz", "zalgo" + "\u0316" * 200 + ".gif",
           "what?<is>|this*:.txt")  # fmt: skip
    return [*(f"{name}.png" for name in NAMES), *(f"{text}.txt" for text in new_blocks()), *odd]


def _is_shown(code: int) -> bool:
    return unicodedata2.category(chr(code)) not in ("Cn", "Cc", "Cs", "Zl", "Zp")
