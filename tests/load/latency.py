"""How long messages took: an HDR histogram that is cheap to fill, crosses processes, and is kept in files.

Recording goes into a plain dict of microseconds and counts, which costs the same whether it is one delivery or a
thousand that were read together, or to the end of a list. The histogram's own recording takes many times that, so it
gets each value once: when somebody asks, or when much has gathered. Nothing is sampled or left out.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from functools import cache

from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

HIGHEST = 3_600_000_000  # µs; what took longer than an hour counts as an hour
DIGITS = 3  # a value is kept to a thousandth of itself
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}

_MANY = 1 << 17  # values that wait before they go into the histogram
_EXACT_BITS = 11  # with 3 digits, the histogram keeps this many leading bits of a value
_EXACT = (1 << _EXACT_BITS) - 1  # up to here, each µs is counted by itself

_BAD = (binascii.Error, zlib.error, struct.error, ValueError, TypeError, IndexError, RuntimeError,
    HdrCookieException, HdrHistogramSettingsException, HdrLengthException)  # fmt: skip
"""All that the library raises for bytes that are no histogram."""


class Latencies:
    """Latencies in µs. One thread at a time calls its methods."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, HIGHEST, DIGITS)
        self._waiting: dict[int, int] = {}
        self._single: list[int] = []

    def record(self, us: int, count: int = 1) -> None:
        """``count`` deliveries took ``us`` microseconds each. Costs a third of a microsecond, whatever the count."""
        waiting = self._waiting
        waiting[us] = waiting.get(us, 0) + count
        if len(waiting) > _MANY:
            self._settle()

    def record_all(self, values: Iterable[int]) -> None:
        """One delivery for each of the values in µs: the cheapest way for many at a time."""
        self._single.extend(values)
        if len(self._single) > _MANY:
            self._settle()

    def merge(self, encoded: bytes) -> None:
        """Add what another one holds. Raises ValueError when that is no encoded histogram."""
        self.add(Latencies.decode(encoded))

    def add(self, other: Latencies) -> None:
        """Add what another one holds."""
        self._settle()
        other._settle()
        if other._histogram.total_count:
            self._histogram.add(other._histogram)

    def take(self) -> bytes:
        """What was recorded since the last call, encoded; from here on this one is empty."""
        if not self.count:
            return _encoded_nothing()
        encoded = self.encode()
        self._histogram = HdrHistogram(1, HIGHEST, DIGITS)
        return encoded

    def encode(self) -> bytes:
        """Base64 of the V2 compressed format, which all libraries of HdrHistogram.org read."""
        self._settle()
        return bytes(self._histogram.encode())

    @staticmethod
    def decode(encoded: bytes) -> Latencies:
        """What `encode` has written. Raises ValueError when it is something else."""
        try:
            histogram = HdrHistogram.decode(encoded)
        except _BAD as error:
            raise ValueError(f"not an encoded histogram: {error}") from error
        made = Latencies()
        if (histogram.significant_figures, histogram.highest_trackable_value) != (DIGITS, HIGHEST):
            raise ValueError("a histogram with another range or precision")
        made._histogram = histogram
        return made

    @property
    def count(self) -> int:
        """How many deliveries there were."""
        self._settle()
        return int(self._histogram.total_count)

    def percentiles(self) -> dict[str, float]:
        """Those of `PERCENTILES`, in ms, each to a thousandth of itself; all 0 when nothing was recorded."""
        self._settle()
        if not self._histogram.total_count:
            return dict.fromkeys(PERCENTILES, 0.0)
        found = self._histogram.get_percentile_to_value_dict(list(PERCENTILES.values()))
        return {name: found[percent] / 1000 for name, percent in PERCENTILES.items()}

    def percentile(self, percent: float) -> float:
        """The time in ms within which ``percent`` of 100 deliveries came; 0 when nothing was recorded."""
        self._settle()
        if not self._histogram.total_count:
            return 0.0
        return float(self._histogram.get_value_at_percentile(percent)) / 1000

    def buckets(self) -> list[tuple[float, float, int]]:
        """For a picture: from, to (both in ms) and how many deliveries, for each bucket that has any, in order."""
        self._settle()
        histogram = self._histogram
        top = histogram.get_counts_array_index(histogram.max_value) + 1
        found = []
        for index, count in enumerate(histogram.counts[:top]):
            if count:
                low = histogram.get_value_from_index(index)
                found.append((low / 1000, (histogram.get_highest_equivalent_value(low) + 1) / 1000, count))
        return found

    def _settle(self) -> None:
        """What has gathered goes into the histogram."""
        if self._single:
            singles, self._single = Counter(self._single), []
            self._fill(singles)
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            self._fill(waiting)

    def _fill(self, waiting: dict[int, int]) -> None:
        """The same as the histogram's `record_value` for each, but without its price."""
        histogram = self._histogram
        counts = histogram.counts
        for us, count in waiting.items():
            if us > _EXACT:
                us = min(us, HIGHEST)
                bucket = us.bit_length() - _EXACT_BITS
                counts[(bucket << (_EXACT_BITS - 1)) + (us >> bucket)] += count
            else:
                counts[max(0, us)] += count
        histogram.total_count += sum(waiting.values())
        histogram.min_value = min(histogram.min_value, max(0, min(waiting)))
        histogram.max_value = max(histogram.max_value, min(max(waiting), HIGHEST))


@cache
def _encoded_nothing() -> bytes:
    return bytes(HdrHistogram(1, HIGHEST, DIGITS).encode())
