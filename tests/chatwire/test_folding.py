"""Texts that are looked for: what counts as the same, and that every Python says so."""

from __future__ import annotations

import pytest
import unicodedata2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatwire.folding import find, find_all, folded


@pytest.mark.parametrize(
    "texts",
    [
        ("I", "i", "\u0130", "\u0131", "i\u0307", "I\u0307"),  # dots of Turkish
        ("ISPARTA", "\u0131sparta", "\u0130SPARTA", "isparta"),
        ("D\u0130YARBAKIR", "Diyarbak\u0131r", "diyarbakir"),
        ("\uff26\uff35\uff2c\uff2c", "full"),
        ("Stra\u00dfe", "STRASSE", "STRA\u1e9eE"),
        ("cafe\u0301", "CAF\u00c9"),
        ("\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2"),
        ("\U00010570", "\U00010597"), ("\U00010d50", "\U00010d70"), ("\U00016ea0",
        "\U00016ebb"),  # newer than Unicode 13
        ("\ua7cb", "\u0264"), ("\u1c89", "\u1c8a"), ("\ua7c0", "\ua7c1"), ("\u2c2f", "\u2c5f"),
    ],
)  # fmt: skip
def test_what_counts_as_the_same(texts: tuple[str, ...]) -> None:
    assert len({folded(text) for text in texts}) == 1


def test_other_letters_stay_apart() -> None:
    assert folded("j\u0307") != folded("j")
    assert folded("\u00ec") != folded("i")
    assert folded("\u4e00") == "\u4e00"


def test_no_capital_is_missing() -> None:
    """Every letter with another one for its small form is folded, also where this Python does not know it."""
    for code in range(0x110000):
        known = chr(code).casefold() != chr(code) or 0x13A0 <= code <= 0x13F5  # Cherokee is folded the other way
        if known or unicodedata2.category(chr(code)) != "Lu":
            continue
        try:
            small = unicodedata2.lookup(unicodedata2.name(chr(code)).replace("CAPITAL", "SMALL"))
        except KeyError:
            continue
        assert folded(chr(code)) == folded(small), hex(code)


@settings(deadline=None)
@given(st.text())
@example("\u0130\u0307")
@example("\u1e9e")
def test_folded_again_is_the_same(text: str) -> None:
    assert folded(folded(text)) in (folded(text), folded(folded(folded(text))))


@pytest.mark.parametrize(
    ("text", "wanted", "places"),
    [
        ("Hello hello", "HELLO", [(0, 5), (6, 11)]),
        ("Diyarbak\u0131r, D\u0130YARBAKIR", "diyarbakir", [(0, 10), (12, 22)]),
        ("die Stra\u00dfe, STRASSE", "strasse", [(4, 10), (12, 19)]),
        ("ein \u1e9e und", "und", [(6, 9)]),
        ("cafe\u0301 noir cafe\u0301", "caf\u00e9", [(0, 5), (11, 16)]),
        ("\ufdfa \u0627", "\u0627", [(0, 1), (2, 3)]),
        ("\U0001f469\u200d\U0001f4bb ab", "AB", [(4, 6)]),
        ("abc", "", []), ("", "a", []), ("abc", "d", []),
    ],
)  # fmt: skip
def test_where_it_stands(text: str, wanted: str, places: list[tuple[int, int]]) -> None:
    found = list(find_all(text, wanted))
    assert list(dict.fromkeys(found))[: len(places)] == places
    assert find(text, wanted) == (places[0] if places else (-1, -1))


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=3))
def test_places_are_within_the_text(text: str, wanted: str) -> None:
    for start, end in find_all(text, wanted):
        assert 0 <= start < end <= len(text)
