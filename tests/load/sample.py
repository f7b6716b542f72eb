"""A result such as a run would come to, for the tests of what shows it."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.load.figures import Moment, Result
from tests.load.latency import Latencies


def latencies(number: int = 2000) -> Latencies:
    """Some, always the same."""
    chance = random.Random(7)
    made = Latencies()
    made.record_all(int(300 + chance.lognormvariate(7.5, 0.4)) for _ in range(number))
    return made


def moment(at: float, deliveries: float = 100_000.0) -> Moment:
    """A quarter of a second."""
    return Moment(at, deliveries / 99, deliveries, 1.5, 4.5, 100, 0.95, 45 << 20)


def result(**other: object) -> Result:
    """A run of ten seconds in which all went well, but for what is given."""
    taken = latencies()
    made = Result(
        plan={"name": "fanout-100"}, target="chatd", engine="SQLite", machine=["2 cores", "Linux"], seconds=10.0,
        sent=10_000, acked=10_000, delivered=990_000, latency=taken.percentiles(), histogram=taken.encode(),
        server_cpu=9.5, server_rss=45 << 20, server_rss_peak=50 << 20, database_cpu=0.0, generator_cpu=[0.6, 0.55],
        generator_was_bottleneck=False, phases={}, moments=[moment(1 + step / 4) for step in range(40)], errors={},
        failures=[], failure_count=0,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]
