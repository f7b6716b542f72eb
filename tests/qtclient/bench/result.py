"""What a measurement has found, on its way from the process that measured to the table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Result:
    """One row. ``limit`` is what the issue asks for, in the same unit; None where it asks for nothing."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""
    least: bool = False  # the limit is the least that is wanted, not the most

    @property
    def good(self) -> bool:
        """Whether it keeps the limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.least else self.value <= self.limit

    def line(self) -> str:
        return json.dumps(asdict(self))


def parse(line: str) -> Result:
    """The opposite of `Result.line`."""
    return Result(**json.loads(line))


def table(results: list[Result]) -> str:
    """In Markdown."""
    rows = [("what", "measured", "wanted", "")]
    for result in results:
        sign = "at least" if result.least else "at most"
        wanted = "" if result.limit is None else f"{sign} {_number(result.limit)} {result.unit}"
        mark = "" if result.good else "**missed**"
        rows.append(
            (result.name, f"{_number(result.value)} {result.unit}", wanted, " ".join((mark, result.note)).strip())
        )
    rows.insert(1, ("---",) * 4)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
