"""A run as one picture: throughput, latency and processor over time, and how the latencies are distributed.

It is a light card with its own background, so that it reads the same on a light and on a dark page.
``python -m tests.load.picture RESULT.json PICTURE`` draws a run again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from tests.load import distribution, saved, units, words
from tests.load.figures import Moment, Result
from tests.load.look import BLUE, CARD, EDGE, GREEN, GREY, INK, ORANGE, PURPLE, RED, grid, heading, short

SUFFIXES = (".svg", ".png")

_WIDTH, _HEIGHT, _DPI = 12.0, 7.0, 150
_OVER = {"facecolor": CARD, "edgecolor": "none", "pad": 4}
_LONGEST = 180  # characters of a line below the title


def draw(result: Result, path: Path) -> None:
    """Write the picture as .svg or .png. Raises ValueError for another suffix, OSError when it cannot be written."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: a picture ends in {' or '.join(SUFFIXES)}")
    figure = _figure(result)
    # Without a date and with fixed names inside, equal results make equal files.
    metadata: dict[str, str | None] = {"Date": None} if path.suffix == ".svg" else {}
    with rc_context({"svg.hashsalt": "load"}):
        saved.write(path, lambda place: figure.savefig(place, dpi=_DPI, metadata=metadata))


def main(arguments: list[str]) -> int:
    """Draw a saved run; returns the exit status."""
    if len(arguments) != 2:
        print("usage: python -m tests.load.picture RESULT.json PICTURE.svg|.png", file=sys.stderr)
        return 2
    try:
        draw(saved.load(Path(arguments[0])), Path(arguments[1]))
    except (OSError, ValueError) as error:
        print(f"picture: {error}", file=sys.stderr)
        return 2
    return 0


def _figure(result: Result) -> Figure:
    figure = Figure(figsize=(_WIDTH, _HEIGHT))
    figure.patch.set_alpha(0)
    box = FancyBboxPatch(
        (0.08, 0.08), _WIDTH - 0.16, _HEIGHT - 0.16, "round,pad=0,rounding_size=0.16", linewidth=1,
        facecolor=CARD, edgecolor=EDGE, transform=figure.dpi_scale_trans, zorder=-1,
    )  # fmt: skip
    figure.add_artist(box)
    _words(figure, result)
    left = GridSpec(3, 1, figure, left=0.075, right=0.515, top=0.80, bottom=0.145, hspace=0.42, height_ratios=(3, 3, 2))
    right = GridSpec(2, 1, figure, left=0.595, right=0.965, top=0.80, bottom=0.145, hspace=0.27, height_ratios=(3, 2))
    _over_time([figure.add_subplot(left[row]) for row in range(3)], result)
    distribution.draw(figure.add_subplot(right[0]), figure.add_subplot(right[1]), result)
    return figure


def _words(figure: Figure, result: Result) -> None:
    """Title, figures and verdict at the top, the machine at the bottom."""
    kept = "every message once, in order, as sent" if result.ok() else words.verdict(result).rstrip(".")
    _text(figure, 0.035, 0.925, short(words.headline(result), 56), 17, INK, weight="bold")
    _text(figure, 0.035, 0.877, short(_summary(result), 120), 11, GREY)
    mark, colour = ("\N{CHECK MARK}", GREEN) if result.ok() else ("\N{BALLOT X}", RED)
    _text(figure, 0.965, 0.925, f"{mark} {kept}", 10, colour, ha="right", weight="bold", bbox=_OVER)
    below = [" · ".join(words.doings(result)), " · ".join(words.machine(result))]
    for y, line in zip((0.062, 0.036), below, strict=True):
        _text(figure, 0.035, y, short(line, _LONGEST), 8.5, GREY)
    if result.generator_was_bottleneck:
        _text(figure, 0.965, 0.877, "the generator was the bottleneck", 10, ORANGE, ha="right", weight="bold")


def _text(figure: Figure, x: float, y: float, text: str, fontsize: float, color: str, **more: Any) -> None:
    figure.text(x, y, text, fontsize=fontsize, color=color, parse_math=False, **more)


def _summary(result: Result) -> str:
    seconds = result.seconds or 1.0
    parts = [
        f"{units.count(result.delivered / seconds)} deliveries/s",
        f"{units.count(result.sent / seconds)} messages/s",
        f"p99 {units.duration(result.latency.get('p99', 0.0))}",
    ]
    if result.delivered and result.server_cpu:
        cpu = (result.server_cpu + result.database_cpu) / result.delivered
        parts.append(f"{units.micro(cpu)} of processor for each delivery")
    return " · ".join(parts)


def _over_time(axes: list[Axes], result: Result) -> None:
    """Three curves above each other, with one time below all of them."""
    moments = result.moments
    at = [moment.at for moment in moments]
    _throughput(axes[0], at, moments)
    _latency(axes[1], at, moments)
    _server(axes[2], at, moments, result)
    for each in axes:
        if len(at) > 1:
            each.set_xlim(at[0], at[-1])
            each.xaxis.set_major_locator(MaxNLocator(9, integer=True))
        else:
            each.set(xticks=[], yticks=[])
        if each is not axes[-1]:
            each.tick_params(labelbottom=False)
    axes[-1].set_xlabel("seconds since the first connection", color=GREY, fontsize=9)


def _throughput(axes: Axes, at: list[float], moments: list[Moment]) -> None:
    heading(axes, "deliveries per second")
    grid(axes)
    values = [moment.deliveries for moment in moments]
    axes.fill_between(at, values, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(at, values, color=BLUE, linewidth=1.6)
    axes.set_ylim(0, max([1.0, *values]) * 1.15)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.short(value)))


def _latency(axes: Axes, at: list[float], moments: list[Moment]) -> None:
    heading(axes, "latency", ("p99", ORANGE), ("p50", PURPLE))
    grid(axes)
    # A moment in which nothing arrived has no latency; a gap says so, and a logarithm wants nothing below.
    median = [moment.p50 or float("nan") for moment in moments]
    slow = [moment.p99 or float("nan") for moment in moments]
    if any(moment.p50 for moment in moments):
        axes.set_yscale("log")
        axes.fill_between(at, median, slow, color=ORANGE, alpha=0.12, linewidth=0)
        axes.plot(at, slow, color=ORANGE, linewidth=1.6)
        axes.plot(at, median, color=PURPLE, linewidth=1.6)
        distribution.round_ticks(axes, "y", [v for v in (*median, *slow) if v == v])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.brief(value)))


def _server(axes: Axes, at: list[float], moments: list[Moment], result: Result) -> None:
    memory = f"memory {units.size(result.server_rss_peak)} at most"
    heading(axes, f"server: cores in use, {memory}" if result.server_rss_peak else "server: not to be seen from here")
    grid(axes)
    values = [moment.server_cpu for moment in moments]
    axes.fill_between(at, values, color=GREEN, alpha=0.15, linewidth=0)
    axes.plot(at, values, color=GREEN, linewidth=1.6)
    axes.set_ylim(0, max([1.0, *values]) * 1.15)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
