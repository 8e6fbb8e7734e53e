"""`exec`: a command is judged by its traffic."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from calling import PATIENCE

from aleph_contract.cases.constraints import constraints
from aleph_contract.cli import run
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.results import Verification
from aleph_contract.drivers.processes import descendants
from aleph_contract.errors import CouldNotRun
from aleph_contract.reports.html import render as html
from aleph_contract.reports.summary import summarise
from aleph_contract.reports.terminal import render as terminal
from aleph_contract.verify.exec_command import run_command

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures/contracts"
SHIPPED = str(ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json")

#: A client in one line, given a list of inputs to send in turn.
CLIENT = """
import json, os, sys, urllib.error, urllib.request
for given in json.loads(sys.argv[1]):
    model = given.pop("MODEL", "runwayml/aleph-2")
    request = urllib.request.Request(
        os.environ["CLOUDFLARE_BASE_URL"] + "/accounts/" + os.environ["CLOUDFLARE_ACCOUNT_ID"]
        + "/ai/run",
        json.dumps({"model": model, "input": given}).encode(),
        {"Authorization": "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"],
         "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request).read()
    except urllib.error.HTTPError:
        pass
sys.exit(int(sys.argv[2]))
"""
VALID = {"prompt": "Make it snow", "video_uri": "https://example.com/a.mp4"}
VIOLATING = VALID | {"seed": -1}


def command(*inputs: object, code: int = 0) -> list[str]:
    return [sys.executable, "-c", CLIENT, json.dumps(inputs), str(code)]


def broken(found: Verification) -> list[str]:
    return [f.rule for r in found.results for f in r.broken]


def test_traffic_that_keeps_the_contract_passes() -> None:
    found = run_command(command(VALID, VALID | {"seed": 1}))
    assert (broken(found), found.exit_code, len(found.results)) == ([], 0, 2)


def test_a_violating_request_is_named() -> None:
    found = run_command(command(VALID, VIOLATING))
    assert (broken(found), found.exit_code) == (["request.valid"], 1)


def test_each_model_that_was_called_is_judged_and_covered_by_its_own_contract() -> None:
    files = [
        str(FIXTURES / f"{name}.json") for name in ("herald__schedule-1", "scribe__transcribe-5")
    ]
    contracts = ContractSet.load([SHIPPED, *files])
    called = [contracts[model] for model in ("scribe/transcribe-5", "runwayml/aleph-2")]
    inputs = [dict(each.examples[0].input) | {"MODEL": each.model} for each in called]
    found = run_command(command(*inputs), contracts)
    assert (broken(found), found.exit_code) == ([], 0)
    assert found.model == "scribe/transcribe-5, runwayml/aleph-2"
    assert found.model in summarise(found).verdict.sentence
    assert {row.model for row in found.coverage} == {each.model for each in called}
    for each in called:
        keys = {row.constraint for row in found.coverage if row.model == each.model}
        assert keys == {constraint.key for constraint in constraints(each)}
        assert any(row.count for row in found.coverage if row.model == each.model)
    for text in (terminal(found), html(found)):
        assert "scribe/transcribe-5: " in text


def test_intended_refusals_are_advice() -> None:
    found = run_command(command(VALID, VIOLATING), refusals_meant=True)
    assert (broken(found), found.exit_code) == ([], 0)
    assert [f.rule for r in found.results for f in r.findings] == ["request.valid"]


def test_a_call_repeated_after_a_refusal_is_advice_where_no_test_borders_are_known() -> None:
    found = run_command(command(VIOLATING, VIOLATING))
    assert broken(found) == ["request.valid"]
    assert [f.rule for r in found.results for f in r.findings] == [
        "request.valid",
        "error.not-retried",
    ]
    assert len(found.results) == 1


def test_a_failing_command_decides_the_exit_code() -> None:
    assert run_command(command(VIOLATING, code=7)).exit_code == 7


def test_a_command_that_makes_no_call_was_not_checked() -> None:
    found = run_command(command())
    assert found.exit_code == 3
    assert "made no call" in found.trouble[0]
    assert run_command(command(code=7)).exit_code == 7


def test_a_missing_command_could_not_run() -> None:
    with pytest.raises(CouldNotRun, match="no-such-command"):
        run_command(["no-such-command"])


def test_a_killed_run_leaves_nothing_after_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal holds the prompts of the user."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ours = [sys.executable, "-m", "aleph_contract", "exec", "-q", "--", sys.executable, "-c"]
    killing = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    killed = subprocess.run([*ours, killing], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir())
    subprocess.run([*ours, "pass"], check=False, capture_output=True)
    assert not list(tmp_path.iterdir())


def test_the_command_line_reports_and_exits_by_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    options = ["exec", "--report", "terminal", "--report", f"json:{report}", "--"]
    assert run([*options, *command(VIOLATING)]) == 1
    assert "request.valid" in capsys.readouterr().out
    assert json.loads(report.read_text())
    assert run([*options, *command(VALID)]) == 0


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        ({}, "2 calls to the fake, on the real service at unknown cost (no duration)"),
        ({"duration": 5}, "2 calls to the fake, on the real service 3.36 USD"),
        ({"duration": 1e-9}, "2 calls to the fake, on the real service under 0.01 USD"),
    ],
)
def test_billed_calls_never_cost_nothing(duration: dict[str, float], said: str) -> None:
    found = run_command(command(VALID | duration, VALID | duration))
    assert all(call.billed for result in found.results for call in result.exchanges)
    text = terminal(found)
    assert said in text
    assert "0.00 USD" not in text


def test_the_command_of_a_killed_run_is_ended(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    # The second child of `exec` is the process that watches it; it is started after the command.
    watched = 'until [ "$(ps -A -o ppid= | grep -cx " *$PPID")" -gt 1 ]; do sleep 0.01; done'
    waiting = "while sleep 0.1; do :; done"
    script = f"trap 'echo > {ended}; exit' TERM; {watched}; kill -9 $PPID; {waiting}"
    ours = [sys.executable, "-m", "aleph_contract", "exec", "--", "sh", "-c", script]
    begun = time.monotonic()
    assert subprocess.run(ours, check=False).returncode == -signal.SIGKILL
    while not ended.exists():
        assert time.monotonic() - begun < PATIENCE
        time.sleep(0.01)


def test_nothing_waits_for_a_command_that_has_ended() -> None:
    """A command that is not ended by us leaves no process behind, with any exit code."""
    before = descendants(os.getpid())
    assert run_command([sys.executable, "-c", "raise SystemExit(3)"]).command_exit == 3
    assert descendants(os.getpid()) == before
