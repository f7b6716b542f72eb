"""The framer: any split of a stream gives the same objects, no flood costs more than its bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatwire import framing
from chatwire.errors import FrameTooLong, ObjectSkipped
from chatwire.framing import Framer, SkippingFramer

LIMIT = 64
ROOMY = 1 << 20

Frame = tuple[bytes, bool]
"""An object's bytes, and whether it was spread over lines."""

Written = tuple[bytes, Frame]
"""What a client wrote, and the frame that must come out."""

untimed = settings(deadline=None)


def run(pieces: Sequence[bytes], limit: int = ROOMY) -> tuple[list[Frame], bool]:
    """Feed piece by piece; what came out, and whether it ended with FrameTooLong."""
    framer = Framer(limit)
    frames: list[Frame] = []
    try:
        for piece in pieces:
            framer.feed(piece)
            while (frame := framer.next()) is not None:
                frames.append((frame, framer.spread))
    except FrameTooLong:
        return frames, True
    return frames, False


def drain(framer: Framer) -> list[bytes]:
    return list(iter(framer.next, None))


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(bounds)]


def bytewise(stream: bytes) -> list[bytes]:
    return [stream[i : i + 1] for i in range(len(stream))]


def indented(obj: dict[str, Any]) -> str:
    """As Qt's QJsonDocument::toJson() writes it; Python would put an empty object on one line."""
    return json.dumps(obj, indent=4, ensure_ascii=False) if obj else "{\n}"


# -- streams of objects, with what must come out -------------------------------

KEYS = st.text("{}\na", max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('{}\n\r \\"a\u00e9\u4e2d\U0001f600', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
BLANKS = st.sampled_from(["", "", "\n", "\r\n", "  ", "\n\n \t\r\n"])
ENDS = st.sampled_from(["\n", "\r\n", " \n"])
ENDS_OF_SPREAD = st.sampled_from(["\n", "\r\n", ""])


@st.composite
def written(draw: st.DrawFn) -> Written:
    """One object as some client may write it, and the frame that it is."""
    obj, blank = draw(OBJECTS), draw(BLANKS)
    if draw(st.booleans()):
        text = json.dumps(obj, ensure_ascii=draw(st.booleans()))
        return (blank + text + draw(ENDS)).encode(), (text.encode(), False)
    text = indented(obj)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (blank + text + draw(ENDS_OF_SPREAD)).encode(), (text.encode(), True)


STREAMS = st.lists(written(), max_size=6)
CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)


@untimed
@given(STREAMS, CUTS)
def test_any_split_gives_the_same_objects_in_order(stream: list[Written], places: list[int]) -> None:
    data = b"".join(part for part, _ in stream)
    assert run(cut(data, places)) == ([frame for _, frame in stream], False)


@untimed
@given(STREAMS)
def test_byte_by_byte(stream: list[Written]) -> None:
    data = b"".join(part for part, _ in stream)
    assert run(bytewise(data)) == ([frame for _, frame in stream], False)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b'{"a":1}\n', [(b'{"a":1}', False)]),
        (b'{"a":1}\r\n\r\n{"b":2}\n', [(b'{"a":1}', False), (b'{"b":2}', False)]),
        (b'{\n    "a": 1\n}\n', [(b'{\n    "a": 1\n}', True)]),
        (b'{\n    "a": 1\n}', [(b'{\n    "a": 1\n}', True)]),
        (b"{\n}{\n}", [(b"{\n}", True), (b"{\n}", True)]),
        (b'{\n}{"a":1}\n{\r\n}', [(b"{\n}", True), (b'{"a":1}', False), (b"{\r\n}", True)]),
        (b'{ \t\n "a": {\n  }\n}', [(b'{ \t\n "a": {\n  }\n}', True)]),
        (b"  \n\t {}  \n", [(b"{}", False)]),
        (b"not json\n}\n", [(b"not json", False), (b"}", False)]),
        (b"\x0b\x0c\n", [(b"\x0b\x0c", False)]),
        (b"\x00\n", [(b"\x00", False)]),
        (b'{"a":1}', []),
        (b"{\n", []),
        (b"", []),
    ],
)
def test_forms(stream: bytes, expected: list[Frame]) -> None:
    assert run([stream]) == (expected, False)
    assert run(bytewise(stream)) == (expected, False)


def test_a_frame_is_returned_as_soon_as_its_end_is_there() -> None:
    framer = Framer(ROOMY)
    framer.feed(b'{\n "a": 1\n')
    assert framer.next() is None
    framer.feed(b"}")
    assert framer.next() == b'{\n "a": 1\n}'


