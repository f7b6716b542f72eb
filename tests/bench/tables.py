"""Tables as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.bench.rounds import Results
from tests.bench.verdicts import Verdict
from tests.bench.works import ALL

SPEED_HEAD = ("work", "server", "MiB/s", "slowest", "fastest", "CPU s/GiB", "afterwards")
VERDICT_HEAD = ("work", "ours", "theirs", "ratio", "goal", "")

Row = tuple[str, ...]


def speeds(results: Results, clients: int) -> list[Row]:
    """The rows under `SPEED_HEAD`, the fastest server of a work first."""
    rows = []
    for work in ALL:
        found = [(label, series) for (done, label), series in results.items() if done == work]
        for label, series in sorted(found, key=lambda entry: -entry[1].speed):
            figures = (series.speed, series.slowest, series.fastest)
            later = f"{series.later:.2f}" if series.later >= 0.005 else ""
            rows.append((work.title(clients), label, *(f"{x:.0f}" for x in figures), f"{series.cpu:.2f}", later))
    return rows


def verdict_rows(verdicts: Iterable[Verdict]) -> list[Row]:
    """The rows under `VERDICT_HEAD`."""
    return [(v.what, v.ours, v.theirs, v.ratio, v.goal, "met" if v.met else "MISSED") for v in verdicts]


def text(head: Row, rows: Sequence[Row]) -> str:
    """Columns side by side; what begins with a digit stands to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(_aligned(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(head: Row, rows: Sequence[Row]) -> str:
    """The same for a page."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aligned(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[:1].isdigit() and cell.replace(".", "").isdigit() else cell.ljust(width)
