"""Nothing is lost between a recorded microsecond and the percentiles, in one process or across several."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from tests.load.latency import DIGITS, HIGHEST, Latencies

NOTHING = {"p50": 0.0, "p90": 0.0, "p99": 0.0, "p99.9": 0.0, "max": 0.0}


@given(st.lists(st.tuples(st.integers(0, HIGHEST), st.integers(1, 10**6)), min_size=1, max_size=50))
def test_it_counts_as_the_library_does(recorded: list[tuple[int, int]]) -> None:
    ours, theirs = Latencies(), HdrHistogram(1, HIGHEST, DIGITS)
    for us, count in recorded:
        ours.record(us, count)
        assert theirs.record_value(us, count)
    assert ours.encode() == theirs.encode()
    assert ours.count == sum(count for _, count in recorded)


def test_many_at_a_time_are_the_same_as_one_by_one() -> None:
    chance = random.Random(5)
    values = [int(chance.lognormvariate(8, 2)) for _ in range(300_000)]
    together, single = Latencies(), Latencies()
    together.record_all(values)
    for value in values:
        single.record(value)
    assert together.encode() == single.encode()
    assert single.count == len(values)


def test_what_cannot_be_is_counted_at_the_nearest_that_can() -> None:
    made = Latencies()
    made.record(-5)
    made.record_all([-1, 10 * HIGHEST])
    assert made.count == 3
    assert made.percentiles()["max"] == pytest.approx(HIGHEST / 1000, rel=1e-3)
    assert made.buckets()[0] == (0.0, 0.001, 2)


def test_percentiles_are_true_to_a_thousandth() -> None:
    made = Latencies()
    made.record_all(range(1, 100_001))
    found = made.percentiles()
    expected = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
    assert found == {name: pytest.approx(ms, rel=1e-3) for name, ms in expected.items()}
    assert made.percentile(90) == found["p90"]


def test_intervals_put_together_are_the_whole() -> None:
    whole, interval, collected = Latencies(), Latencies(), Latencies()
    for start in range(0, 50_000, 1000):
        for made in (whole, interval):
            made.record(start, 3)
            made.record_all(range(start, start + 1000))
        collected.merge(interval.take())
        assert interval.count == 0
    assert collected.encode() == whole.encode()
    assert collected.percentiles() == whole.percentiles()


def test_what_is_decoded_is_what_was_encoded_and_can_be_added_to() -> None:
    made = Latencies()
    made.record_all([1, 2000, 3_000_000])
    again = Latencies.decode(made.encode())
    assert again.percentiles() == made.percentiles()
    assert again.buckets() == made.buckets()
    again.add(made)
    again.record(5)
    assert again.count == 7


def test_nothing_is_nothing() -> None:
    made, other = Latencies(), Latencies()
    other.record(7)
    assert made.percentiles() == NOTHING
    assert made.percentile(99) == 0
    assert made.buckets() == []
    assert Latencies.decode(made.take()).count == 0
    other.merge(made.take())
    assert other.count == 1


def test_the_buckets_hold_every_delivery_and_lie_in_order() -> None:
    made = Latencies()
    made.record_all(range(0, 3_000_000, 997))
    buckets = made.buckets()
    assert sum(count for _, _, count in buckets) == made.count
    assert all(low < high for low, high, _ in buckets)
    assert all(one[1] <= other[0] for one, other in pairwise(buckets))


def _cut(text: bytes) -> list[bytes]:
    return [text[:end] for end in (0, 1, 4, 20, 40, len(text) - 8)]


@pytest.mark.parametrize("text", [*_cut(Latencies().encode()), b"\xff" * 30, "é".encode(), b"AAAA" * 20])
def test_what_is_no_histogram_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        Latencies.decode(text)


def test_a_histogram_of_another_kind_is_refused() -> None:
    other = HdrHistogram(1, 1000, 2)
    other.record_value(5)
    with pytest.raises(ValueError, match="another range or precision"):
        Latencies().merge(other.encode())