def test_pending_tells_whether_something_is_left() -> None:
    framer = Framer(ROOMY)
    assert not framer.pending()
    framer.feed(b"{}\n{")
    assert framer.pending()
    assert framer.next() == b"{}"
    assert framer.pending()
    assert framer.next() is None
    framer.feed(b"}\n")
    assert framer.next() == b"{}"
    assert not framer.pending()


def test_feeding_while_frames_are_left_loses_nothing() -> None:
    framer = Framer(ROOMY)
    framer.feed(b'{"a":1}\n{"b":2}\n{"c')
    assert framer.next() == b'{"a":1}'
    framer.feed(b'":3}\n')
    assert drain(framer) == [b'{"b":2}', b'{"c":3}']


# -- limit ---------------------------------------------------------------------


def one_line(size: int) -> bytes:
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


def spread(size: int) -> bytes:
    return b'{\n "a":"' + b"x" * (size - 11) + b'"\n}'


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("form", [one_line, spread])
@pytest.mark.parametrize("split", [bytewise, lambda data: [data]], ids=["bytewise", "whole"])
def test_an_object_of_exactly_the_limit_passes(form: Any, end: bytes, split: Any) -> None:
    frame = form(LIMIT)
    assert len(frame) == LIMIT
    assert run(split(frame + end), LIMIT) == ([(frame, form is spread)], False)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\r\n", b""])
@pytest.mark.parametrize("form", [one_line, spread])
@pytest.mark.parametrize("split", [bytewise, lambda data: [data]], ids=["bytewise", "whole"])
def test_one_byte_more_does_not(form: Any, end: bytes, split: Any) -> None:
    assert run(split(b"{}\n" + form(LIMIT + 1) + end), LIMIT) == ([(b"{}", False)], True)


@pytest.mark.parametrize("form", [one_line, spread])
def test_the_limit_holds_before_the_end_arrives(form: Any) -> None:
    framer = Framer(LIMIT)
    framer.feed(form(10 * LIMIT)[:LIMIT])
    assert framer.next() is None
    framer.feed(b"x")
    with pytest.raises(FrameTooLong):
        framer.next()


def test_after_too_long_a_frame_every_call_says_so() -> None:
    framer = Framer(LIMIT)
    framer.feed(one_line(LIMIT + 1) + b"\n{}\n")
    for _ in range(2):
        with pytest.raises(FrameTooLong, match="64 bytes"):
            framer.next()


def test_blanks_behind_an_object_count_towards_the_limit() -> None:
    assert run([b"{}" + b" " * (LIMIT - 2) + b"\n"], LIMIT) == ([(b"{}", False)], False)
    assert run([b"{}" + b" " * (LIMIT - 1) + b"\n"], LIMIT) == ([], True)


def test_the_limit_is_for_each_object() -> None:
    stream = (one_line(LIMIT) + b"\n" + spread(LIMIT)) * 50
    assert run([stream], LIMIT) == ([(one_line(LIMIT), False), (spread(LIMIT), True)] * 50, False)


# -- hostile bytes -------------------------------------------------------------

TOKENS = [b"{", b"}", b"\n", b"\r", b" ", b"\n}", b"{\n", b"{\r\n", b'"', b"x", b"xxxxxxx", b"\x00"]
NOISE = st.binary(max_size=80) | st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)


@settings(deadline=None, max_examples=400)
@given(NOISE, CUTS, st.integers(1, 24))
@example(b"{  \n}", [4], 3)
@example(b"xxxx\r\n", [5], 4)
@example(b"xxxx\rx\n", [5], 4)
@example(b"{\r\n}", [2], 1)
def test_any_split_of_any_bytes_gives_the_same(data: bytes, places: list[int], limit: int) -> None:
    whole = run([data], limit)
    assert run(cut(data, places), limit) == whole
    assert run(bytewise(data), limit) == whole


@untimed
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_frame_is_longer_than_the_limit(pieces: list[bytes]) -> None:
    frames, _ = run(pieces, 16)
    assert all(len(frame) <= 16 for frame, _ in frames)


# -- work and memory -----------------------------------------------------------


class Work:
    """How many bytes were searched for an end."""

    searched = 0


class CountedBytes(bytes):
    """Bytes that count what `find` looks at."""

    def find(self, sub: Any, start: SupportsIndex | None = 0, end: SupportsIndex | None = None, /) -> int:
        found = super().find(sub, start, end)
        Work.searched += (len(self) if found < 0 else found + len(sub)) - int(start or 0)
        return found


