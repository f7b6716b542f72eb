"""Rounds: in each, every server does each workload once, in an order that changes from round to round."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

from tests.bench.others import Others
from tests.bench.process import Process
from tests.load.bench.contenders import Contender
from tests.load.bench.measure import Manner, measure
from tests.load.bench.samples import Sample, Series
from tests.load.bench.workloads import Kind, Workload
from tests.load.conductor import Broken
from tests.load.targets.base import Unusable

Results = defaultdict[tuple[str, str], Series]
"""By the names of workload and contender."""


class Rounds:
    """Measures, and adds the samples to ``results``; ``missing`` tells which servers cannot take part, and why;
    ``versions`` what the others call themselves.
    """

    def __init__(self, contenders: Sequence[Contender], manner: Manner, others: Others) -> None:
        self.results: Results = defaultdict(Series)
        self.missing: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self._contenders = contenders
        self._manner = manner
        self._others = others

    def run(self, number: int, workloads: Sequence[Workload]) -> None:
        """One round; ``number`` decides who begins."""
        for workload in workloads:
            for contender in turns(self._contenders, workload, number):
                if contender.label not in self.missing:
                    self._measure(workload, contender)

    def _measure(self, workload: Workload, contender: Contender) -> None:
        try:
            sample = self._others.undisturbed(lambda: self._watched(workload, contender))
        except Unusable as error:
            self.missing[contender.label] = str(error)
            print(f"  {contender.label} is left out: {error}", file=sys.stderr)
            return
        except Broken as error:
            sample = Sample(failures=(str(error),))
        self.results[workload.name, contender.label].samples.append(sample)
        print(f"  {workload.name:14} {contender.label:24} {shown(workload, sample)}", file=sys.stderr)

    def _watched(self, workload: Workload, contender: Contender) -> Sample:
        with self._others.watched(_Ended()):
            target = contender.make(workload)
            sample = measure(workload, target, self._manner)
        if target.version:
            self.versions[contender.label] = target.version
        return sample


class _Ended(Process):
    """Server and generators have ended when the processors' time is looked at: theirs is that of our children then."""

    def __init__(self) -> None:
        pass

    def cpu(self) -> float:
        return 0.0


def turns(contenders: Sequence[Contender], workload: Workload, number: int) -> list[Contender]:
    """Who takes part, in the order of this round."""
    taking_part = [contender for contender in contenders if contender.takes_part(workload)]
    first = number % len(taking_part) if taking_part else 0
    return taking_part[first:] + taking_part[:first]


def shown(workload: Workload, sample: Sample) -> str:
    """One run in a line."""
    if workload.kind is Kind.IDLE:
        said = f"{sample.each / 1024:.2f} KiB for each, {sample.cores:.1%} of a core"
    elif workload.kind is Kind.STORM:
        said = f"{sample.seconds:.2f} s, {sample.rate:,.0f} logins/s"
    else:
        said = f"{sample.rate:>11,.0f} deliveries/s, p99 {sample.p99:.2f} ms, {sample.cores:.2f} cores"
    marks = ["the generator was the bottleneck"] * sample.limited + list(sample.failures[:2])
    return "; ".join([said, *marks])
