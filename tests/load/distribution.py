"""How the latencies are distributed: how many took how long, and below it, how many took longer."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tests.load import units
from tests.load.figures import Result
from tests.load.latency import Latencies
from tests.load.look import BLUE, CARD, GREY, INK, grid, heading

Bucket = tuple[float, float, int]

_BARS = 90
_STEPS = ((1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,))  # the shorter an axis, the more of them
_LEAST = 0.0005  # ms; a logarithm has no zero


def draw(bars: Axes, tail: Axes, result: Result) -> None:
    """Both halves, with the percentiles marked through them."""
    buckets = [(max(_LEAST, low), high, count) for low, high, count in Latencies.decode(result.histogram).buckets()]
    heading(bars, "how long deliveries took")
    heading(tail, "how many took longer")
    for axes in (bars, tail):
        grid(axes)
    if buckets:
        _bars(bars, buckets)
        _tail(tail, buckets)
        _marks(bars, tail, result)
    else:
        tail.set(xticks=[], yticks=[])
        bars.set(xticks=[], yticks=[])
    tail.set_xlabel("time from send to delivery", color=GREY, fontsize=9)
    bars.tick_params(labelbottom=False)


def rebin(buckets: list[Bucket], edges: list[float]) -> list[float]:
    """How many fall between neighbouring edges; a bucket that reaches over an edge is divided in proportion."""
    found = [0.0] * (len(edges) - 1)
    for low, high, count in buckets:
        index = max(0, bisect_right(edges, low) - 1)
        while index < len(found) and edges[index] < high:
            overlap = min(high, edges[index + 1]) - max(low, edges[index])
            found[index] += count * overlap / (high - low)
            index += 1
    return found


def round_ticks(axes: Axes, name: Literal["x", "y"], values: Iterable[float]) -> None:
    """Round ticks around the values: on a short logarithmic axis, decades alone would be too few."""
    values = [value for value in values if value > 0] or [1.0]
    low, high = min(values) / 1.1, max(values) * 1.1
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = _STEPS[0] if high / low < 8 else _STEPS[1] if high / low < 1500 else _STEPS[2]
    every = 1 + len(decades) // 8
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator([step * 10.0**decade for decade in decades[::every] for step in steps]))
    axis.set_minor_locator(NullLocator())
    axes.set(**{f"{name}lim": (low, high)})


def _bars(axes: Axes, buckets: list[Bucket]) -> None:
    low, high = buckets[0][0] / 1.05, buckets[-1][1] * 1.05
    edges = [low * (high / low) ** (index / _BARS) for index in range(_BARS + 1)]
    counts = rebin(buckets, edges)
    total = sum(counts)
    shares = [100 * count / total for count in counts]
    axes.set_xscale("log")
    axes.stairs(shares, edges, fill=True, color=BLUE, alpha=0.75, linewidth=0)
    axes.set_ylim(0, max(shares) * 1.7)  # room for the marks
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %" if value <= 100 else ""))


def _tail(axes: Axes, buckets: list[Bucket]) -> None:
    """The share that took longer, in powers of ten: the worst ones are few, and matter."""
    total = left = sum(count for _, _, count in buckets)
    at, shares = [buckets[0][0]], [100.0]
    for _, high, count in buckets:
        left -= count
        at.append(high)
        shares.append(100 * left / total if left else float("nan"))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot(at, shares, color=BLUE, linewidth=1.6)
    axes.set_ylim(min(1.0, *(share for share in shares if share == share)) / 3, 250)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def _marks(bars: Axes, tail: Axes, result: Result) -> None:
    """Each percentile a line through both halves, with its words at a height of its own."""
    marks = [(name, ms) for name, ms in result.latency.items() if ms > 0]
    reach = [*bars.get_xlim(), *(ms for _, ms in marks)]
    for axes in (bars, tail):
        round_ticks(axes, "x", reach)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: units.brief(value)))
    low, high = bars.get_xlim()
    for index, (name, ms) in enumerate(marks):
        for axes in (bars, tail):
            axes.axvline(ms, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        right = math.log(ms / low) < 0.62 * math.log(high / low)
        bars.annotate(
            f"{name}  {units.duration(ms)}", (ms, 0.955 - 0.075 * index), (4 if right else -4, 0), fontsize=9,
            xycoords=("data", "axes fraction"), textcoords="offset points", color=INK, ha="left" if right else "right",
            va="center", bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
