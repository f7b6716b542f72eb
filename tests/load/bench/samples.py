"""What one run has come to, and the medians of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from tests.load.figures import Failure, Result

FULL = 0.5  # of the runs in which the generator was the bottleneck: from here on a figure is not the server's


@dataclass(frozen=True)
class Sample:
    """One run. Processor time is that of the server and of its database.

    ``rate``: deliveries per second, or logins per second. ``cpu``: seconds for each of them. ``cores``: how many were
    busy on average. ``each``: bytes of memory for each idle connection. ``seconds``: until the last login was answered.
    """

    rate: float = 0.0
    cpu: float = 0.0
    cores: float = 0.0
    p50: float = 0.0  # ms
    p99: float = 0.0
    each: float = 0.0
    seconds: float = 0.0
    generator: float = 0.0  # the highest share of a core of any generator
    limited: bool = False  # the generator was the bottleneck
    files: tuple[float, float] = (0.0, 0.0)  # MiB/s that were uploaded and downloaded meanwhile
    failures: tuple[str, ...] = ()


def of_result(result: Result) -> Sample:
    """A run of messages."""
    used, seconds = result.server_cpu + result.database_cpu, result.seconds or 1.0
    latency = result.latency
    return Sample(
        rate=result.delivered / seconds, cpu=used / result.delivered if result.delivered else 0.0, cores=used / seconds,
        p50=latency.get("p50", 0.0), p99=latency.get("p99", 0.0), generator=max(result.generator_cpu, default=0.0),
        limited=result.generator_was_bottleneck, failures=told(result),
    )  # fmt: skip


def told(result: Result) -> tuple[str, ...]:
    """The first broken promises of a run, and how many there were."""
    if result.ok():
        return ()
    return (f"{result.failure_count} broken promises", *(_line(failure) for failure in result.failures[:3]))


def _line(failure: Failure) -> str:
    return f"{failure.kind}: {failure.detail}"


@dataclass
class Series:
    """The samples of one server in one workload."""

    samples: list[Sample] = field(default_factory=list)

    def median(self, of: Callable[[Sample], float]) -> float:
        """Of one figure."""
        return median(of(sample) for sample in self.samples)

    @property
    def rate(self) -> float:
        return self.median(lambda sample: sample.rate)

    @property
    def slowest(self) -> float:
        return min(sample.rate for sample in self.samples)

    @property
    def fastest(self) -> float:
        return max(sample.rate for sample in self.samples)

    @property
    def cpu(self) -> float:
        return self.median(lambda sample: sample.cpu)

    @property
    def cores(self) -> float:
        return self.median(lambda sample: sample.cores)

    @property
    def p50(self) -> float:
        return self.median(lambda sample: sample.p50)

    @property
    def p99(self) -> float:
        return self.median(lambda sample: sample.p99)

    @property
    def each(self) -> float:
        return self.median(lambda sample: sample.each)

    @property
    def seconds(self) -> float:
        return self.median(lambda sample: sample.seconds)

    @property
    def generator(self) -> float:
        return self.median(lambda sample: sample.generator)

    @property
    def files(self) -> tuple[float, float]:
        return self.median(lambda sample: sample.files[0]), self.median(lambda sample: sample.files[1])

    @property
    def limited(self) -> int:
        """In how many runs the generator was the bottleneck."""
        return sum(sample.limited for sample in self.samples)

    @property
    def failed(self) -> int:
        """How many runs broke a promise."""
        return sum(bool(sample.failures) for sample in self.samples)

    @property
    def doubt(self) -> str:
        """Why a goal must not be called met with these figures; "" when nothing speaks against it."""
        if self.failed:
            return "messages were lost or wrong"
        return "the generator was the bottleneck" if self.limited >= FULL * len(self.samples) else ""
