"""The codec: what is encoded comes back, and nothing that arrives raises anything but BadJson."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatwire.codec import Object, decode, encode, encode_open
from chatwire.errors import BadJson, PeerError

untimed = settings(deadline=None)

# What the wire can carry: Unicode without lone surrogates, integers of 64 bits, finite floats.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXT, v, max_size=3), max_leaves=6)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=5)


def refused(frame: bytes) -> bool:
    """Decode; whether it was refused. Any other error than BadJson goes through, and is a failure."""
    try:
        assert type(decode(frame)) is dict
    except BadJson:
        return True
    return False


# -- round trip ----------------------------------------------------------------


@untimed
@given(OBJECTS)
def test_what_is_encoded_comes_back(obj: Object) -> None:
    assert decode(encode(obj)) == obj


@untimed
@given(OBJECTS)
def test_encoded_is_one_line_of_json(obj: Object) -> None:
    line = encode(obj)
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert json.loads(line) == obj


@untimed
@given(OBJECTS, st.booleans(), st.sampled_from([None, 1, 4]))
def test_what_another_library_writes_is_understood(obj: Object, ascii_only: bool, indent: int | None) -> None:
    assert decode(json.dumps(obj, ensure_ascii=ascii_only, indent=indent).encode()) == obj


@untimed
@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4), st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1))
@example({"text": '}\\"'}, 0, 0)
def test_an_open_object_can_be_completed(obj: Object, mid: int, ts: int) -> None:
    obj = {name: value for name, value in obj.items() if name not in ("mid", "ts")} or {"cmd": "x"}
    completed = encode_open(obj) + b',"mid":%d,"ts":%d}\n' % (mid, ts)
    assert decode(completed) == {**obj, "mid": mid, "ts": ts}
    assert completed == encode({**obj, "mid": mid, "ts": ts})


# -- hostile input -------------------------------------------------------------


@untimed
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_bad(frame: bytes) -> None:
    refused(frame)


JSON_LIKE = st.lists(st.sampled_from([*'{}[]",:\\0123456789.eE+-ntf u', '"a"', "\\ud800", "true"]))


@untimed
@given(st.text(st.characters(codec="utf-8"), max_size=100) | JSON_LIKE.map("".join))
def test_any_text_is_an_object_or_bad(text: str) -> None:
    refused(text.encode())


@untimed
@given(OBJECTS, st.data())
def test_a_damaged_object_is_an_object_or_bad(obj: Object, data: st.DataObject) -> None:
    line = bytearray(encode(obj))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    refused(bytes(line))


@pytest.mark.parametrize("frame", [b"", b" ", b"null", b"true", b"1", b'"text"', b"[]", b"[{}]", b"{}{}", b"{} x"])
def test_what_is_no_object_is_bad(frame: bytes) -> None:
    with pytest.raises(BadJson):
        decode(frame)


@pytest.mark.parametrize("depth", [1_100, 10_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_nesting_is_bad(opening: str, closing: str, depth: int, closed: bool) -> None:
    text = '{"a":' + opening * depth + "1" + closing * depth + "}" if closed else '{"a":' + opening * depth
    with pytest.raises(BadJson):
        decode(text.encode())


def test_sensible_nesting_is_fine() -> None:
    obj: Any = 1
    for _ in range(200):
        obj = {"a": [obj]}
    assert not refused(json.dumps(obj).encode())


@pytest.mark.parametrize(
    "broken", [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe4\xb8"]
)
def test_invalid_utf8_is_bad(broken: bytes) -> None:
    for frame in (b'{"a":"' + broken + b'"}', b'{"' + broken + b'":1}', b"{" + broken + b"}", broken):
        assert refused(frame)


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"\ud800\ud800", r"\ud83dx", r"\ude00\ud83d", r"\ud83d\n"])
def test_a_lone_surrogate_is_bad(escape: str) -> None:
    assert refused(f'{{"a":"{escape}"}}'.encode())
    assert refused(f'{{"{escape}":1}}'.encode())


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(rb'{"a":"\ud83d\ude00"}') == {"a": "\U0001f600"}


def test_an_escaped_nul_is_a_character_and_a_raw_one_is_bad() -> None:
    assert decode(rb'{"a\u0000b":"\u0000"}') == {"a\0b": "\0"}
    assert encode({"a": "\0"}) == b'{"a":"\\u0000"}\n'
    assert refused(b'{"a":"\0"}')
    assert refused(b"\0{}")
    assert refused(b"{}\0")


@pytest.mark.parametrize("control", ["\n", "\r", "\t", "\x01", "\x1f"])
def test_a_raw_control_character_in_a_string_is_bad(control: str) -> None:
    assert refused(f'{{"a":"{control}"}}'.encode())


def test_integers_of_64_bits_are_exact_and_beyond_they_are_none() -> None:
    edges = [-(2**63), 2**53 - 1, 2**53 + 1, 2**63, 2**64 - 1]
    assert decode(encode({"a": edges})) == {"a": edges}
    for number in (2**64, -(2**63) - 1, 10**300):
        assert type(decode(b'{"a":%d}' % number)["a"]) is float


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 5_000, "1e999", "9" * 60_000])
def test_a_number_beyond_all_bounds_is_bad(number: str) -> None:
    assert refused(f'{{"a":{number}}}'.encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "nan", "inf", "0x10", "01", "+1", ".5", "1."])
def test_what_json_has_no_numbers_for_is_bad(number: str) -> None:
    assert refused(f'{{"a":{number}}}'.encode())


def test_of_duplicate_keys_the_last_one_holds() -> None:
    assert decode(b'{"cmd":"ping","cmd":"login","a":{"b":1,"b":2}}') == {"cmd": "login", "a": {"b": 2}}


@pytest.mark.parametrize("frame", [b"{'a':1}", b'{"a":1,}', b"{a:1}", b"{1:1}", b'{"a":1}//x', b"\xef\xbb\xbf{}"])
def test_what_is_nearly_json_is_bad(frame: bytes) -> None:
    assert refused(frame)


def test_an_error_never_repeats_what_was_sent() -> None:
    secret = "correct horse battery"
    for frame in (f'{{"password":"{secret}"', f'["{secret}"]', secret):
        with pytest.raises(PeerError) as caught:
            decode(frame.encode())
        assert secret not in f"{caught.value}{caught.value.detail}{caught.value.args}"
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
