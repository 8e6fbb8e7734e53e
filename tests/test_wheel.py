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
from importlib.metadata import distributions
from pathlib import Path

import pytest

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


def build(kind: str, target: Path) -> Path:
    """Build a "wheel" or an "sdist" into the empty folder `target`."""
    subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", target, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = target.iterdir()
    return built


def tracked(*folders: str) -> set[str]:
    """The files in git; none in an unpacked source distribution."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return set(listed.stdout.split("\n")) - {""}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= DATA
    assert names >= tracked("aleph_contract", "fake_server")


def test_the_source_distribution_holds_every_file_in_git(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"tests/test_wheel.py", "fixtures/package-lock.json", "constraints.txt"}
    assert names >= tracked()
    assert not [name for name in names if "node_modules" in name]


@pytest.mark.long
def test_the_wheel_verifies_a_client_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    bin_ = environment / "bin"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )

    same = tmp_path / "constraints.txt"  # the versions that these tests run with
    same.write_text("".join(f"{d.name}=={d.version}\n" for d in distributions()))
    installed = run(
        bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", "-c", same, wheel
    )
    assert installed.returncode == 0, installed.stderr
    shutil.copy(ROOT / "fixtures/clients/urllib_client.py", tmp_path / "client.py")

    where = run(bin_ / "python", "-c", "import aleph_contract; print(aleph_contract.__file__)")
    assert str(environment) in where.stdout

    verified = run(
        bin_ / "aleph-contract", "verify", "client", "--python", "client.py:run",
        "--run", "examples", "--run", "boundary", "--report", "json",
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)
