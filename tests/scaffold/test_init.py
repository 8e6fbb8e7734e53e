"""`init` recognises a project, writes what runs, and changes no file of the user."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner
from programs import needed
from workers_node import PACKAGES, find_node

from aleph_contract.cli import cli
from aleph_contract.scaffold import installs
from aleph_contract.scaffold.kinds import KINDS, commands, kind_of

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
JOB = ".github/workflows/aleph-contract.yml"

SIGNS = {
    "python": {"pyproject.toml": ""},
    "node": {"package.json": '{"type": "module"}'},
    "worker": {"wrangler.jsonc": "{}", "package.json": "{}"},
    "other": {"main.go": ""},
}


def project(kind: str, folder: Path) -> Path:
    """An empty project of a kind."""
    for name, text in SIGNS[kind].items():
        (folder / name).write_text(text)
    return folder


def init(folder: Path, *options: str) -> str:
    """Run `init`; return what it prints."""
    done = CliRunner().invoke(cli, ["init", str(folder), *options])
    assert done.exit_code == 0, done.output
    return done.output


def run(line: str, folder: Path) -> str:
    """Run a command that `init` printed, in the project."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        shlex.split(line),
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def narrowed(line: str) -> str:
    """A command of the verifier for a few cases."""
    return line.replace("verify client ", "verify client --run 'boundary/seed/*' ", 1)


@pytest.mark.parametrize("kind", SIGNS)
def test_the_kind_of_a_project_is_recognised(kind: str, tmp_path: Path) -> None:
    assert kind_of(project(kind, tmp_path)) is KINDS[kind]


def test_a_python_project_with_its_own_client_is_tested_and_verified(tmp_path: Path) -> None:
    """The client that `init` writes, moved into the project and imported: nothing is installed."""
    init(project("python", tmp_path))
    client = tmp_path / "tests/aleph_client.py"
    client.rename(tmp_path / "own_client.py")
    client.write_text("from own_client import run\n")
    test, verify = commands(KINDS["python"], tmp_path)
    assert "CONFORMS" in run(f"{test} -p no:cacheprovider -k 'not TestContract'", tmp_path)
    assert "CONFORMS" in run(narrowed(verify), tmp_path)


def test_a_node_project_is_tested_and_verified(tmp_path: Path) -> None:
    needed("node")
    init(project("node", tmp_path))
    test, verify = commands(KINDS["node"], tmp_path)
    assert "CONFORMS" in run(test, tmp_path)
    assert "CONFORMS" in run(narrowed(verify), tmp_path)


def test_the_adapter_of_the_guide_fits_the_client_of_a_node_project(tmp_path: Path) -> None:
    needed("node")
    init(project("node", tmp_path))
    _, verify = commands(KINDS["node"], tmp_path)
    guide = (ROOT / "docs/write-an-adapter.md").read_text()
    adapter = guide.partition("// adapter.mjs\n")[2].partition("```")[0]
    own = 'import { run as edit } from "./aleph-client.mjs";'
    adapter = adapter.replace('import { edit } from "./my-client.mjs";', own)
    assert own in adapter
    (tmp_path / "test/aleph-adapter.mjs").write_text(adapter)
    assert "CONFORMS" in run(narrowed(verify), tmp_path)


def test_another_project_is_verified(tmp_path: Path) -> None:
    needed("curl")
    needed("jq")
    init(project("other", tmp_path))
    [verify] = commands(KINDS["other"], tmp_path)
    assert "CONFORMS" in run(narrowed(verify), tmp_path)


def test_a_worker_is_tested(tmp_path: Path) -> None:
    node = find_node()
    init(project("worker", tmp_path))
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    [test] = commands(KINDS["worker"], tmp_path)  # wrangler is installed
    assert "CONFORMS" in run(test.replace("-- node", f"-- {node}"), tmp_path)


def test_a_node_project_with_vitest_uses_it(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"devDependencies": {"vitest": "4"}}')
    init(tmp_path)
    assert 'from "vitest"' in (tmp_path / "test/aleph.test.mjs").read_text()
    install, test, _ = commands(KINDS["node"], tmp_path)
    assert install == "npm install --save-dev vitest"
    assert test.endswith("-- npx vitest run test/aleph.test.mjs")


