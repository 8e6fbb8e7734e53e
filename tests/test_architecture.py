"""Data flows one way: `docs/architecture.md` says in which order, and the imports keep it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("aleph_contract", "fake_server")


def _modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = _modules()


def _full(name: str) -> str:
    if name in PACKAGES:
        return name
    return f"fake_server{name}" if name.startswith(".") else f"aleph_contract.{name}"


def _stages() -> dict[str, int]:
    """The row of each module in the table of the page; inner modules stand with their package."""
    page = (ROOT / "docs/architecture.md").read_text()
    table = page.partition("| stage | modules |\n")[2].partition("\n\n")[0]
    stages: dict[str, int] = {}
    for stage, row in enumerate(table.splitlines()):
        for name in re.findall(r"`([^`]+)`", row):
            full = _full(name)
            assert full not in stages, f"{full} stands twice"
            stages[full] = stage
    return stages


STAGES = _stages()


def _stage(module: str) -> int:
    while module not in STAGES and "." in module:
        module = module.rpartition(".")[0]
    return STAGES[module]


def _imports(path: Path) -> Iterator[str]:
    """Our modules that a file imports at run time, inside functions too."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _lazy_root(module: str, name: str) -> bool:
    """The one seam: the app loads the control API when it is first called for."""
    return (module, name) == ("fake_server.http.app", "fake_server.http.control_app")


def test_every_module_stands_on_the_page_and_nothing_else_does() -> None:
    listed = {module for module in MODULES if not module.startswith("fake_server.inspector.")}
    assert set(STAGES) == listed


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_to_the_same_row_or_above(module: str) -> None:
    below = [
        name
        for name in _imports(MODULES[module])
        if name in MODULES
        and name not in PACKAGES
        and not _lazy_root(module, name)
        and _stage(name) > _stage(module)
    ]
    assert not below, f"{module} imports {below}"


def test_the_fake_rests_on_the_contract_and_not_on_the_verifier() -> None:
    allowed = {"errors", "jsonvalue", "contract", "exchange", "validation", "violations", "wording"}
    found = {
        name.split(".")[1]
        for module, path in MODULES.items()
        if module.startswith("fake_server") and "inspector" not in module
        for name in _imports(path)
        if name.startswith("aleph_contract.")
    }
    assert found <= allowed


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


def test_only_the_strategies_import_hypothesis() -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(name.partition(".")[0] == "hypothesis" for name in _imports(path))
    }
    stage = STAGES["aleph_contract.strategies"]
    others = {f"aleph_contract.{name}" for name in ("draws", "properties", "seclusion")}
    assert {m for m in users if STAGES[m] != stage} <= others
