"""Rounds of measurements: in each, every server does each work once, in an order that changes from round to round."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from tests.bench import curl
from tests.bench.ballast import Ballast
from tests.bench.curl import TransferFailed
from tests.bench.others import Others
from tests.bench.peers.base import Peer, Upload
from tests.bench.sources import MIB, Source, Sources
from tests.bench.works import Contender, Work, contenders

GIB = 1 << 30


@dataclass(frozen=True)
class Sample:
    """One measurement: bytes moved and seconds taken; the server's processor seconds until then, and afterwards."""

    size: int
    seconds: float
    cpu: float
    later: float

    @property
    def speed(self) -> float:
        """MiB/s."""
        return self.size / MIB / self.seconds


class Series:
    """The samples of one server in one work."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def add(self, sample: Sample) -> None:
        self._samples.append(sample)

    @property
    def speed(self) -> float:
        """The median in MiB/s."""
        return median(sample.speed for sample in self._samples)

    @property
    def slowest(self) -> float:
        return min(sample.speed for sample in self._samples)

    @property
    def fastest(self) -> float:
        return max(sample.speed for sample in self._samples)

    @property
    def cpu(self) -> float:
        """Processor seconds of the server per GiB until the last byte was there; the median."""
        return median(sample.cpu / sample.size for sample in self._samples) * GIB

    @property
    def later(self) -> float:
        """The same, of what it did afterwards."""
        return median(sample.later / sample.size for sample in self._samples) * GIB


Results = defaultdict[tuple[Work, str], Series]
"""By work and by the contender's label."""


@dataclass(frozen=True)
class Place:
    """Where it is measured, and what with."""

    sources: Sources
    ballast: Ballast
    others: Others


class Rounds:
    """Measures, and adds the samples to ``results``."""

    def __init__(self, peers: Sequence[Peer], place: Place, results: Results) -> None:
        self._results = results
        self._peers = peers
        self._place = place

    def check_downloads(self, works: Iterable[Work]) -> None:
        """Compare all bytes that will be downloaded. Raises TransferFailed."""
        for work in works:
            for contender in [] if work.up else contenders(work, self._peers):
                for source in self._of(work):
                    url = contender.peer.download(source, work.tls).url
                    _compare(contender.label, url, source)

    def run(self, number: int, works: Iterable[Work]) -> None:
        """One round; ``number`` decides who begins."""
        for work in works:
            taking_part = contenders(work, self._peers)
            first = number % len(taking_part) if taking_part else 0
            for contender in taking_part[first:] + taking_part[:first]:
                measure = partial(self._upload if work.up else self._download, work, contender)
                sample = self._place.others.undisturbed(measure)
                self._results[work, contender.label].add(sample)
                print(f"  {work.key:10} {contender.label:18} {sample.speed:6.0f} MiB/s", file=sys.stderr)

    def _of(self, work: Work) -> tuple[Source, ...]:
        return self._place.sources.small if work.many else (self._place.sources.large,)

    def _download(self, work: Work, contender: Contender) -> Sample:
        transfers = [contender.peer.download(source, work.tls) for source in self._of(work)]
        return self._measure(work, contender.peer, transfers, [])

    def _upload(self, work: Work, contender: Contender) -> Sample:
        uploads = contender.peer.uploads(self._of(work), work.tls, contender.hashed)
        with self._place.ballast.free():
            sample = self._measure(work, contender.peer, [upload.transfer for upload in uploads], uploads)
            for upload in uploads:
                _compare(contender.label, upload.shown, upload.source)
            contender.peer.discard(uploads)
        return sample

    def _measure(self, work: Work, peer: Peer, transfers: list[curl.Transfer], uploads: list[Upload]) -> Sample:
        with self._place.others.watched(peer.process):
            with curl.ready(transfers) as clients:
                before = peer.process.cpu()
                seconds = curl.run(clients, peer.stagger if work.many else 0.0)
                used = peer.process.cpu() - before
            peer.settle(uploads)
            later = peer.process.cpu() - before - used
        return Sample(sum(transfer.size for transfer in transfers), seconds, used, later)


def _compare(label: str, url: str, source: Source) -> None:
    if not curl.same_bytes(url, source.path):
        raise TransferFailed(f"{label}: what is at {url} is not what was sent")
