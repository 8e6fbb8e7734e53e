"""The token in arguments and variables of processes, and in the names of files."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from driving import FIXTURES, drive, found
from waiting import PATIENCE, until

from aleph_contract.cli import run as command_line
from aleph_contract.core.results import CaseResult
from aleph_contract.drivers import exposure
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.exposure import watch
from aleph_contract.verify.token_files import attribute_file_names
from fake_server.http.delivery import Connection

RULE = "security.token-leak"
TOKEN = "t0ken-" + "x" * 34

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def script(name: str) -> CommandDriver:
    missing = [tool for tool in ("sh", "curl", "jq") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    return CommandDriver(["sh", str(FIXTURES / name)])


@linux
def test_a_token_in_the_arguments_of_a_child_is_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, exposures = Event(), exposure._exposures

    def note(pid: int, token: bytes) -> Iterator[str]:
        for place in exposures(pid, token):
            seen.set()
            yield place

    async def pause_until_seen(*_: object) -> None:
        assert await asyncio.to_thread(seen.wait, PATIENCE)

    monkeypatch.setattr(exposure, "_exposures", note)
    monkeypatch.setattr(Connection, "pause", pause_until_seen)
    run = drive(script("broken/token_in_arguments.sh"), "examples")
    assert found(run, "must") == {}
    assert found(run, "advice").keys() == {RULE}
    [*_, last] = found(run, "advice")[RULE]
    assert "the arguments of " in last
    assert run.exit_code == 0


def test_a_token_in_a_file_name_is_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("CACHE_FOLDER", "a")
    run = drive(script("broken/token_in_file_name.sh"), "examples")
    assert found(run, "must").keys() == {RULE}
    assert len(found(run, "must")[RULE]) == 4
    assert "reply-<token>.json" in found(run, "must")[RULE][0]
    assert run.exit_code == 1


def test_a_good_client_exposes_nothing() -> None:
    run = drive(script("clients/curl.sh"), "examples")
    assert (found(run, "must"), found(run, "advice")) == ({}, {})


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a child that has the token in a variable of another name."""
    process = subprocess.Popen(
        ["sh", "-c", 'env TOKEN="$CLOUDFLARE_API_TOKEN" sleep 90; true'],
        env={**os.environ, "CLOUDFLARE_API_TOKEN": TOKEN},
        start_new_session=True,
    )
    yield process
    os.killpg(process.pid, 9)
    process.wait()


@linux
def test_only_a_variable_of_another_name_counts(sleeping: subprocess.Popen[bytes]) -> None:
    with watch(sleeping.pid, TOKEN) as places:
        until(lambda: "the variable TOKEN of sleep" in places)
    assert not any("CLOUDFLARE_API_TOKEN" in place for place in places)
    assert "the variable TOKEN of sleep" in places


def test_names_are_found_within_longer_names_and_in_folders(tmp_path: Path) -> None:
    (tmp_path / "one" / f"x-{TOKEN}-y").mkdir(parents=True)
    (tmp_path / "two.txt").write_text(TOKEN)
    case = CaseResult("c", "examples", "passed", checked=("request.once",))
    [told] = attribute_file_names([case], {TOKEN: "c"}, [str(tmp_path)])
    assert [(f.rule, f.level) for f in told.findings] == [(RULE, "must")]
    assert told.findings[0].message.endswith(": x-<token>-y")
    [other] = attribute_file_names([case], {"z" * 40: "c"}, [str(tmp_path)])
    assert other == case
    assert attribute_file_names([case], {TOKEN: "c"}, [str(tmp_path / "absent")]) == (case,)


def test_explain_says_what_is_not_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["explain", RULE]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Not seen: deleted files, the content of files" in text
