"""Texts as pairs of characters, so that any part of a word is found, also a Chinese word of two characters.

FTS5's own trigrams find nothing that is shorter than three. Here the index holds, for every position of a text, the two
characters that stand there. What is searched for is a phrase of such pairs, which matches exactly where the characters
follow each other; a single character is the beginning of a pair.
"""

from __future__ import annotations

import itertools
import re

from chatwire.folding import VERSION, folded

LONGEST = 20_000  # characters of a text that are indexed, and more than a message can hold
LONGEST_QUERY = 100
FOLDING = VERSION  # what an index was made with; of another one nothing could be deleted again
_SPACE = re.compile(r"[\s\0]+")
_PRIVATE = 0xF0000  # FTS5's ascii tokenizer cuts at ASCII that is no letter or digit; moved up here, it is a letter
_SAFE = {code: chr(_PRIVATE + code) for code in range(128) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """A text as it is compared: without case, width and the kinds of white space."""
    return _SPACE.sub(" ", folded(text[:LONGEST]))


def pairs(text: str) -> str:
    """What the index holds for a text: its pairs of characters, and the last one alone."""
    signs = fold(text).strip().translate(_SAFE)
    return " ".join(map("".join, zip(signs, signs[1:] + " ", strict=False)))


def query(text: str) -> str:
    """What to ask the index for a text, all of whose words are wanted; empty when there is nothing to ask for."""
    return " AND ".join(_word(word.translate(_SAFE)) for word in fold(text)[:LONGEST_QUERY].split())


def _word(word: str) -> str:
    if len(word) < 2:
        return f'pairs : "{word}" *'
    phrase = " ".join(map("".join, itertools.pairwise(word)))
    return f'pairs : "{phrase}"'


def place(conversation: int) -> str:
    """The word that stands for a conversation in the index."""
    return f"c{conversation}"
