"""Names of users and groups: in which form they are compared, and what a new one may be.

Unicode's tables are those of `unicodedata2`, not of the running Python: a server and its clients normalise alike. What
is assigned keeps its normal form for ever, so a name that was once accepted is found by every later version.
"""

from __future__ import annotations

import re

import unicodedata2

from chatwire.characters import (
    CONTROLS,
    INVISIBLE,
    LINE_SEPARATORS,
    NONCHARACTERS,
    SHAPING,
    SPACES,
    SURROGATES,
)
from chatwire.unicode_ranges import (
    COLOUR_EMOJI,
    JOINING_LEFT,
    JOINING_MARKS,
    JOINING_RIGHT,
    TEXT_EMOJI,
    VIRAMAS,
)

LONGEST = 32  # characters, after NFC
MAX_DECOMPOSED = 4  # code points to which canonical decomposition expands one at most

_UNFIT = re.compile(f"[|{CONTROLS}{LINE_SEPARATORS}{SURROGATES}]")

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NOT_HERE = "must not contain characters that cannot be seen where they stand"

_TONE = "[\U0001f3fb-\U0001f3ff]"
_EMOJI = f"(?:[{COLOUR_EMOJI}]{_TONE}?|[{TEXT_EMOJI}](?:\ufe0f|{_TONE}))"
_TAGGED = "|".join("".join(chr(0xE0000 + ord(letter)) for letter in place) for place in ("gbeng", "gbsct", "gbwls"))
_WHERE_THEY_SHOW = re.compile(
    "|".join(
        (
            f"{_EMOJI}(?:\u200d{_EMOJI})+",
            f"[{TEXT_EMOJI}]\ufe0f",
            "[0-9#*]\ufe0f\u20e3",
            f"\U0001f3f4(?:{_TAGGED})\U000e007f",
            f"[{VIRAMAS}][\u200c\u200d]",
            f"[\u09b0\u09f0\u0cb0]\u200d(?=[{VIRAMAS}])",  # RA that keeps its form before a virama: Bengali, Kannada
            f"[{JOINING_LEFT}][{JOINING_MARKS}]*\u200c(?=[{JOINING_MARKS}]*[{JOINING_RIGHT}])",
        )
    )
)
"""UTS 51 for emoji, flags and keycaps; RFC 5892, appendix A.1 and A.2, for joiners in scripts; Unicode, chapter 12."""
_HIDDEN = re.compile(f"[{SHAPING}{NONCHARACTERS}\xa0\u1680\u2000-\u200a\u202f\u205f]")

# Where no character that is assigned one day will have another normal form: emoji, and ideographs of planes 2 and 3.
_FOR_LATER = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd\U00020000-\U0002f7ff\U0002fa20-\U0003fffd]")


def normalized(text: str) -> str:
    """A text in NFC, as names are compared."""
    return text if text.isascii() else str(unicodedata2.normalize("NFC", text))


def breaks_a_line(text: str) -> bool:
    """Whether something is in it that no name has, and that would break a list or a line of names."""
    return _UNFIT.search(text) is not None


def typed(text: str) -> str:
    """A name as a server has it, from what somebody has typed."""
    return normalized(text.strip(SPACES))


def checked(text: str) -> str:
    """The name in NFC, when it can be one: what somebody is asked for by.

    What could not become short enough is not normalised at all: that takes time with the square of its length
    when someone piles up combining marks, seconds for a whole frame of them. Printable ASCII is in NFC as it is.

    Raises:
        ValueError: it can be no name; says why, in a few words.
    """
    if _is_plain(text):
        return text
    name = bounded(text)
    if breaks_a_line(name):
        raise ValueError("must not contain control characters or '|'")
    if _INVISIBLE.search(name):
        raise ValueError(_NOT_HERE)
    return name


def bounded(text: str) -> str:
    """The name in NFC, when its length and its ends are those of one. Raises ValueError."""
    name = "" if len(text) > LONGEST * MAX_DECOMPOSED else normalized(text)
    if not 1 <= len(name) <= LONGEST:
        raise ValueError(f"must have 1 to {LONGEST} characters")
    if name[0] in SPACES or name[-1] in SPACES:
        raise ValueError("must not begin or end with a space")
    return name


def checked_new(text: str) -> str:
    """The same for a name that nobody has yet: what is invisible itself stands where it shows.

    Only here: whoever has a name already keeps it, and finds others by theirs, when these rules become stricter.

    Raises:
        ValueError: as `checked`; or a reader would take it for another name.
    """
    name = checked(text)
    if name.isascii():
        return name
    if _HIDDEN.search(_WHERE_THEY_SHOW.sub("", name)):
        raise ValueError(_NOT_HERE)
    if any(unicodedata2.category(character) == "Cn" and not _FOR_LATER.match(character) for character in name):
        raise ValueError("must not contain characters that Unicode does not know yet")
    return name


def _is_plain(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or not 1 <= len(text) <= LONGEST:
        return False
    return text[0] != " " and text[-1] != " " and "|" not in text
