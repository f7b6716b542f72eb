"""What all parts of the picture have in common."""

from __future__ import annotations

from functools import cache

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, get_font

CARD, EDGE, LINE = "#fdfdfe", "#d5dae1", "#e6e9ee"
INK, GREY = "#1b2330", "#5b6675"
BLUE, ORANGE, PURPLE, GREEN, RED = "#2563eb", "#d97706", "#7c3aed", "#0f8a5f", "#c81e3a"


def grid(axes: Axes) -> None:
    """Quiet lines, no box."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.grid(color=LINE, linewidth=0.8)
    axes.tick_params(colors=GREY, labelsize=8.5, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(EDGE)


def heading(axes: Axes, text: str, *lines: tuple[str, str]) -> None:
    """What is to be seen, and at the right the names of its lines in their colours."""
    axes.set_title(text, loc="left", fontsize=10, color=INK, weight="bold", pad=6)
    for index, (name, colour) in enumerate(lines):
        axes.annotate(
            name, (1, 1), (-34 * index, 6), xycoords="axes fraction", textcoords="offset points", color=colour,
            fontsize=10, weight="bold", ha="right",
        )  # fmt: skip


def short(text: str, most: int) -> str:
    """At most so many characters, and none that the font cannot draw."""
    text = text if len(text) <= most else text[: most - 1].rstrip() + "…"
    return "".join(c if ord(c) in _drawable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())
