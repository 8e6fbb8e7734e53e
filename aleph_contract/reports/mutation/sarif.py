"""The report of a mutation run as SARIF 2.1.0: a result for each mutant that no test noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import one_line, write_json
from aleph_contract.mutation.records import MutantResult, MutationRun
from aleph_contract.reports.mutation.summary import (
    RuleGap,
    change,
    gaps,
    remedy,
    sentence,
    unscored,
    witness,
)
from aleph_contract.reports.sarif import SARIF_VERSION, SCHEMA


def render(run: MutationRun) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(run)) + "\n"


def document(run: MutationRun) -> dict[str, Any]:
    """The report as a JSON value: one log with one run."""
    found = gaps(run)
    log = {
        "tool": {
            "driver": {
                "name": "aleph-contract",
                "version": version.__version__,
                "rules": [_rule(gap) for gap in found],
            }
        },
        "automationDetails": {"id": "aleph-contract/mutate/"},
        "invocations": [
            {
                "executionSuccessful": run.score is not None and not run.interrupted,
                "exitCode": run.exit_code,
                "toolExecutionNotifications": list(_notifications(run)),
            }
        ],
        "results": [
            _result(result, index) for index, gap in enumerate(found) for result in gap.missed
        ],
        "properties": {
            "score": run.score,
            "denominator": run.denominator,
            "sentence": sentence(run),
            "classes": run.counts,
        },
    }
    return {"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [log]}


def _rule(gap: RuleGap) -> dict[str, Any]:
    return {
        "id": gap.id,
        "shortDescription": {"text": one_line(gap.sentence or gap.id)},
        "help": {"text": one_line(f"aleph-contract explain {gap.id}")},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(result: MutantResult, index: int) -> dict[str, Any]:
    mutant = result.mutant
    text = (
        f"No test notices {mutant.mutation.id}: {mutant.mutation.title} "
        f"({' '.join(change(result))}). Test: {witness(result)}. "
        f"To notice it, {remedy(result)}."
    )
    return {
        "ruleId": result.rule,
        "ruleIndex": index,
        "level": "error" if result.kind == "paid-twice" else "warning",
        "message": {"text": one_line(text)},
        "locations": [_location(mutant.calls[0].test)],
        "partialFingerprints": {"mutant/v1": one_line(mutant.id)},
    }


def _location(test: str) -> dict[str, Any]:
    """The test; its file too, where the name is a node id of pytest."""
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": one_line(test)}]}
    file, separator, _ = test.partition("::")
    if separator:
        location["physicalLocation"] = {"artifactLocation": {"uri": one_line(file)}}
    return location


def _notifications(run: MutationRun) -> Iterator[dict[str, Any]]:
    if run.interrupted:
        yield _notification("error", "the run was interrupted")
    for result in unscored(run):
        yield _notification("warning", f"{result.mutant.id} could not run: {result.reason}")
    for note in run.notes:
        yield _notification("note", note)


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": one_line(text)}}
