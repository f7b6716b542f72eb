"""Field types: what is accepted, in which form it goes on, and that a refusal never repeats the value."""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace
from typing import Any

import pytest
import unicodedata2
from hypothesis import given, settings
from hypothesis import strategies as st

from chatwire import fields as f
from chatwire import names

untimed = settings(deadline=None)
brief = settings(deadline=None, max_examples=25)  # they run for every check

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
CHECKS: list[f.Check] = [
    f.name, f.new_name, f.string, f.password, f.text, f.cid, f.token, f.mid, f.after, f.limit, f.request_id, f.length,
    f.filename, f.sha256, f.file_id, f.ticket, f.number, f.port, f.report, f.role, f.names,
]  # fmt: skip
STRINGS: list[f.Check] = [
    f.name, f.new_name, f.string, f.password, f.text, f.cid, f.token, f.filename, f.sha256, f.file_id, f.ticket,
    f.report, f.role,
]  # fmt: skip
NUMBERS: list[f.Check] = [f.mid, f.after, f.limit, f.number, f.port]
UNFIT = "must not contain control characters or '|'"


def problem(check: f.Check, value: Any) -> str:
    """What a check says against a value."""
    with pytest.raises(ValueError, match=r"^(must|is not) ") as caught:
        check(value)
    return str(caught.value)


# -- all of them ---------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS)
@brief
@given(value=ANYTHING)
def test_a_check_returns_or_raises_value_error_in_our_words(check: f.Check, value: Any) -> None:
    try:
        check(value)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017 - a subclass, as of an encoder, would quote the value


@pytest.mark.parametrize("check", CHECKS)
@brief
@given(value=ANYTHING)
def test_what_was_accepted_is_accepted_unchanged_again(check: f.Check, value: Any) -> None:
    try:
        once = check(value)
    except ValueError:
        return
    assert check(once) == once
    assert type(check(once)) is type(once)


@pytest.mark.parametrize("check", STRINGS)
@pytest.mark.parametrize("value", [None, True, 0, 1.5, [], ["a"], {}, {"a": "b"}, b"a"])
def test_a_string_is_a_string(check: f.Check, value: Any) -> None:
    assert problem(check, value) == "must be a string"


@pytest.mark.parametrize("check", NUMBERS)
@pytest.mark.parametrize("value", [None, True, False, 1.0, 1.5, float("nan"), "1", "", [], [1], {}])
def test_a_number_is_an_integer_and_no_truth_value(check: f.Check, value: Any) -> None:
    assert problem(check, value).startswith("must be an integer")


# -- names ---------------------------------------------------------------------

GOOD_NAMES = ["a", "A", "alice", "Alice B", "a" * 32, "\u5f20\u4e09", "\U0001f600" * 32, "O'Neil", 'a"b', "-1", "a\\b"]


@pytest.mark.parametrize("value", GOOD_NAMES)
def test_good_names(value: str) -> None:
    assert f.name(value) == value


@pytest.mark.parametrize("value", ["", "a" * 33, "\u00e9" * 33, "\U0001f600" * 33, "a" * 100_000])
def test_a_name_has_1_to_32_characters(value: str) -> None:
    assert problem(f.name, value) == "must have 1 to 32 characters"


@pytest.mark.parametrize("value", [" ", " a", "a ", "\ta", "a\n", "\u00a0a", "a\u3000", "a\u2003", "\u2028a", "a\x1f"])
def test_a_name_has_no_space_at_either_end(value: str) -> None:
    assert problem(f.name, value) == "must not begin or end with a space"


@pytest.mark.parametrize(
    "char", ["|", "\n", "\r", "\t", "\0", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]
)
def test_a_name_has_nothing_that_breaks_a_list_or_a_line(char: str) -> None:
    assert problem(f.name, f"a{char}b") == UNFIT


@pytest.mark.parametrize("name", ["ann\u200d", "a\u00a0b", "ann1\ufe0f", "\ufdd0"])
def test_only_a_new_name_has_to_have_nothing_invisible(name: str) -> None:
    assert problem(f.new_name, name) == "must not contain characters that cannot be seen where they stand"
    assert f.name(name) == name


