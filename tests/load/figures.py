"""What the load test's processes tell each other, and what a run comes to: plain values, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Snapshot:
    """What a generator says every quarter of a second: the last interval's latencies, and totals so far."""

    process: int
    at: float  # time.monotonic()
    phase: str
    connected: int
    sent: int  # this and the next two: totals since the start of the run
    acked: int
    delivered: int
    latencies: bytes  # encoded histogram of this interval: microseconds from the intended send to the delivery
    errors: dict[str, int]  # by kind, totals
    cpu: float  # processor seconds of this generator so far


@dataclass(frozen=True)
class Failure:
    """One broken promise, named."""

    kind: str  # lost, doubled, disordered, altered, unacknowledged, refused, closed, ...
    detail: str  # names conversation, sender, number, receiver


@dataclass(frozen=True)
class Moment:
    """One point of the time series, all generators together."""

    at: float  # seconds since the connections began
    messages: float  # sent per second
    deliveries: float  # per second
    p50: float  # ms; this and the next of this moment alone
    p99: float
    connected: int
    server_cpu: float  # cores
    server_rss: int  # bytes


@dataclass(frozen=True)
class Result:
    """What a run has come to."""

    plan: dict[str, object]
    target: str
    engine: str
    machine: list[str]
    seconds: float  # of the measured phase
    sent: int  # this and the next two: in the measured phase; verified is the whole run
    acked: int
    delivered: int
    latency: dict[str, float]  # p50 p90 p99 p99.9 max, ms
    histogram: bytes
    server_cpu: float  # processor seconds in the measured phase
    server_rss: int  # bytes, at the end of the measured phase
    server_rss_peak: int
    database_cpu: float  # MariaDB's processor seconds in the measured phase; 0 with SQLite
    generator_cpu: list[float]  # share of one core, per process, in the measured phase
    generator_was_bottleneck: bool  # any above 0.9 of a core while the server's was below
    phases: dict[str, dict[str, float]]  # figures of scenarios that are not messages
    moments: list[Moment]
    errors: dict[str, int]
    failures: list[Failure]  # the first of them
    failure_count: int

    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not self.failure_count
