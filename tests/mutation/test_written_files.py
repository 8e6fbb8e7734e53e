"""A suite that leaves files outside its temporary folder cannot be scored."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from aleph_contract.cli import run
from aleph_contract.errors import CouldNotRun
from aleph_contract.mutation import written_files
from aleph_contract.mutation.written_files import WrittenFiles

SUITES = Path(__file__).parent / "suites"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two files, as the working directory, and an empty home folder."""
    folder, home = tmp_path / "project", tmp_path / "home"
    (folder / "src").mkdir(parents=True)
    home.mkdir()
    (folder / "src/client.py").write_text("pass\n")
    (folder / ".gitignore").write_text("out/\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return folder


def in_git(folder: Path) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "-A"), (*name, "commit", "-q", "-m", "first")):
        subprocess.run(("git", *words), cwd=folder, check=True)


def write(path: str) -> None:
    file = Path(path).expanduser()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("what a test left behind")


def complaint(suite: Callable[[], object], *command: str) -> str:
    files = WrittenFiles(command)
    suite()
    try:
        files.check()
    except CouldNotRun as error:
        return str(error)
    return ""


@pytest.mark.parametrize("git", [True, False])
@pytest.mark.parametrize("path", ["last.json", "src/client.py", "src/deep/a", "~/.token", "~/x"])
def test_a_file_that_stays_is_named(project: Path, path: str, git: bool) -> None:
    if git:
        in_git(project)
    found = complaint(lambda: write(path))
    assert found.startswith(f"the suite writes {path} outside its temporary folder")
    assert ("name the file in .gitignore" in found) == git


@pytest.mark.parametrize(
    "path",
    [
        "src/__pycache__/client.pyc",
        ".pytest_cache/v/cache/nodeids",
        ".hypothesis/examples/1",
        "node_modules/.vite/results.json",
        ".coverage",
        ".coverage.host.12.345",
        "htmlcov/index.html",
        "junit.xml",
        "reports/TEST-edit.xml",
        "~/.cache/go-build/1",
        "~/go/pkg/1",
        "~/.bash_history",
    ],
)
@pytest.mark.usefixtures("project")
def test_a_cache_is_lawful(path: str) -> None:
    assert complaint(lambda: write(path)) == ""


def test_a_file_that_git_ignores_is_lawful(project: Path) -> None:
    assert "out/report.xml" in complaint(lambda: write("out/report.xml"))
    in_git(project)
    assert complaint(lambda: write("out/other.xml")) == ""


def test_a_folder_that_git_ignores_as_a_whole_is_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_git(project)
    write("out/client.py")
    monkeypatch.chdir(project / "out")
    assert "last.json" in complaint(lambda: write("last.json"))


def test_a_file_that_was_changed_before_may_stay_but_not_change(project: Path) -> None:
    in_git(project)
    write("src/client.py")
    write("new.py")
    assert complaint(lambda: None) == ""
    assert "new.py" in complaint(lambda: write("new.py"))
    assert "src/client.py" in complaint(Path("src/client.py").unlink)


@pytest.mark.usefixtures("project")
def test_a_report_that_the_command_names_is_lawful() -> None:
    for word in ("--junitxml=report.xml", "report.xml", "--report=junit:report.xml"):
        assert complaint(lambda: write("report.xml"), "pytest", word) == "", word
    assert complaint(lambda: write("html/index.html"), "pytest", "--cov-report=html:html") == ""
    for words in (("src",), ("--cov=src",), ("--rootdir", "src")):
        assert "src/last.json" in complaint(lambda: write("src/last.json"), "pytest", *words)
        Path("src/last.json").unlink()
    for words in (("--basetemp=src",), ("--output-dir", "src")):
        assert complaint(lambda: write("src/last.json"), "pytest", *words) == ""


def test_several_files_are_counted(project: Path) -> None:
    def several() -> None:
        for name in ("a.json", "b.json", "c.json"):
            write(name)

    assert "writes a.json and 2 other files outside" in complaint(several)
    assert (project / "a.json").is_file()  # the file of a user is not removed


@pytest.mark.usefixtures("project")
def test_a_folder_with_too_many_files_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_files, "MAX_FILES", 1)
    assert complaint(lambda: write("last.json")) == ""


def test_a_suite_that_writes_gets_exit_code_3(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = f'sh {shlex.quote(str(SUITES / "ignores_errors.sh"))}; mktemp; echo 1 > "$WHERE"'
    command = ["mutate", "--max-mutants", "1", "--report", "json", "--", "sh", "-c", suite]
    monkeypatch.setenv("WHERE", "last.json")
    assert run(command) == 3
    output = capfd.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert output.err.startswith("aleph-contract: the suite writes last.json outside")
    (project / "last.json").unlink()
    assert run([command[0], "--allow-writes", *command[1:]]) == 0
    monkeypatch.setenv("WHERE", os.devnull)
    assert run(command) == 0


def test_a_pytest_suite_has_a_temporary_folder_for_each_process(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that the command names is not shared by several processes, and no file is left."""
    own = project.parent / "own"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(SUITES), str(Path(__file__).parents[2]))))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "aleph_contract.pytest_plugin")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    (project / "test_it.py").write_text(
        "from client import GOOD, edit\n\n\n"
        "def test_it(tmp_path):\n"
        "    with open('used.log', 'a') as log:\n"
        "        print(tmp_path.parent, file=log)\n"
        "    edit(GOOD)\n"
    )
    command = (sys.executable, "-m", "pytest", "-q", "--basetemp=taken", "test_it.py")
    options = (
        "--max-mutants",
        "1",
        "--jobs",
        "1",
        "--allow-writes",
        "--report",
        "json:report.json",
    )
    assert run(["mutate", *options, "--", *command]) == 0
    first, second, *workers = (project / "used.log").read_text().splitlines()
    assert first == second == str(project / "taken")
    assert len(workers) > 1
    assert all(Path(folder).is_relative_to(own) for folder in workers)
    assert [path.name for path in own.iterdir()] == []
