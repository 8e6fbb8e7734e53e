"""The SARIF report: every finding is a result, and the members that SARIF 2.1.0 requires."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.core.results import Verification
from aleph_contract.reports.sarif import render


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _run(verification: Verification) -> dict[str, Any]:
    (run,) = json.loads(render(verification))["runs"]
    return dict(run)


def test_every_finding_is_one_result_with_its_case_and_level() -> None:
    findings = [
        (finding.rule, {"must": "error", "advice": "warning"}[finding.level], case.name)
        for case in sample.FAILING.results
        for finding in case.findings
    ]
    results = _run(sample.FAILING)["results"]
    assert findings == [
        (x["ruleId"], x["level"], x["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
        for x in results
    ]


def test_an_expected_failure_is_suppressed_with_its_reason_and_no_other_is() -> None:
    suppressed = {
        x["ruleId"]: x["suppressions"]
        for x in _run(sample.FAILING)["results"]
        if "suppressions" in x
    }
    reason = "the seed is an int32 until version 2"
    assert suppressed == {"error.surfaced": [{"kind": "external", "justification": reason}]}


def test_what_is_no_finding_is_a_notification() -> None:
    texts = [
        note["message"]["text"]
        for run in (sample.FAILING, sample.TROUBLED, sample.EMPTY)
        for note in _run(run)["invocations"][0]["toolExecutionNotifications"]
    ]
    assert texts == [
        "boundary/seed/maximum/on passed although the known-failing file expects it to fail",
        "boundary/sead/* in the known-failing file matches no case",
        "node client.js: ended with code 1 before it sent its hello",
        "the run was interrupted",
        "example/timed could not be run: result for an unknown case 'c9'",
        "the command made no call to the fake",
    ]


@pytest.mark.parametrize(
    ("run", "successful", "code"),
    [(sample.PASSING, True, 0), (sample.FAILING, True, 1), (sample.TROUBLED, False, 3)],
)
def test_a_check_that_was_not_carried_out_is_no_successful_execution(
    run: Verification, successful: bool, code: int
) -> None:
    (invocation,) = _run(run)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (successful, code)


@pytest.mark.parametrize("run", [*sample.ALL.values(), sample.HOSTILE])
def test_the_members_that_the_standard_requires_are_there(run: Verification) -> None:
    """Sections 3.13 (log), 3.14 (run), 3.19 (component), 3.27 (result), 3.49 (rule)."""
    log = json.loads(render(run))
    assert log["version"] == "2.1.0"
    made = _run(run)
    driver = made["tool"]["driver"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert driver["name"]
    assert len(ids) == len(set(ids))
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    for result in made["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert isinstance(result["message"]["text"], str)
    (invocation,) = made["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