@pytest.mark.parametrize(
    ("kind", "file", "installed"),
    [
        ("node", "package-lock.json", "npm ci"),
        ("node", "pnpm-lock.yaml", "corepack enable && pnpm install --frozen-lockfile"),
        ("worker", "yarn.lock", "corepack enable && yarn install --frozen-lockfile"),
        ("worker", "", "npm install"),
        ("node", "", 'pip install "$ALEPH_CONTRACT"'),
        ("python", "requirements.txt", 'pip install "$ALEPH_CONTRACT" pytest -r requirements.txt'),
        ("python", "", 'pip install "$ALEPH_CONTRACT" pytest'),
    ],
)
def test_the_job_installs_as_the_project_does(
    kind: str, file: str, installed: str, tmp_path: Path
) -> None:
    project(kind, tmp_path)
    if file:
        (tmp_path / file).write_text("")
    init(tmp_path)
    steps = yaml.safe_load((tmp_path / JOB).read_text())["jobs"]["contract"]["steps"]
    assert installed in [step.get("run") for step in steps]


def test_a_python_package_is_installed_by_the_job(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["hatchling"]\n')
    init(tmp_path)
    assert 'pip install "$ALEPH_CONTRACT" pytest .\n' in (tmp_path / JOB).read_text()


def test_what_this_machine_lacks_is_installed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commands(KINDS["worker"], tmp_path)[0] == "npm install --save-dev wrangler"
    (tmp_path / "pnpm-lock.yaml").write_text("")
    assert commands(KINDS["worker"], tmp_path)[0] == "pnpm add --save-dev wrangler"
    monkeypatch.setattr(installs, "find_spec", lambda _: None)
    assert commands(KINDS["python"], tmp_path)[0] == "pip install pytest"


@pytest.mark.parametrize(
    ("origin", "argument"),
    [
        (None, "aleph-contract"),
        ('{"url": "file:///home/me/aleph-contract", "dir_info": {}}', "aleph-contract"),
        ('{"url": "https://example.com/a.whl", "archive_info": {}}', "https://example.com/a.whl"),
        (
            '{"url": "https://example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}',
            "git+https://example.com/a.git@ab12",
        ),
    ],
)
def test_the_job_installs_this_package_from_where_it_came(
    origin: str | None, argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"  # PEP 610
            return origin

    monkeypatch.setattr(installs, "distribution", lambda _: Installed())
    assert installs.source() == argument


@pytest.mark.parametrize("kind", SIGNS)
def test_the_job_runs_the_commands_that_are_printed(kind: str, tmp_path: Path) -> None:
    printed = init(project(kind, tmp_path))
    steps = yaml.safe_load((tmp_path / JOB).read_text())["jobs"]["contract"]["steps"]
    ran = [shlex.split(step["run"]) for step in steps if "run" in step]
    for line in commands(KINDS[kind], tmp_path):
        assert line in printed
        assert not line.startswith("aleph-contract ") or any(
            words[-2:] == shlex.split(line)[-2:] for words in ran
        )


@pytest.mark.parametrize("kind", SIGNS)
def test_no_file_that_exists_is_changed(kind: str, tmp_path: Path) -> None:
    init(project(kind, tmp_path))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    for path in written:
        path.write_text("mine\n")
    printed = init(tmp_path, "--kind", kind)
    assert "  new" not in printed
    changed = {path.name for path in written if path.read_text() != "mine\n"}
    assert changed == {".gitignore"}
    assert (tmp_path / ".gitignore").read_text().startswith("mine\naleph-report.*\n")
    assert "exists    .gitignore" in init(tmp_path, "--kind", kind)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    printed = init(tmp_path, "--dry-run")
    assert "would set up a project of kind other" in printed
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file")
    done = CliRunner().invoke(cli, ["init", str(tmp_path), "--kind", "other"])
    assert done.exit_code != 0
    assert ".github" in str(done.exception)


@pytest.mark.parametrize(
    ("template", "fixture"),
    [("aleph_client.py.txt", "urllib_client.py"), ("aleph-client.sh", "curl.sh")],
)
def test_the_client_is_the_fixture_that_conforms(template: str, fixture: str) -> None:
    """The code, not the comment at the top."""
    written = (ROOT / "aleph_contract/scaffold/templates" / template).read_text()
    tested = (ROOT / "fixtures/clients" / fixture).read_text()
    assert written.splitlines()[12:] == tested.splitlines()[12:]
