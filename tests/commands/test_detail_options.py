"""The options -v and -q of the commands that judge, and the options of the command of `exec`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aleph_contract.cli import run

CLIENT = "fixtures/broken/clients.py:drops_zero_seed"
VERIFY = ("verify", "client", "--run", "boundary/seed/minimum/on", "--python", CLIENT)
CALL = """
import os, urllib.request as u
url = f"{os.environ['CLOUDFLARE_BASE_URL']}/accounts/{os.environ['CLOUDFLARE_ACCOUNT_ID']}/ai/run"
try:
    u.urlopen(u.Request(url, b"{}"))
except OSError:
    pass
"""
EXEC = ("exec", "--", sys.executable, "-c", CALL)


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize("arguments", [VERIFY, EXEC], ids=["verify", "exec"])
def test_each_level_of_detail(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    def output(*option: str) -> str:
        at = arguments.index("client") + 1 if "client" in arguments else 1
        assert run([*arguments[:at], *option, *arguments[at:]]) == 1
        return capsys.readouterr().out

    quiet = output("-q")
    assert quiet.startswith("DOES NOT CONFORM: ")
    assert len(quiet.splitlines()) == 1
    normal = output()
    assert normal.splitlines()[-1].startswith("next: aleph-contract ")
    assert "broken by\n" not in normal
    assert "broken by\n" in output("-v")


def test_quiet_and_verbose_together_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["judge", "-q", "-v", "x.har"]) == 2
    assert "choose one of -v and -q" in capsys.readouterr().err


def test_options_after_the_name_of_a_command_are_its_own(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`exec pytest -q` runs `pytest -q`."""
    code = "import sys; print('given', sys.argv[1:])"
    assert run(["exec", sys.executable, "-c", code, "-q", "--port", "1"]) == 3
    text = capfd.readouterr().out
    assert "given ['-q', '--port', '1']" in text
    assert "no call" in text  # the whole report, not the verdict alone


def test_json_replaces_the_report_for_the_terminal_and_keeps_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "aleph.xml"
    options = ["--json", "--report", "terminal", "--report", f"junit:{other}"]
    assert run([*VERIFY[:2], *options, *VERIFY[2:]]) == 1
    assert json.loads(capsys.readouterr().out)["summary"]["failed"] == 1
    assert other.read_text(encoding="utf-8").startswith("<?xml")
