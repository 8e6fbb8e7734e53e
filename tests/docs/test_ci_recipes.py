"""The files in docs/ci parse, and their commands run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml  # type: ignore[import-untyped]

from aleph_contract.contract import Contract

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs/ci"

#: The client and the test of a user's project.
CLIENT = ROOT / "fixtures/clients/urllib_client.py"
TEST = """
import os
from client import run

def test_edit():
    account = {
        "base_url": os.environ["CLOUDFLARE_BASE_URL"],
        "account_id": os.environ["CLOUDFLARE_ACCOUNT_ID"],
        "api_token": os.environ["CLOUDFLARE_API_TOKEN"],
    }
    video = run({"prompt": "Make it night", "video_uri": "https://example.com/a.mp4"}, **account)
    assert video.endswith(".mp4")
"""


def load(name: str) -> Any:
    return yaml.safe_load((RECIPES / name).read_text())


def commands() -> list[tuple[str, str]]:
    """Every `aleph-contract` command in the CI recipes."""
    steps = [step.get("run", "") for step in load("github.yml")["jobs"]["contract"]["steps"]]
    return [
        *(("github", run) for run in steps if run.startswith("aleph-contract")),
        *(("gitlab", script) for script in load("gitlab.yml")["aleph-contract"]["script"]),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(CLIENT, tmp_path / "client.py")
    (tmp_path / "tests").mkdir()
    (tmp_path / "conftest.py").touch()  # adds this folder to the path
    (tmp_path / "tests/test_client.py").write_text(TEST)
    return tmp_path


def shell(script: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a recipe as CI does, with the programs of this Python first on the PATH."""
    return subprocess.run(
        ["bash", "-e", "-c", script, "bash", *arguments],
        cwd=cwd,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("where", "script"), commands(), ids=lambda text: "-".join(text.split()[:2])
)
def test_command_passes_and_writes_its_reports(where: str, script: str, project: Path) -> None:
    # A few cases are enough to test the recipe.
    done = shell(script.replace("verify client", "verify client --run examples"), project)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = _kept(where)
    for word in script.split():
        form, colon, path = word.partition(":")
        if colon and form in ("junit", "html"):
            assert path in kept
            if form == "junit":
                assert int(ET.parse(project / path).getroot().attrib["tests"]) > 0  # noqa: S314


def _kept(where: str) -> list[str]:
    """The files that a recipe keeps as artifacts."""
    if where == "gitlab":
        paths: list[str] = load("gitlab.yml")["aleph-contract"]["artifacts"]["paths"]
        return paths
    upload = load("github.yml")["jobs"]["contract"]["steps"][-1]
    return str(upload["with"]["path"]).split()


def _hooks() -> dict[str, dict[str, Any]]:
    """The hook of docs/ci, and the same hook as this repository provides it."""
    (repository,) = load("pre-commit-config.yaml")["repos"]
    (own,) = repository["hooks"]
    (ours,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return {"local": own, "from the repository": ours}


@pytest.mark.parametrize("which", list(_hooks()))
def test_hook_refuses_a_commit_with_an_invalid_input(which: str, tmp_path: Path) -> None:
    hook = _hooks()[which]
    valid = dict(Contract.load().examples[0].input)
    (tmp_path / "good.aleph.json").write_text(json.dumps(valid))
    (tmp_path / "bad.aleph.json").write_text(json.dumps(valid | {"seed": -1}))
    entry = f'{hook["entry"]} "$@"'
    assert shell(entry, tmp_path, "good.aleph.json").returncode == 0
    refused = shell(entry, tmp_path, "good.aleph.json", "bad.aleph.json")
    assert refused.returncode == 1
    assert "seed" in refused.stdout + refused.stderr


def test_containers_serve_under_the_name_that_the_app_is_told() -> None:
    services = load("compose.yaml")["services"]
    container = json.loads((RECIPES / "devcontainer.json").read_text())
    assert "aleph-contract serve --host 0.0.0.0" in services["aleph"]["command"]
    app = services["app"]["environment"]
    assert app["CLOUDFLARE_BASE_URL"] == "http://aleph:8790/client/v4"
    assert app["ALEPH_CONTRACT_BINDING_ADDRESS"] == "aleph:8790"
    assert container["containerEnv"].keys() < app.keys()
    assert "aleph-contract serve" in container["postStartCommand"]


def test_the_command_of_the_container_starts_the_fake(tmp_path: Path) -> None:
    """Without `pip install`, and on a free port."""
    script = load("compose.yaml")["services"]["aleph"]["command"].split("&& ")[1].rstrip("'")
    program = Path(sys.executable).parent / "aleph-contract"
    words = [str(program), *script.split()[1:], "--port", "0"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event"] == "ready"
        finally:
            process.terminate()
