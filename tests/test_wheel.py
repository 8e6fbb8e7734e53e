"""The built wheel, installed in an empty environment and used; and the source distribution."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent

#: Files other than Python that the wheel must contain.
DATA = {
    "aleph_contract/contract/entries/runwayml__aleph-2.json",
    "aleph_contract/py.typed",
    "fake_server/media/edited.mp4",
    "fake_server/py.typed",
    "fake_server/intercept/node_proxy.cjs",
    "fake_server/workers/plugin.cjs",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", target],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return target


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def tracked(*folders: str) -> set[str]:
    """The files in git; none in an unpacked source distribution."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return set(listed.stdout.split("\n")) - {""}


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= DATA
    assert names >= tracked("aleph_contract", "fake_server")


def test_the_source_distribution_holds_every_file_in_git(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"tests/test_wheel.py", "fixtures/package-lock.json", "constraints.txt"}
    assert names >= tracked()
    assert not [name for name in names if "node_modules" in name]


def required(requirements: Iterable[str]) -> set[str]:
    """The installed packages that these requirements need, without extras that they do not name."""
    waiting = [(Requirement(text), frozenset({""})) for text in requirements]
    found: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extras = waiting.pop()
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras
        ):
            continue
        one = (requirement.name, frozenset({"", *requirement.extras}))
        if one not in found:
            found.add(one)
            needs = distribution(requirement.name).requires or ()
            waiting += [(Requirement(text), one[1]) for text in needs]
    return {name for name, _ in found}


def linked(packages: Iterable[str], folder: Path) -> None:
    """Link the files of installed packages into another `site-packages`."""
    for package in packages:
        one = distribution(package)
        for name in {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
            target = folder / name
            if not target.exists():
                target.symlink_to(Path(str(one.locate_file(name))))


def test_the_wheel_verifies_a_client_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Beside the packages that it requires and no other; pip finds no more, for it has no index."""
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    bin_ = environment / "bin"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_"))}
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    (packages,) = environment.glob("lib/python*/site-packages")
    linked(required(metadata.get_all("Requires-Dist", [])), packages)

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )

    pip = (sys.executable, "-m", "pip", "--python", bin_ / "python", "install", "--quiet")
    installed = run(*pip, "--no-index", "--no-compile", "--disable-pip-version-check", wheel)
    assert installed.returncode == 0, installed.stderr
    shutil.copy(ROOT / "fixtures/clients/urllib_client.py", tmp_path / "client.py")

    where = run(bin_ / "python", "-c", "import aleph_contract; print(aleph_contract.__file__)")
    assert str(environment) in where.stdout

    verified = run(
        bin_ / "aleph-contract", "verify", "client", "--python", "client.py:run",
        "--run", "examples", "--run", "boundary/seed/*", "--report", "json",
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)
