"""What could harm is a sign in its place, everything else is what it was, and each character costs one look."""

from __future__ import annotations

import re
import unicodedata

import pytest
import unicodedata2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatwire import characters
from chatwire.characters import is_harmless, shown, without_directions
from chatwire.terminal.safe import safe, safe_lines

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HARMFUL = ("Cc", "Cs", "Zl", "Zp")


def test_what_is_harmful_is_what_unicode_calls_so() -> None:
    """Under every Python: unassigned and private characters are shown, of whatever year its tables are."""
    every = "".join(map(chr, range(0x110000)))
    bad = {sign for sign in every if unicodedata2.category(sign) in HARMFUL or sign in DIRECTIONS}
    bad |= {sign for sign in every if ord(sign) & 0xFFFE == 0xFFFE or "\ufdd0" <= sign <= "\ufdef"}
    assert {*characters._HARMFUL.findall(every), *characters._DIRECTION.findall(every)} == bad
    assert all(not is_harmless(sign) and shown(sign) != sign and len(shown(sign)) == 1 for sign in bad)
    assert shown("".join(sign for sign in every if sign not in bad)) == "".join(
        sign for sign in every if sign not in bad
    )
    known = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    assert {chr(c) for c in range(0x110000) if unicodedata2.bidirectional(chr(c)) in known} == set(DIRECTIONS)


def test_spaces_are_those_of_python() -> None:
    assert set(characters.SPACES) == {chr(code) for code in range(0x110000) if chr(code).isspace()}


@pytest.mark.parametrize(
    "sign", ["\U0001fa77", "\U0001f979", "\U0002ebf0", "\ue000", "\U0010fffd", "\u0378", "\U000e0067"]
)
def test_what_a_python_may_not_know_is_shown(sign: str) -> None:
    assert safe(f"a{sign}b") == f"a{sign}b"
    assert is_harmless(f"{sign}.png")


@pytest.mark.parametrize(
    ("line", "as_shown"),
    [
        ("a\x1bb\0\x7f\x9d\ud800\ufdd0\U0001ffff", "a␛b␀␡\ufffd\ufffd\ufffd\ufffd"),
        ("\u2068ann\u2069 says", "\u2068ann\u2069 says"),  # what bots do with names
        ("\u202a+49 30\u202c, \u202b\u05d0\u202c", "\u202a+49 30\u202c, \u202b\u05d0\u202c"),
        ("\u2067\u202ba\u202c\u2066b\u2069\u2069", "\u2067\u202ba\u202c\u2066b\u2069\u2069"),
        ("\u202egpj\u202c", "\ufffdgpj\ufffd"),
        ("\u2067open", "\ufffdopen"),
        ("a\u2069\u202c", "a\ufffd\ufffd"),
        ("\u2066\u202aa\u2069\u202c", "\u2066\ufffda\u2069\ufffd"),
        ("\u202a\u2066\u202c\u2069", "\ufffd\u2066\ufffd\u2069"),
        ("a\u200fb\u200e\u061c", "a\u200fb\u200e\u061c"),
    ],
)
def test_directions_end_with_their_line(line: str, as_shown: str) -> None:
    assert shown(line) == as_shown


def test_names_of_files_have_no_directions() -> None:
    assert without_directions("photo\u2067gpj\u2069.exe\n", "_") == "photo_gpj_.exe_"


@settings(deadline=None)
@given(st.text(), st.text())
@example("\u202e", "\u202c")
def test_a_line_is_closed_in_itself(one: str, other: str) -> None:
    """What is shown of two closed lines together is what is shown of each; and it is shown so again."""
    closed = shown(one)
    assert shown(closed) == closed
    assert shown(closed + shown(other)) == closed + shown(other)
    assert not {unicodedata.category(sign) for sign in closed} & set(HARMFUL)
    assert len(closed) == len(one)


@pytest.mark.parametrize(
    "piece", ["\x9d", "\x1b[", "\x1b]0;", "\u2066", "\u2069", "\u202a\u2066", "\x90a", "\r", "a\u0301"]
)
def test_the_price_of_a_text_is_its_length(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for beyond the character at hand, so steps are what was found; 8,192 of U+009D took 0.5 s."""
    steps = 0
    sign = characters._sign

    def counted(found: re.Match[str]) -> str:
        nonlocal steps
        steps += 1
        return sign(found)

    class Line(str):
        """Counts what is read of it, one by one."""

        def __getitem__(self, place: object) -> str:
            nonlocal steps
            steps += 1
            return super().__getitem__(place)  # type: ignore[index]

    monkeypatch.setattr(characters, "_sign", counted)
    used = []
    for length in (1024, 2048):
        steps = 0
        safe_lines(piece * length)
        characters._closed(Line(piece * length))
        used.append(steps)
    assert used[1] <= 2 * used[0] + 8
    assert used[1] <= 4 * 2048 * len(piece)
    assert safe_lines("ab" + piece + "cd")[0][:2] == "ab"


def test_no_text_is_searched_for_its_end() -> None:
    """Patterns look at single characters (or at a line's two): no repetition, nothing to go back to."""
    from chatwire.terminal import safe as module

    for pattern in (characters._HARMFUL, characters._DIRECTION, module._LINE_ENDS):
        assert not re.search(r"\\?[*+{]", re.sub(r"\[[^\]]*\]", "", pattern.pattern))
