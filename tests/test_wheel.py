"""The built wheel, not the checkout: installed in an empty environment elsewhere, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: What must travel in the wheel though it is no Python.
DATA = {
    "aleph_contract/contract/entries/runwayml__aleph-2.json",
    "aleph_contract/py.typed",
    "fake_server/media/edited.mp4",
    "fake_server/py.typed",
    "fake_server/workers/plugin.cjs",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= DATA
    in_git = subprocess.run(
        ["git", "ls-files", "aleph_contract", "fake_server"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert names >= set(in_git.stdout.split())


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

    installed = run(bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
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