def test_names_are_compared_in_nfc() -> None:
    assert f.name("Jose\u0301") == "Jos\u00e9" == f.name("Jos\u00e9")
    assert f.name("\u1112\u1161\u11ab") == "\ud55c"
    assert f.name("\u212b") == "\u00c5"  # the unit of length is the letter
    assert f.name("\ufb01") == "\ufb01"  # a ligature is not taken apart: that would be NFKC


def test_case_matters() -> None:
    assert f.name("Alice") != f.name("alice")


def test_the_length_counts_after_normalisation() -> None:
    longest = unicodedata.normalize("NFD", "\u1faf" * 32)
    assert len(longest) == 128
    assert f.name(longest) == "\u1faf" * 32
    assert problem(f.name, longest + "a") == "must have 1 to 32 characters"
    # One character in NFC may be three where composition is excluded.
    assert problem(f.name, "\ufb2c" * 11) == "must have 1 to 32 characters"


def test_no_character_decomposes_into_more_than_the_bound_says() -> None:
    longest = max(len(unicodedata2.normalize("NFD", chr(c))) for c in range(0x110000))
    assert longest <= names.MAX_DECOMPOSED


def test_piled_up_marks_are_refused_before_they_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    normalised: list[int] = []

    def normalize(form: str, text: str) -> str:
        normalised.append(len(text))
        return str(unicodedata2.normalize(form, text))

    monkeypatch.setattr(names, "unicodedata2", SimpleNamespace(normalize=normalize))
    problem(f.name, "a" + "\u0301" * 16_000 + "\u0316" * 16_000)
    assert f.name("e\u0301") == "\u00e9"
    assert normalised == [2]


# -- other strings -------------------------------------------------------------


def test_a_list_of_names_holds_each_once_and_in_nfc() -> None:
    assert f.names(["Jose\u0301", "ann", "Jos\u00e9"]) == ["Jos\u00e9", "ann"]
    assert f.names([f"u{number}" for number in range(f.MAX_PEERS)])[-1] == "u99"


@pytest.mark.parametrize("value", [None, "ann", [], {}, ("ann",), ["ann"] * (f.MAX_PEERS + 1)])
def test_a_list_of_names_is_a_list_and_bounded(value: Any) -> None:
    assert problem(f.names, value) == "must be a list of 1 to 100 names"


def test_a_list_of_names_is_refused_for_any_of_them() -> None:
    assert problem(f.names, ["ann", 5]) == "must be a string"
    assert problem(f.names, ["ann "]) == "must not begin or end with a space"
    assert problem(f.names, ["ann", ""]) == problem(f.names, ["ann", "x" * 33]) == "must have 1 to 32 characters"


def test_a_password_is_taken_as_typed() -> None:
    for value in ("", " ", " a ", "e\u0301", "a|b\n\0", "\U0001f600" * 256, "x" * 1024):
        assert f.password(value) == value


@pytest.mark.parametrize("value", ["x" * 1025, "\u00e9" * 513, "\U0001f600" * 257, "\ud800" * 342, "x" * 1_000_000])
def test_a_password_has_at_most_1024_bytes(value: str) -> None:
    assert problem(f.password, value) == "must have at most 1024 bytes"


@untimed
@given(st.text())
def test_any_text_is_text(value: str) -> None:
    assert f.text(value) == value
    assert f.string(value) == value


def test_a_cid_has_1_to_64_characters() -> None:
    for value in ("a", "\u4e2d" * 64, " ", "\n"):
        assert f.cid(value) == value
    for value in ("", "a" * 65):
        assert problem(f.cid, value) == "must have 1 to 64 characters"


def test_a_token_is_ascii() -> None:
    for value in ("a", "-_" * 64):
        assert f.token(value) == value
    for value in ("", "a" * 129, "\u00e9", "\ud800"):
        assert problem(f.token, value) == "is not a token"


# -- numbers -------------------------------------------------------------------


def test_a_mid_fits_a_double() -> None:
    for value in (0, 1, 2**53 - 1):
        assert f.mid(value) == value
    for value in (-1, 2**53, 2**64, -(2**63)):
        assert problem(f.mid, value) == "must be an integer from 0 to 2^53 - 1"


