"""One workload with one server, once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.load.bench import samples, storm
from tests.load.bench.samples import Sample
from tests.load.bench.traffic import BusyChatd
from tests.load.bench.workloads import FEW, IDLE, STORM, Kind, Workload
from tests.load.conductor import Conductor
from tests.load.figures import Result
from tests.load.plan import Plan
from tests.load.scenarios.idle import Idle
from tests.load.targets.base import Target


@dataclass(frozen=True)
class Manner:
    """How everything is measured: how long, how long before that it runs already, and with how many generators."""

    seconds: float
    warm_up: float
    processes: int


def measure(workload: Workload, target: Target, manner: Manner) -> Sample:
    """Start the server, work, and stop it; the target can be used again.

    Raises:
        Unusable: the server cannot take part.
        Broken: the run could not be made.
    """
    if workload.kind is Kind.STORM:
        return storm.measure(target, STORM)
    if workload.kind is Kind.IDLE:
        return _idle(workload, target, manner)
    sample = samples.of_result(_run(workload, target, manner))
    if isinstance(target, BusyChatd):
        sample = replace(sample, files=target.moved, failures=(*sample.failures, *target.failures))
    return sample


def _idle(workload: Workload, target: Target, manner: Manner) -> Sample:
    """A few connections and then, on a fresh server, all of them: the difference is what each of the others costs."""
    few = _run(replace(workload, scenarios=[Idle(FEW)]), target, replace(manner, seconds=1.0))
    many = _run(workload, target, manner)
    each = (many.server_rss - few.server_rss) / (IDLE - FEW)
    cores = many.server_cpu / many.seconds
    return Sample(each=each, cores=cores, failures=(*samples.told(few), *samples.told(many)))


def _run(workload: Workload, target: Target, manner: Manner) -> Result:
    plan = Plan(workload.scenarios, manner.seconds, manner.warm_up, manner.processes)
    return Conductor(plan, target).run()