class CountedArray(bytearray):
    """The same for the buffer that grows."""

    def find(self, sub: Any, start: SupportsIndex | None = 0, end: SupportsIndex | None = None, /) -> int:
        found = super().find(sub, start, end)
        Work.searched += (len(self) if found < 0 else found + len(sub)) - int(start or 0)
        return found


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> type[Work]:
    monkeypatch.setattr(framing, "bytearray", CountedArray, raising=False)
    Work.searched = 0
    return Work


BODY = b'"a": "' + b"}{ " * 4000 + b'"'
FLOODS = [b"{" + BODY + b"}\n", b"{\n" + BODY + b"\n}\n", b"{}\n" * 4000, b"{\n}" * 4000]


@pytest.mark.parametrize("size", [1, 7, 1460, 1 << 20])
@pytest.mark.parametrize("frame", FLOODS)
def test_every_byte_is_searched_at_most_twice(work: type[Work], frame: bytes, size: int) -> None:
    framer = Framer(ROOMY)
    count = 0
    for start in range(0, len(frame), size):
        framer.feed(CountedBytes(frame[start : start + size]))
        count += len(drain(framer))
    assert count == frame.count(b"\n}") or count == frame.count(b"}\n")
    # Twice: the newline behind a lone brace may begin the end mark, and so may the last byte of a piece.
    assert len(frame) // 2 <= work.searched <= 2 * len(frame)


@pytest.mark.parametrize("piece", [b" ", b"\n", b"\r\n", b" \t\r\n" * 10_000])
def test_a_flood_of_blanks_is_neither_searched_nor_kept(work: type[Work], piece: bytes) -> None:
    framer = Framer(LIMIT)
    for _ in range(1000):
        framer.feed(CountedBytes(piece))
        assert framer.next() is None
        assert framer._buffer == b""
    assert work.searched == 0


@pytest.mark.parametrize("stream", [b"", b"{}\n", b"{\n}", b"{}\n  \r\n", b"   "])
def test_an_idle_framer_keeps_no_buffer(stream: bytes) -> None:
    framer = Framer(ROOMY)
    for piece in (stream, *bytewise(stream)):
        framer.feed(piece)
        drain(framer)
    assert framer._buffer == b""
    assert not isinstance(framer._buffer, bytearray)


@pytest.mark.parametrize("before", [b" " * 200_000, b"{}\n" * 70_000], ids=["blanks", "objects"])
def test_the_beginning_of_an_object_does_not_hold_the_piece_it_came_in(before: bytes) -> None:
    framer = Framer(LIMIT)
    framer.feed(before + b"{")
    drain(framer)
    assert len(framer._buffer) == 1
    assert framer._buffer.__sizeof__() < 1000
    framer.feed(b"}\n")
    assert framer.next() == b"{}"


# -- what is too long is passed over -------------------------------------------------


BIG = b'{\n    "cmd": "private_chat",\n    "text": "' + b"}{x" * 40 + b'"\n}'
AFTER = b'{\n    "cmd": "ping"\n}'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n"])
def test_a_spread_object_that_is_too_long_is_skipped(size: int, end: bytes) -> None:
    framer = SkippingFramer(100)
    stream = BIG + end + AFTER + BIG + end + b'{"cmd":"line"}\n'
    got: list[bytes] = []
    for start in range(0, len(stream), size):
        framer.feed(stream[start : start + size])
        while True:
            try:
                frame = framer.next()
            except ObjectSkipped as error:
                frame = error.beginning[:26]
            if frame is None:
                break
            got.append(frame)
        assert len(framer._buffer) <= 100 + max(size, len(AFTER))
    assert got == [BIG[:26], AFTER, BIG[:26], b'{"cmd":"line"}']


def test_an_object_without_an_end_is_an_error_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MOST_SKIPPED", 1000)
    framer = SkippingFramer(100)
    framer.feed(BIG[:-2])
    with pytest.raises(ObjectSkipped):
        framer.next()
    for _ in range(8):
        framer.feed(b"x" * 100)
        assert framer.next() is None
    framer.feed(b"x" * 200)
    with pytest.raises(FrameTooLong):
        framer.next()


def test_a_line_that_is_too_long_is_an_error_as_before() -> None:
    framer = SkippingFramer(100)
    framer.feed(b"x" * 200)
    with pytest.raises(FrameTooLong):
        framer.next()
