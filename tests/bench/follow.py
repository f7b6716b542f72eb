"""A download that starts with the upload: how much longer both take than the upload alone, and how far it is behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median

from tests.bench import curl
from tests.bench.peers.base import Upload
from tests.bench.peers.filed import Filed
from tests.bench.rounds import Place
from tests.bench.sources import Source

PACE = 300_000_000  # bytes a second


@dataclass
class Follow:
    """Results of one pace in bytes a second, 0 being flat out. Times in seconds, one entry a round."""

    filed: Filed
    place: Place
    pace: int
    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"paced at {self.pace // 1_000_000} MB/s" if self.pace else "flat out"

    @property
    def ratio(self) -> float:
        """How many times as long as the upload alone it takes until both have ended."""
        return self.seconds[1] / self.seconds[0]

    @property
    def seconds(self) -> tuple[float, float]:
        """Medians of the upload alone, and of both."""
        return median(self.alone), median(self.together)

    @property
    def lag(self) -> float:
        """How many milliseconds after the upload's end the last byte arrives; negative: before it."""
        return round(median(self.behind) * 1000, 1) + 0.0  # no minus before a zero

    def run(self) -> None:
        """One round."""
        self.alone.append(self.place.others.undisturbed(self._alone))
        together, behind = self.place.others.undisturbed(self._together)
        self.together.append(together)
        self.behind.append(behind)
        print(
            f"  follow     {self.title:18} {self.together[-1] / self.alone[-1]:6.2f} times the upload alone,"
            f" {self.behind[-1] * 1000:.1f} ms behind it",
            file=sys.stderr,
        )

    def _alone(self) -> float:
        upload = self.filed.uploads((self.place.sources.large,), False, False)[0]
        with self._measured(upload):
            return curl.move(replace(upload.transfer, rate=self.pace))

    def _together(self) -> tuple[float, float]:
        upload = self.filed.uploads((self.place.sources.large,), False, False)[0]
        sent = replace(upload.transfer, rate=self.pace)
        received = curl.Transfer(upload.shown, upload.source.size)
        with self._measured(upload), curl.ready([sent, received]) as (writer, reader):
            return curl.run([writer, reader]), reader.ended - writer.ended

    @contextmanager
    def _measured(self, upload: Upload) -> Iterator[None]:
        with self.place.ballast.free():
            with self.place.others.watched(self.filed.process):
                yield
                self.filed.settle([upload])
            self.filed.discard([upload])


def check(filed: Filed, source: Source) -> None:
    """Compare the bytes that a download gets which starts with the upload. Raises TransferFailed."""
    upload = filed.uploads((source,), False, False)[0]
    with curl.ready([upload.transfer]) as (writer,):
        writer.begin()
        if not curl.same_bytes(upload.shown, source.path):
            raise curl.TransferFailed("filed: a download that started with the upload got other bytes")
    filed.settle([upload])
    filed.discard([upload])
