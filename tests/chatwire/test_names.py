"""Names of users and groups: which are the same, and which new ones are refused since they would look the same."""

from __future__ import annotations

import re

import pytest
import unicodedata2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatwire import names, unicode_ranges
from chatwire.characters import INVISIBLE, SHAPING

HIDDEN = "must not contain characters that cannot be seen where they stand"
UNFIT = "must not contain control characters or '|'"
UNKNOWN = "must not contain characters that Unicode does not know yet"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def refusal(name: str) -> str:
    """What is said against a new name."""
    with pytest.raises(ValueError, match=r"^must ") as caught:
        names.checked_new(name)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "\U0001fa77", "\U0001f979", "\U0001faea", "\U0002ebf0", "\U000323af", "\ue000", "\U0010fffd",
        # newer, rare, private
        "\u2194\ufe0f", "\u2139\ufe0f", "\u2764\ufe0f", "\U0001f170\ufe0f", "\u00a9\ufe0f",
        "1\ufe0f\u20e3", "#\ufe0f\u20e3", "*\ufe0f\u20e3", "room 7\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd",
        "\U0001f469\u200d\U0001f4bb", "\u2764\ufe0f\u200d\U0001f525", "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\U0001f469\U0001f3fb\u200d\U0001f91d\u200d\U0001f469\U0001f3ff", "\U0001f426\u200d\u2b1b",
        "\u26f9\U0001f3fb\u200d\u2642\ufe0f", "\U0001f642\u200d\u2194\ufe0f",
        "\u0d05\u0d28\u0d3f\u0d32\u0d4d\u200d",  # Malayalam: Anil, with an old chillu at its end
        "\u0d28\u0d4d\u200d\u0d2e", "\u09b0\u200d\u09cd\u09af\u09be\u09ac",  # Bengali: RAB, with ya-phalaa
        "\u0995\u09cd\u200c\u09b7", "\u0915\u094d\u200d\u0937", "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
        "\u0cb0\u200d\u0ccd\u0c95",
        "\u0645\u06cc\u200c\u062e\u0648", "\u0639\u0644\u06cc\u064e\u200c\u0631\u0636\u0627",  # Persian
        "\u5f20\u3000\u4e09", "\u5c0f\u7ea2", "Zo\u00eb", "\u0e2a\u0e21\u0e0a\u0e32\u0e22", "\u0600\u0661", "\u0301",
    ],
)  # fmt: skip
def test_what_people_need_is_a_name(name: str) -> None:
    assert names.checked_new(name) == names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "ann\u200d", "ann\u200c", "an\u200dn", "\u200dann", "ann\u200b", "ann\u2060", "a\u00adnn", "\ufeffann",
        "ann\u034f",
        "ann\ufe0f", "ann1\ufe0f", "ann\ufe00", "ann\U000e0101", "ann\U000e0062", "\U000e0062", "\u3164",
        "\u2800", "ann\uffa0",
        "\u5c0f\u200d\u7ea2", "\U0001f600\u200d", "\u200d\U0001f600", "\U0001f600\ufe0f", "\u2764\ufe0e",
        "\u2194\ufe0f\ufe0f",
        "\u2764\u200d\U0001f525",  # shown like the one with U+FE0F
        "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067",
        "\u0d28\u200d", "\u0d28\u200d\u0d4d", "\u0995\u200c\u09b7", "\u062f\u200c\u0646", "\u06cc\u200c",
        "\u06cc\u200d",
        "\u06cc\u200cann", "ann\u00a0b", "ann\u2009b", "ann\u202fb", "\ufdd0", "a\ufffe", "a\U0010ffff",
        *(f"a{sign}b" for sign in BIDI),
    ],
)  # fmt: skip
def test_what_would_look_like_another_is_refused(name: str) -> None:
    assert refusal(name) == HIDDEN


def test_who_has_a_name_already_keeps_it() -> None:
    """Rules for new names may become stricter; whom nobody is called is not found, and needs no refusal."""
    for name in ("ann\u200d", "\u0645\u06cc\u200d", "\U0001f600\ufe0f", "a\u00a0b", "\u0378"):
        assert names.checked(name) == name
    for name in ("ann\u200b", "\u3164", "a\u202eb"):  # never were one
        with pytest.raises(ValueError, match=f"^{HIDDEN}$"):
            names.checked(name)


def test_what_has_no_normal_form_yet_is_no_new_name() -> None:
    """Another version of Unicode may put it together with its neighbour, and nobody would find that name again."""
    assert refusal("\u0378") == refusal("a\u0380") == UNKNOWN
    for name in ("\U0001faff", "\U0001f7ff", "\U0003fff0"):  # emoji and ideographs never do
        assert names.checked_new(name) == name


@pytest.mark.parametrize(
    "sign", ["|", "\n", "\r", "\t", "\0", "\x07", "\x1b", "\x7f", "\x85", "\x9d", "\u2028", "\ud800"]
)
def test_what_breaks_a_list_or_a_line_is_no_name_at_all(sign: str) -> None:
    for check in (names.checked, names.checked_new):
        with pytest.raises(ValueError, match=f"^{re.escape(UNFIT)}$"):
            check(f"a{sign}b")


def test_as_it_is_typed() -> None:
    assert names.typed(" Jose\u0301\u3000\n") == "Jos\u00e9"
    assert names.typed("\u1112\u1161\u11ab") == "\ud55c"
    assert names.typed("\U00016d67\U00016d67") == "\U00016d68"  # of Unicode 16, under every Python
    assert names.typed(" ") == ""


@settings(deadline=None)
@given(st.text(max_size=140))
@example("a\u0301" * 32)
@example("\u0d28\u0d4d\u200d" * 8)
def test_an_accepted_name_keeps_all_promises(value: str) -> None:
    try:
        name = names.checked_new(value)
    except ValueError:
        return
    assert name == unicodedata2.normalize("NFC", value) == names.checked(name) == names.checked_new(name)
    assert 1 <= len(name) <= 32
    assert name == name.strip()
    assert name.splitlines() == [name]
    assert not set(name) & set("|" + BIDI)


def test_the_tables_are_those_of_unicode() -> None:
    """Those that can be asked for; a newer Unicode may add to them."""
    every = "".join(map(chr, range(0x110000)))
    assert all(unicodedata2.combining(sign) == 9 for sign in re.findall(f"[{unicode_ranges.VIRAMAS}]", every))
    marks = re.findall(f"[{unicode_ranges.JOINING_MARKS}]", every)
    assert {unicodedata2.category(sign) for sign in marks} == {"Mn"}
    hidden = re.findall(f"[{INVISIBLE}{SHAPING}]", every)
    assert {unicodedata2.category(sign) for sign in hidden} <= {"Cf", "Mn", "Lo", "Cn", "So"}
