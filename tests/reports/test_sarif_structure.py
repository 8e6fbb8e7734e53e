"""Every command that judges writes SARIF that keeps the structural rules of the standard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_mutations
from recording_writers import write_har
from sample_runs import ALL, HOSTILE
from sarif_structure import check_sarif
from stub_server import Stub, serving

from aleph_contract.cli import run
from aleph_contract.core.results import Verification
from aleph_contract.mutation.records import MutationRun
from aleph_contract.reports.mutation import sarif as mutation_sarif
from aleph_contract.reports.sarif import render

ROOT = Path(__file__).parents[2]
BROKEN_CALL = (
    "import os, urllib.request as u; u.urlopen(u.Request(os.environ['CLOUDFLARE_BASE_URL'] + "
    "'/accounts/' + os.environ['CLOUDFLARE_ACCOUNT_ID'] + '/ai/run', b'{}', method='POST'))"
)


@pytest.mark.parametrize("sample", [*ALL.values(), HOSTILE])
def test_every_sample_keeps_the_structure(sample: Verification) -> None:
    check_sarif(json.loads(render(sample)))


@pytest.mark.parametrize("sample", sample_mutations.ALL.values(), ids=list(sample_mutations.ALL))
def test_every_mutation_run_keeps_the_structure(sample: MutationRun) -> None:
    results = check_sarif(json.loads(mutation_sarif.render(sample)))
    assert len(results) == len(sample.missed)


def test_mutate_writes_sarif(tmp_path: Path) -> None:
    path = tmp_path / "mutate.sarif"
    suite = f"try:\n    exec({BROKEN_CALL!r})\nexcept OSError:\n    pass"
    words = ["--max-mutants", "2", "--jobs", "1", "--fail-under", "100"]
    report = ["--report", f"sarif:{path}", "--", sys.executable, "-c", suite]
    assert run(["mutate", *words, *report]) == 1
    results = check_sarif(json.loads(path.read_text("utf-8")))
    assert len(results) == 2


def _written(words: list[str], path: Path) -> tuple[int, list[Any]]:
    first, rest = (words, []) if "--" not in words else _split(words)
    code = run([*first, "--report", f"sarif:{path}", *rest])
    return code, check_sarif(json.loads(path.read_text("utf-8")))


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    at = words.index("--")
    return words[:at], words[at:]


def test_judge_and_verify_server_write_sarif(tmp_path: Path) -> None:
    session = tmp_path / "session.har"
    entry = {
        "startedDateTime": "2026-01-01T12:00:00Z",
        "time": 1,
        "request": {
            "method": "POST",
            "url": "https://api.cloudflare.com/client/v4/accounts/a/ai/run",
            "headers": [],
            "postData": {"text": "{}"},
        },
        "response": {"status": 400, "headers": [], "content": {"size": 0, "text": ""}},
    }
    write_har(session, [entry])
    code, results = _written(["judge", str(session)], tmp_path / "judge.sarif")
    assert code == 1
    assert {"request.valid", "server.error-shape"} <= {x["ruleId"] for x in results}
    with serving(Stub(allows=lambda _: True, skips=("auth",))) as served:
        words = ["verify", "server", served.url, "--run", "boundary/seed/*", "--max-examples", "0"]
        code, results = _written(words, tmp_path / "server.sarif")
    assert code == 1
    assert {x["ruleId"] for x in results} == {"server.refuses"}


def test_exec_and_verify_client_write_sarif(tmp_path: Path) -> None:
    command = ["exec", "--", sys.executable, "-c", BROKEN_CALL]
    code, results = _written(command, tmp_path / "exec.sarif")
    assert code == 1
    assert "request.auth" in {x["ruleId"] for x in results}
    client = ["verify", "client", "--run", "examples", "--python"]
    client.append(f"{ROOT}/fixtures/clients/httpx_client.py:run")
    code, results = _written(client, tmp_path / "client.sarif")
    assert (code, results) == (0, [])


@pytest.mark.parametrize(
    ("place", "value"),
    [("level", "fatal"), ("messages", {}), ("message", {}), ("ruleIndex", 999), ("ruleId", "x")],
)
def test_a_log_that_breaks_a_rule_is_found(place: str, value: Any) -> None:
    log = json.loads(render(ALL["failing"]))
    log["runs"][0]["results"][0][place] = value
    with pytest.raises((jsonschema.ValidationError, AssertionError)):
        check_sarif(log)
