"""A result in words, for the table and for the picture. What came from outside is harmless in them."""

from __future__ import annotations

from collections.abc import Mapping

from chatwire.terminal.safe import safe
from tests.load import units
from tests.load.figures import Result


def headline(result: Result) -> str:
    """What was measured: the plan's name or its scenarios, the server, the database."""
    name = result.plan.get("name") or " + ".join(kind for kind, _ in _scenarios(result)) or "load"
    return " · ".join(safe(part) for part in (name, result.target, result.engine) if part)


def doings(result: Result) -> list[str]:
    """The scenarios with their knobs, one each; a knob that is off is left out."""
    return [
        safe(f"{kind}: {', '.join(f'{knob} {_said(value)}' for knob, value in knobs.items() if value)}".rstrip(": "))
        for kind, knobs in _scenarios(result)
    ]


def machine(result: Result) -> list[str]:
    """What it was measured on, a line each."""
    return [safe(line) for line in result.machine]


def verdict(result: Result) -> str:
    """In one sentence, what the accounting says."""
    if result.ok():
        return "Every message that was sent was delivered to each member once, in order, and as it was sent."
    return f"FAILED: {units.plural(result.failure_count, 'broken promise')}."


def remarks(result: Result) -> list[str]:
    """What one has to know before the figures are believed."""
    if not result.generator_was_bottleneck:
        return []
    return [
        "The load generator was the bottleneck: it used up its processor while the server had not used up its own."
        " The server can do more than this; give the generator more processes or another machine."
    ]


def _scenarios(result: Result) -> list[tuple[str, Mapping[str, object]]]:
    """Their kinds and knobs, as far as the plan says so: it may come from a file."""
    found: list[tuple[str, Mapping[str, object]]] = []
    scenarios = result.plan.get("scenarios")
    for scenario in scenarios if isinstance(scenarios, list) else []:
        if isinstance(scenario, Mapping):
            knobs = {str(knob): value for knob, value in scenario.items() if knob != "scenario"}
            found.append((str(scenario.get("scenario")), knobs))
    return found


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on"
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)
