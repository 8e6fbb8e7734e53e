"""The declared dependencies: complete, pinned for every Python, and without warnings on import."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only on 3.10

ROOT = Path(__file__).parent.parent
PACKAGES = ("aleph_contract", "fake_server")
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = [Requirement(line) for line in PROJECT["dependencies"]]
OPTIONAL = [
    requirement
    for lines in PROJECT["optional-dependencies"].values()
    for line in lines
    if (requirement := Requirement(line)).name != PROJECT["name"]
]
DECLARED = [*REQUIRED, *OPTIONAL]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]

#: Extras that only contributors install.
FOR_CONTRIBUTORS = {"benchmarks", "dev", "examples", "test"}

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def pinned(python: str) -> dict[str, str]:
    """The version of each package that constraints.txt gives to a Python on Linux."""
    environment: dict[str, Any] = {
        "python_version": python,
        "python_full_version": f"{python}.99",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    chosen = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(environment)]
    found: dict[str, str] = {
        canonicalize_name(pin.name): str(pin.specifier).lstrip("=") for pin in chosen
    }
    assert len(found) == len(chosen), "two versions of one package"
    return found


def imported() -> set[str]:
    """The packages that our code imports when it runs; each has the name of its module."""
    names: set[str] = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        names |= imports_of(ast.parse(path.read_text()))
    ours = {*sys.stdlib_module_names, *PACKAGES}
    return {canonicalize_name(name) for name in names - ours}


def imports_of(node: ast.AST) -> set[str]:
    """The first names of the modules that a syntax tree imports, except for type checkers alone."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module.partition(".")[0]} if node.module else set()
    if isinstance(node, ast.expr):
        return set()
    inner = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        inner = iter(node.orelse)
    return set().union(*map(imports_of, inner))


@pytest.mark.parametrize("python", PYTHONS)
def test_every_declared_package_has_one_pinned_version_within_its_bounds(python: str) -> None:
    versions = pinned(python)
    for requirement in DECLARED:
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} and {version}"


def test_every_imported_package_is_declared() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in REQUIRED}
    declared |= {
        canonicalize_name(Requirement(line).name)
        for extra, lines in PROJECT["optional-dependencies"].items()
        if extra not in FOR_CONTRIBUTORS
        for line in lines
    }
    assert imported() - declared <= {"opentelemetry"}  # installed by users of `serve --spans`


def test_every_declared_package_has_a_lower_bound() -> None:
    for requirement in DECLARED:
        assert any(bound.operator == ">=" for bound in requirement.specifier), str(requirement)


def test_no_module_warns_when_it_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL, *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["fixtures", "tests/workers"])
def test_node_packages_are_locked_by_hash_and_to_no_registry(folder: str) -> None:
    manifest = json.loads((ROOT / folder / "package.json").read_text())
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    for group in ("dependencies", "devDependencies"):
        assert lock[""].get(group) == manifest.get(group)
        assert {f"node_modules/{name}" for name in manifest.get(group, ())} <= lock.keys()
    for name, package in lock.items():
        assert not name or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_the_pins_name_no_index() -> None:
    assert not re.search(r"://|--|@", (ROOT / "constraints.txt").read_text())
