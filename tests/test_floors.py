"""The floors of the house: an import goes down or stays in its folder, and nothing goes in circles.

Imports inside functions count as well: they make a start quick, and change nothing in who needs
whom.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "ser"

# From the top down. Folders of one floor may use each other as long as no circle comes of it.
FLOORS = (
    ("__main__", "cli", "web"),
    ("api",),
    ("exporting",),
    ("inference", "conversion", "training", "evaluation", "text", "speakers", "viz", "youtube"),
    ("models", "dataset", "timeline", "vad", "augment", "pretrained"),
    ("features",),
    ("preprocess",),
    ("audio", "corpora"),
    ("io", "parallel"),
    ("labels", "errors", "colors", "arrays", "wording"),
)
LEVEL = {room: -number for number, floor in enumerate(FLOORS) for room in floor}
FACE = "ser"
"""The package's own `__init__`: a version and lazy names. Whoever needs the version imports it."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else FACE


def imports(path: Path) -> set[str]:
    """Gives the modules of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            module = node.module or ""
            for alias in node.names:
                name = f"{module}.{alias.name}"
                found.add(name if name in MODULES else module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] == "ser"}


ARROWS = {module: imports(path) for module, path in MODULES.items()}


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Finds groups of nodes that reach each other (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[-len(group) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]}) == [["b", "c"]]
    assert circles({"a": ["b"], "b": ["c"]}) == []


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(module) for module in MODULES} - {FACE}
    assert rooms <= set(LEVEL), "a new folder or module: give it a floor in FLOORS"
    missing = {name for found in ARROWS.values() for name in found} - set(MODULES)
    assert missing == set()


def test_no_arrow_goes_up() -> None:
    found = [
        f"{module} imports {other}"
        for module, others in ARROWS.items()
        for other in sorted(others)
        if FACE not in (room_of(module), room_of(other))
        and LEVEL[room_of(other)] > LEVEL[room_of(module)]
    ]
    assert found == []


def test_nothing_below_the_front_door_goes_through_it() -> None:
    above = ("cli", "web", "api", "__main__")
    found = [
        f"{module} imports {name} from ser"
        for module, path in MODULES.items()
        if room_of(module) not in (*above, FACE)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "ser"
        for name in (alias.name for alias in node.names)
        if name != "__version__" and f"ser.{name}" not in MODULES
    ]
    assert found == []


def test_no_circle_of_folders() -> None:
    graph = defaultdict(set)
    for module, others in ARROWS.items():
        for other in others:
            if FACE not in (room_of(module), room_of(other)):
                graph[room_of(module)].add(room_of(other))
    assert circles(graph) == []


def test_no_circle_of_files() -> None:
    assert circles({module: others - {FACE} for module, others in ARROWS.items()}) == []


@pytest.mark.parametrize("room", ["viz"])
def test_what_draws_is_imported_by_what_shows_alone(room: str) -> None:
    found = [
        f"{module} imports {other}"
        for module, others in ARROWS.items()
        for other in sorted(others)
        if room_of(other) == room and room_of(module) not in (room, "cli", "web", "api")
    ]
    assert found == []