def test_after_may_be_minus_one() -> None:
    for value in (-1, 0, 2**53 - 1):
        assert f.after(value) == value
    for bad in (-2, 2**53, -1.0, "-1"):
        problem(f.after, bad)


def test_a_limit_is_clamped() -> None:
    assert [f.limit(value) for value in (1, 100, 500, 501, 2**63)] == [1, 100, 500, 500, 500]
    for value in (0, -1):
        assert problem(f.limit, value) == "must be an integer above 0"


def test_a_request_id_is_an_integer_or_a_short_string() -> None:
    for value in (0, -(2**63), 2**63 - 1, "", "a" * 64, "\u4e2d" * 64, "7"):
        assert f.request_id(value) == value
    refused: list[Any] = [2**63, -(2**63) - 1, "a" * 65, True, False, 1.0, None, [], {}]
    for bad in refused:
        assert problem(f.request_id, bad) == "must be an integer or a string of up to 64 characters"


SECRETS = ["hunter2\n" * 200, "|hunter2|" * 200, "\ud800hunter2" * 200, ["hunter2"], {"hunter2": 1}]


@pytest.mark.parametrize("check", [f.name, f.password, f.cid, f.token, f.mid, f.after, f.limit, f.request_id])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_refusal_never_repeats_the_value(check: f.Check, secret: Any) -> None:
    said = problem(check, secret)
    assert "hunter2" not in said
    assert "ud800" not in said


# -- files ---------------------------------------------------------------------


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (7, 7), ("7", 7), ("007", 7), (2**53 - 1, f.MAX_LENGTH)])
def test_a_length_is_a_number_or_its_digits(value: Any, expected: int) -> None:
    assert f.length(value) == expected
    assert isinstance(f.length(value), f.Digits) == isinstance(value, str)


@pytest.mark.parametrize(
    "value", [-1, 2**53, "", "-1", "+1", "1.0", " 1", "1\n", "1e3", "\u0661", "9" * 17, None, True, 1.0]
)
def test_other_lengths_are_refused(value: Any) -> None:
    assert problem(f.length, value) == "must be an integer from 0 to 2^53 - 1, or its digits"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a.txt", "a.txt"), ("/home/ann/a.txt", "a.txt"), ("C:\\Users\\ann\\a.txt", "a.txt"), ("../../a", "a"),
        ("..\\../a b", "a b"), ("x/..a", "..a"), ("\u5f20\u4e09.\u6587", "\u5f20\u4e09.\u6587"), ("a:b*c?", "a:b*c?"),
        ("/" * 60_000 + "a", "a"), ("\n/a", "a"), ("x" * 255, "x" * 255), ("\U0001f600" * 255, "\U0001f600" * 255),
    ],
)  # fmt: skip
def test_of_a_path_the_last_part_is_kept(value: str, kept: str) -> None:
    assert f.filename(value) == kept


@pytest.mark.parametrize("value", ["", "/", "a/", "a\\", ".", "..", "a/.", "a\\..", "x" * 256, "\u00e9" * 300])
def test_a_file_has_a_name_of_1_to_255_characters(value: str) -> None:
    assert problem(f.filename, value) == "must end in a name of 1 to 255 characters"


@pytest.mark.parametrize("char", [*"\0\n\r\t\x1b\x7f\x85\u2028\u2029\ud800\u202e\u2066\ufffe\U0010ffff"])
def test_a_filename_has_nothing_that_deceives(char: str) -> None:
    assert problem(f.filename, f"photo{char}gpj.exe") == "must not contain control characters"


@pytest.mark.parametrize(
    "name",
    ["\U0001fa77.png", "\u200fa.txt", "a\u200db", "\ue000", "\u0378", "\ufeffa", "e\u0301", "a\u00ad", "\U000e0067"],
)
def test_a_filename_is_not_changed(name: str) -> None:
    assert f.filename(name) == name


def test_a_hash_goes_on_in_lower_case() -> None:
    assert f.sha256("AB" * 32) == "ab" * 32
