"""The date and the commit of a report."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import sample_runs as sample
from browser import absent

from aleph_contract.reports import open_reports
from aleph_contract.reports.origin import commit_of, stamped


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "client.py").write_text("1\n")
    if shutil.which("git") is None:
        absent("git is not installed (Debian: apt-get install git)")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "Add")):
        subprocess.run(("git", *words), cwd=folder, check=True)
    return folder


def test_the_commit_of_the_working_folder_and_local_changes(repository: Path) -> None:
    commit = commit_of(repository)
    assert re.fullmatch("[0-9a-f]{12}", commit)
    (repository / "client.py").write_text("2\n")
    assert commit_of(repository) == f"{commit}-dirty"


def test_without_a_repository_or_without_git_there_is_no_commit(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == ""
    monkeypatch.setenv("PATH", "")
    assert commit_of(repository) == ""


def test_a_recording_and_a_server_have_no_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    assert stamped(sample.PASSING).commit == commit_of(repository)
    assert stamped(replace(sample.PASSING, mode="judge")).commit == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d [+-]\d{4}", stamped(sample.PASSING).written_at)


def test_only_the_page_has_the_date(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    with open_reports(["html:page.html"], detail="quiet") as reports:
        reports.write(sample.PASSING)
    assert f"<dd>{commit_of(repository).removesuffix('-dirty')}" in Path("page.html").read_text()
