"""Texts as they are sorted and looked for: without case, width and the dots of an i.

The same under every Python, since what one has put into an index another looks up. Compatibility forms are those of
`unicodedata2`. Python's own case folding never changes for a letter it knows (Unicode's stability policy), and the
capitals that came after the oldest supported Python's tables, those of Unicode 13, are listed here.

Turkish and Azeri write i with and without a dot, as different letters, each with its own capital: İ i and I ı. Who
searches does not say in which language, and many do not have the other's keys. So all four are one letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import unicodedata2

VERSION = 100 + int(unicodedata2.unidata_version.partition(".")[0])
"""Grows with these rules (by hundreds), and with Unicode's."""

_NEXT = "\ua7c0\ua7cc\ua7ce\ua7d0\ua7d2\ua7d4\ua7d6\ua7d8\ua7da\u1c89" + (
    "\U0001df40\U0001df48\U0001df4a\U0001df4d\U0001df51\U0001df68\U0001df6a\U0001df6c\U0001df6e\U0001df72\U0001df74"
    "\U0001df76\U0001df78\U0001df7a\U0001df7c\U0001df7e"
)
"""Capitals whose small letter is the next character."""
_BLOCKS = ((0x10570, 0x1057A, 0x27), (0x1057C, 0x1058A, 0x27), (0x1058C, 0x10592, 0x27), (0x10594, 0x10595, 0x27),
           (0x10D50, 0x10D65, 0x20), (0x16EA0, 0x16EB8, 0x1B))  # fmt: skip
"""Vithkuqi, Garay, Beria Erfe: first and last capital, and how far the small letters are from them."""
_OTHERS = {
    "\u2c2f": "\u2c5f", "\ua7cb": "\u0264", "\ua7dc": "\u019b", "\ua7dd": "\u0277", "\ua7e2": "\u027c",
    "\uab6c": "\uab4b", "\uab6d": "\uab4c",
}  # fmt: skip
_DOTS = {"\u0130": "i", "\u0131": "i"}

_SMALL = str.maketrans(
    {sign: chr(ord(sign) + 1) for sign in _NEXT}
    | {chr(code): chr(code + away) for first, last, away in _BLOCKS for code in range(first, last + 1)}
    | _OTHERS
    | _DOTS
)


def folded(text: str) -> str:
    """A text without case and width."""
    if text.isascii():
        return text.lower()
    small = str(unicodedata2.normalize("NFKC", text)).translate(_SMALL).casefold()
    return small.replace("i\u0307", "i")  # a dotted i that was small already, with its dot beside it


def find(text: str, wanted: str) -> tuple[int, int]:
    """Where in a text something is folded like ``wanted``: from, and up to but not with; -1, -1 if it is nowhere."""
    return next(find_all(text, wanted), (-1, -1))


def find_all(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """All such places, from the first to the last; they do not overlap."""
    small, low = folded(wanted), folded(text)
    starts: Sequence[int] = range(len(text) + 1)
    if len(low) != len(text):
        low, starts = _letter_by_letter(text)
    place = low.find(small) if small else -1
    while place >= 0:
        end = place + len(small)
        yield starts[place], max(starts[end], starts[place] + 1)
        place = low.find(small, end)


def _letter_by_letter(text: str) -> tuple[str, list[int]]:
    """The text folded, and for each character of that where its letter begins in the text.

    A letter goes with its marks: folding may make several into one, and one into several.
    """
    begins = [at for at, sign in enumerate(text) if at == 0 or not unicodedata2.combining(sign)]
    pieces = [folded(text[start:end]) for start, end in zip(begins, [*begins[1:], len(text)], strict=True)]
    starts = [start for start, piece in zip(begins, pieces, strict=True) for _ in piece]
    return "".join(pieces), [*starts, len(text)]
