"""The report as SARIF 2.1.0, the format of code scanners (OASIS standard).

Every finding is one result. A finding belongs to a case and not to a line of source code, so its
location is logical: the name of the case. An expected failure is a suppressed result. A case that
could not be run is a notification of the invocation: SARIF keeps these apart from results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import one_line, write_json
from aleph_contract.core.results import CaseResult, Finding, Level, Verification
from aleph_contract.reports.summary import RuleRow, Summary, summarise

SARIF_VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

#: The level in SARIF of each level of a finding.
_LEVELS: dict[Level, str] = {"must": "error", "advice": "warning"}


def render(verification: Verification) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(verification)) + "\n"


def document(verification: Verification) -> dict[str, Any]:
    """The report as a JSON value: one log with one run."""
    summary = summarise(verification)
    positions = {row.id: index for index, row in enumerate(summary.rules)}
    run = {
        "tool": {"driver": _driver(summary)},
        "automationDetails": {"id": f"aleph-contract/{verification.mode}/"},
        "invocations": [_invocation(summary)],
        "results": [
            _result(finding, case, positions)
            for case in verification.results
            for finding in case.findings
        ],
        "properties": _properties(summary),
    }
    return {"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [run]}


def _driver(summary: Summary) -> dict[str, Any]:
    return {
        "name": "aleph-contract",
        "version": version.__version__,
        "rules": [_rule(row) for row in summary.rules],
    }


def _rule(row: RuleRow) -> dict[str, Any]:
    sentence = f"The {row.subject} {row.sentence}." if row.sentence else row.id
    return {
        "id": row.id,
        "shortDescription": {"text": one_line(sentence)},
        "help": {"text": one_line(f"aleph-contract explain {row.id}")},
        "defaultConfiguration": {"level": _LEVELS[row.level]},
        "properties": {"provenance": row.provenance, "examined": row.examined},
    }


def _result(finding: Finding, case: CaseResult, positions: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": positions[finding.rule],
        "level": _LEVELS[finding.level],
        "message": {"text": one_line(finding.message)},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": one_line(case.name)}]}],
        "partialFingerprints": {"ruleAndCase/v1": one_line(f"{finding.rule} {case.name}")},
    }
    if case.status == "expected":
        reason = one_line(case.reason)
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    if case.reproduce:
        result["properties"] = {"reproduce": one_line(case.reproduce)}
    return result


def _invocation(summary: Summary) -> dict[str, Any]:
    code = summary.verification.exit_code
    return {
        "executionSuccessful": summary.verdict.word != "not-checked",
        "exitCode": code,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": one_line(text)}}
            for level, text in _notifications(summary.verification)
        ],
    }


def _notifications(run: Verification) -> Iterator[tuple[str, str]]:
    """Level and text of everything that the results do not show."""
    yield from (("error", text) for text in run.trouble)
    if run.interrupted:
        yield "error", "the run was interrupted"
    for case in run.results:
        if case.status == "could-not-run":
            yield "error", f"{case.name} could not be run: {case.reason}"
    for name in run.unexpected_passes:
        yield "error", f"{name} passed although the known-failing file expects it to fail"
    for line in run.stale:
        yield "error", f"{line} in the known-failing file matches no case"
    yield from (("note", text) for text in run.notes)


def _properties(summary: Summary) -> dict[str, Any]:
    run = summary.verification
    return {
        "verdict": summary.verdict.word,
        "sentence": one_line(summary.verdict.sentence),
        "client": summary.client_name,
        "model": run.model,
        "contractVersion": run.contract_version,
        "profile": run.profile,
        "seed": run.seed,
        "cases": {"total": summary.total, **run.counts},
    }
