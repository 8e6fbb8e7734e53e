"""How a project installs what its tests need: by its lock file, in CI and on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

#: The name that pip installs from a package index.
DISTRIBUTION = "aleph-contract"


@dataclass(frozen=True, slots=True)
class PackageManager:
    """A package manager of Node.

    Args:
        lock: Its lock file.
        install: The command of a CI job.
        add: The command that adds a package for tests.
    """

    lock: str
    install: str
    add: str


_MANAGERS = (
    PackageManager("package-lock.json", "npm ci", "npm install --save-dev"),
    PackageManager(
        "pnpm-lock.yaml", "corepack enable && pnpm install --frozen-lockfile", "pnpm add --save-dev"
    ),
    PackageManager(
        "yarn.lock", "corepack enable && yarn install --frozen-lockfile", "yarn add --dev"
    ),
)

#: Without a lock file `npm ci` fails.
_UNLOCKED = PackageManager("", "npm install", "npm install --save-dev")


def manager_of(folder: Path) -> PackageManager:
    """The package manager of a Node project, by its lock file."""
    return next((each for each in _MANAGERS if (folder / each.lock).is_file()), _UNLOCKED)


def python_packages(folder: Path) -> str:
    """Further arguments of `pip install` in the CI job of a Python project, after a space."""
    if (folder / "requirements.txt").is_file():
        return " -r requirements.txt"
    project = folder / "pyproject.toml"
    is_package = project.is_file() and "[build-system]" in project.read_text("utf-8", "replace")
    return " ." if is_package else ""


def missing(kind: str, folder: Path, runner: str) -> Iterator[str]:
    """The commands that install what the first test needs and this machine lacks."""
    if kind == "python" and find_spec("pytest") is None:
        yield "pip install pytest"
    package = {"worker": "wrangler", "node": "vitest" if runner == "vitest" else ""}.get(kind, "")
    own = folder.resolve()
    if package and not any((up / "node_modules" / package).is_dir() for up in (own, *own.parents)):
        yield f"{manager_of(folder).add} {package}"


def source() -> str:
    """The argument of pip that installs this package in CI: its git URL, or else its name."""
    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
        origin = json.loads(text or "{}")
    except (PackageNotFoundError, ValueError):
        return DISTRIBUTION
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    url = str(origin.get("url", ""))
    return url if url.startswith("https://") else DISTRIBUTION
