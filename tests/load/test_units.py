from __future__ import annotations

import pytest

from tests.load import units


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0.0, "0"), (0.0012, "1 µs"), (0.9994, "999 µs"), (0.9996, "1.00 ms"), (9.994, "9.99 ms"), (9.996, "10.0 ms"),
     (99.96, "100 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (3_600_000.0, "3600 s")],
)  # fmt: skip
def test_durations_have_three_digits(ms: float, said: str) -> None:
    assert units.duration(ms) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B"), (512, "512 B"), (1024, "1.00 KiB"), (45 << 20, "45.0 MiB"), (999 << 20, "999 MiB"),
     (1 << 30, "1.00 GiB"), (1 << 60, "1048576 TiB")],
)  # fmt: skip
def test_sizes(value: int, said: str) -> None:
    assert units.size(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.25, "0.2"), (3, "3"), (9.96, "10"), (45_231.4, "45,231"), (4.5e6, "4,500,000")]
)
def test_counts(value: float, said: str) -> None:
    assert units.count(value) == said


def test_what_stands_at_an_axis_is_short() -> None:
    assert [units.short(value) for value in (0, 0.5, 450, 45_000, 2_500_000, 1e9)] == [
        "0",
        "0.5",
        "450",
        "45k",
        "2.5M",
        "1G",
    ]
    assert [units.brief(ms) for ms in (0.05, 1, 2.5, 500, 10_000)] == ["50 µs", "1 ms", "2.5 ms", "500 ms", "10 s"]


def test_processor_time() -> None:
    assert [units.micro(seconds) for seconds in (2.6e-7, 1.234e-5, 0.000325)] == ["0.26 µs", "12.3 µs", "325 µs"]


def test_plurals() -> None:
    assert units.plural(1, "process") == "1 process"
    assert units.plural(2, "process") == "2 processes"
    assert units.plural(1200, "broken promise") == "1,200 broken promises"
