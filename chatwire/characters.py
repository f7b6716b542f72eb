"""Characters that could harm a reader, a terminal, a file system or a list: decided here, and nowhere else.

By fixed ranges, not by the categories of the running Python: its tables end with some year's Unicode, and what is newer
counts there as unassigned. A character that nobody knows yet does no harm, and is shown as it is. The ranges below are
those that Unicode has promised not to change, or never to assign.

Nothing is dropped: what must not be shown as it is, is shown as a sign.
"""

from __future__ import annotations

import re

CONTROLS = "\x00-\x1f\x7f-\x9f"
LINE_SEPARATORS = "\u2028\u2029"
SURROGATES = "\ud800-\udfff"
NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(end) + chr(end + 1) for end in range(0xFFFE, 0x110000, 1 << 16))
DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: what turns the direction of writing up to a closing one (UAX 9)."""
SHAPING = "\u200c\u200d\ufe0e\ufe0f\U000e0020-\U000e007f"
"""Joiners, presentation selectors and tags: invisible themselves, they change how what is before them is shown."""
INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f"
    "\U000e0080-\U000e0fff"
)
"""The others of Default_Ignorable_Code_Point, and a few more that are blank: harmless, but no part of a name."""
SPACES = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""All white space, one by one, as `str.strip` wants it."""

REPLACEMENT = "\ufffd"
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}

_HARMFUL = re.compile(f"[{CONTROLS}{LINE_SEPARATORS}{SURROGATES}{NONCHARACTERS}]")
_DIRECTION = re.compile(f"[{DIRECTIONS}]")
_ISOLATES, _OVERRIDES = frozenset("\u2066\u2067\u2068"), frozenset("\u202d\u202e")
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"


def shown(line: str) -> str:
    """A line as it may be shown: each harmful character is a sign in its place, all others are what they were.

    Pairs that isolate or embed what has another direction stay, as long as they are closed on the line: so they reach
    nothing beyond it. Overrides can make a word read as another, and are signs.
    """
    if line.isprintable():  # no Python calls a harmful one so; nearly all lines are, and it is 20 times as fast
        return line
    return _closed(_HARMFUL.sub(_sign, line))


def without_directions(line: str, sign: str) -> str:
    """The same for names of files, where a turn of direction can hide what a file is: with a sign of the caller's."""
    return _DIRECTION.sub(sign, _HARMFUL.sub(sign, line))


def is_harmless(line: str) -> bool:
    """Whether it is one line without controls, half characters, noncharacters and turns of the direction."""
    return _HARMFUL.search(line) is None and _DIRECTION.search(line) is None


def _sign(found: re.Match[str]) -> str:
    return _PICTURES.get(found[0], REPLACEMENT)


def _closed(line: str) -> str:
    """Overrides, and what is opened or closed alone, as signs. One step for each turn of direction."""
    turns = [found.start() for found in _DIRECTION.finditer(line)]
    if not turns:
        return line
    alone: set[int] = set()
    opened: list[int] = []
    isolates = 0  # of what is open
    for place in turns:
        turn = line[place]
        if turn == _POP_EMBEDDING:
            if not opened or line[opened[-1]] in _ISOLATES:
                alone.add(place)
            elif line[before := opened.pop()] in _OVERRIDES:
                alone |= {before, place}
        elif turn == _POP_ISOLATE:
            if not isolates:
                alone.add(place)
                continue
            while line[before := opened.pop()] not in _ISOLATES:
                alone.add(before)
            isolates -= 1
        else:
            opened.append(place)
            isolates += turn in _ISOLATES
    alone.update(opened)
    pieces = list(line)
    for place in alone:
        pieces[place] = REPLACEMENT
    return "".join(pieces)
