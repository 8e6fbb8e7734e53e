"""Imports go one way: `docs/architecture.md` lists the folders in order, and every import keeps it.

Every import counts: at the top of a module, inside a function, under TYPE_CHECKING, and a module
named in a string.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("aleph_contract", "fake_server")

#: Modules that may name modules in strings, and why: they export or look up names lazily, and
#: nothing below imports them.
LAZY_ROOTS = {"aleph_contract", "fake_server", "aleph_contract.cli"}


def _modules(root: Path) -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = _modules(ROOT)


def _order() -> list[str]:
    """The folders of the page's table, from the lowest to the highest."""
    page = (ROOT / "docs/architecture.md").read_text()
    table = page.partition("| folder | holds |\n|---|---|\n")[2].partition("\n\n")[0]
    return [re.findall(r"`([^`]+)`", row)[0].rstrip("/") for row in table.splitlines()]


ORDER = _order()


def _folder(module: str) -> str:
    """The entry of the table that a module belongs to: its own, or that of its folder."""
    path = module.replace(".", "/")
    for candidate in (f"{path}.py", f"{path}/__init__.py", path, *map(str, Path(path).parents)):
        if candidate in ORDER:
            return candidate
    return path


def _imports(source: str, modules: Mapping[str, object]) -> Iterator[str]:
    """Every module of ours that a source names: in imports anywhere, and in strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.rstrip(".")
            if name in modules and name not in PACKAGES:
                yield name


@cache
def _named(module: str) -> set[str]:
    """Every module that a module of ours names, ours or not."""
    return set(_imports(MODULES[module].read_text(), MODULES))


def _graph() -> dict[str, set[str]]:
    """The modules of ours that each module names."""
    return {
        module: (_named(module) & MODULES.keys()) - {module}
        for module in MODULES.keys() - LAZY_ROOTS
    }


def _upward(module: str, names: set[str]) -> list[str]:
    own = ORDER.index(_folder(module))
    return [name for name in sorted(names) if ORDER.index(_folder(name)) > own]


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One import circle, as a list of modules; empty if there is none."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for name in sorted(graph.get(module, ())):
            found = visit(name, [*path, module])
            if found:
                return found
        done.add(module)
        return []

    return next(filter(None, (visit(module, []) for module in sorted(graph))), [])


def test_every_module_belongs_to_a_folder_of_the_page() -> None:
    assert {_folder(module) for module in MODULES} == set(ORDER)


def test_imports_go_to_the_same_folder_or_below_and_in_no_circle() -> None:
    graph = _graph()
    upward = {module: _upward(module, names) for module, names in graph.items()}
    assert {module: names for module, names in upward.items() if names} == {}
    assert _circle(graph) == []


@pytest.mark.parametrize(
    "source",
    [
        "from aleph_contract.verify import runner",
        "import aleph_contract.verify.runner",
        "def f():\n    from aleph_contract.verify.runner import verify_client",
        "if TYPE_CHECKING:\n    from aleph_contract.verify.runner import Settings",
        'runner = import_module("aleph_contract.verify.runner")',
    ],
    ids=["top", "plain", "lazy", "type-only", "string"],
)
def test_an_upward_import_of_each_kind_is_found(source: str) -> None:
    found = set(_imports(source, MODULES))
    assert _upward("fake_server.runs.rest", found) == ["aleph_contract.verify.runner"]


@pytest.mark.parametrize(
    "back",
    [
        "from aleph_contract.core import exchange",
        "def f():\n    from aleph_contract.core.exchange import Exchange",
        "if TYPE_CHECKING:\n    from aleph_contract.core.exchange import Exchange",
        'exchange = import_module("aleph_contract.core.exchange")',
    ],
    ids=["top", "lazy", "type-only", "string"],
)
def test_an_import_circle_of_each_kind_is_found(back: str) -> None:
    one, other = "aleph_contract.core.exchange", "aleph_contract.core.results"
    graph = {one: {other}, other: set(_imports(back, MODULES))}
    assert _circle(graph) == [one, other, one]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import aleph_contract", ["fastapi", "hypothesis", "uvicorn", "jsonschema", "rich"]),
        ("import aleph_contract.pytest_plugin", ["fastapi", "hypothesis", "uvicorn"]),
        (
            "import aleph_contract.cli",
            ["fastapi", "hypothesis", "uvicorn", "jsonschema_rs", "rich"],
        ),
        ("import fake_server.server", ["fastapi", "hypothesis", "jsonschema", "jinja2"]),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_asked_for(statement: str, absent: list[str]) -> None:
    code = f"{statement}; import sys; print([m for m in {absent} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _users(library: str) -> set[str]:
    return {
        module for module in MODULES for name in _named(module) if name.partition(".")[0] == library
    }


def test_only_the_modules_that_draw_inputs_import_hypothesis() -> None:
    names = ("property_phase", "hypothesis_settings", "server.drawn")
    others = {f"aleph_contract.verify.{name}" for name in names}
    users = _users("hypothesis")
    assert {m for m in users if not m.startswith("aleph_contract.strategies")} <= others
