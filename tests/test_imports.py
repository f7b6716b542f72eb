"""The house's order: imports run one way, and never in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LADDER: tuple[tuple[str, ...], ...] = (
    ("chatwire",),
    ("chatbase",),
    ("chatd.fair_queue",),
    ("chatd.config", "chatd.executor", "chatd.security", "chatd.net"),
    ("chatd.registry",),
    ("chatd.store",),
    ("chatd.delivery",),
    ("chatd.commands",),
    ("chatd.startup",),
    ("chatd.server",),
    ("chatd.__main__",),
    ("filed",),
    ("qtclient.records", "qtclient.i18n", "qtclient.input_methods", "qtclient.places"),
    ("qtclient.cache",),
    ("qtclient.net",),
    ("qtclient.bridge",),
    ("qtclient.model",),
    ("qtclient.look",),
    ("qtclient.widgets",),
    ("qtclient.windows",),
    (
        "qtclient.crash", "qtclient.garbage", "qtclient.instance", "qtclient.logs", "qtclient.options",
        "qtclient.qt_words", "qtclient.scaling", "qtclient.signals", "qtclient.time_zone",
    ),
    ("qtclient.app",),
    ("qtclient.start",),
    ("qtclient.__main__",),
)  # fmt: skip
"""From the ground up. Rooms on one rung do not import each other."""


def _modules() -> dict[str, Path]:
    names = {}
    for package in ("chatwire", "chatbase", "chatd", "filed", "qtclient"):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


MODULES = _modules()


def test_no_room_asks_the_unicode_of_the_running_python() -> None:
    """Its tables are older or newer than those of others; fixed ranges and `unicodedata2` are the same everywhere."""
    asking = re.compile(r"^\s*(?:import|from) unicodedata\b", re.MULTILINE)
    assert [name for name, path in MODULES.items() if asking.search(path.read_text())] == []


def _imports(name: str) -> Iterator[str]:
    """The project's own modules that a module imports, wherever in it the statement stands."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} has a relative import"
            module = node.module or ""
            inner = [f"{module}.{alias.name}" for alias in node.names]
            targets = [target if target in MODULES else module for target in inner]
        else:
            continue
        yield from (target for target in targets if target in MODULES)


def _rung(name: str) -> tuple[int, str] | None:
    for height, rooms in enumerate(LADDER):
        for room in rooms:
            if name == room or name.startswith(room + "."):
                return height, room
    return None


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_room_imports_only_lower_rooms(name: str) -> None:
    here = _rung(name)
    assert here or name in ("chatd", "filed", "qtclient"), f"{name} has no place on the ladder"
    for target in _imports(name):
        there = _rung(target)
        if here and there and here[1] != there[1]:
            assert there[0] < here[0], f"{name} reaches up to {target}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: set(_imports(name)) - {name} for name in MODULES}
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in finished:
            for target in graph[name]:
                visit(target, (*path, name))
            finished.add(name)

    for name in graph:
        visit(name, ())


def test_other_packages_never_reach_into_the_server() -> None:
    for name in MODULES:
        if not name.startswith("chatd"):
            assert not [target for target in _imports(name) if target.partition(".")[0] == "chatd"], name


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("qtclient")))
def test_the_desktop_client_knows_the_daemons_only_by_wire_and_its_lower_rooms_know_no_qt(name: str) -> None:
    assert {target.partition(".")[0] for target in _imports(name)} <= {"chatwire", "qtclient"}
    foreign = set(_foreign(name))
    if name.startswith(("qtclient.records", "qtclient.net", "qtclient.cache", "qtclient.i18n")):
        assert not [target for target in foreign if target.startswith("PyQt5")]
    if name.startswith(("qtclient.bridge", "qtclient.model")):
        assert not [target for target in foreign if target.startswith("PyQt5.QtWidgets")]


def _foreign(name: str) -> Iterator[str]:
    """Everything that a module imports, ours or not."""
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
