"""The report for programs: one complete JSON document, described by `docs/report-schema.json`."""

from __future__ import annotations

import base64
from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import write_json
from aleph_contract.core.exchange import Exchange, as_json, decimal
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.reports.causes import changes_of
from aleph_contract.reports.summary import RuleRow, Summary, summarise

#: Version of the document's structure. A new member raises the second number; a changed meaning or
#: a removed member raises the first.
SCHEMA_VERSION = "1.2"


def render(verification: Verification) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(verification)) + "\n"


def document(verification: Verification) -> dict[str, Any]:
    """The report as a JSON value; an amount of money is an exact decimal string in USD."""
    summary = summarise(verification)
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "aleph-contract", "version": version.__version__},
        "mode": verification.mode,
        "model": verification.model,
        "contract_version": verification.contract_version,
        "profile": verification.profile,
        "seed": verification.seed,
        "client": {
            "name": verification.client.name,
            "version": verification.client.version,
            "language": verification.client.language,
        },
        "verdict": _verdict(verification, summary),
        "summary": {"total": summary.total, **verification.counts},
        "traffic": {
            "calls": summary.calls,
            "billed": summary.billed,
            "unpriced": summary.unpriced,
            "cost_usd": decimal(summary.cost),
        },
        "trouble": verification.trouble,
        "interrupted": verification.interrupted,
        "command_exit": verification.command_exit,
        "notes": verification.notes,
        "known_failing": {
            "unexpected_passes": verification.unexpected_passes,
            "stale": verification.stale,
        },
        "rules": [_rule(row) for row in summary.rules],
        "smallest": _smallest(summary),
        "causes": _causes(summary),
        "coverage": _coverage(verification, summary),
        "phases": [
            {"name": name, "seconds": _seconds(spent)} for name, spent in verification.phases
        ],
        "seconds": _seconds(verification.elapsed),
        "cases": [_case(result) for result in verification.results],
    }


def _verdict(verification: Verification, summary: Summary) -> dict[str, Any]:
    return {
        "word": summary.verdict.word,
        "sentence": summary.verdict.sentence,
        "exit_code": verification.exit_code,
        "examined": verification.examined,
        "unexamined_rules": verification.unexamined,
        "other_profile": verification.other_profile,
        "fail_on": verification.fail_on,
    }


def _causes(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "rule": problem.rule.id,
            "level": cause.finding.level,
            "message": cause.finding.message,
            "example": cause.example.name,
            "cases": cause.names,
        }
        for problem in (*summary.broken, *summary.advice)
        for cause in problem.causes
    ]


def _coverage(verification: Verification, summary: Summary) -> dict[str, Any]:
    members = ("model", "constraint", "polarity", "observed", "count")
    return {
        "constraints": [
            {name: getattr(row, name) for name in members} for row in verification.coverage
        ],
        "faults": [{"fault": row.fault, "played": row.played} for row in summary.faults],
    }


def _rule(row: RuleRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "sentence": row.sentence,
        "provenance": row.provenance,
        "level": row.level,
        "status": row.status,
        "examined": row.examined,
        "broken": row.broken,
        "advice": row.advised,
        "expected": row.expected,
    }


def _smallest(summary: Summary) -> dict[str, str]:
    """For each rule with a finding, the case that shows it best."""
    return {p.rule.id: p.example.name for p in (*summary.advice, *summary.broken)}


def _case(result: CaseResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "phase": result.phase,
        "status": result.status,
        "reason": result.reason,
        "expectation": result.expectation,
        "polarity": result.polarity,
        "constraint": result.constraint,
        "fault": result.fault,
        "profile": result.profile,
        "intended": result.intended,
        "changes": [
            {
                "pointer": change.pointer,
                "kind": change.kind,
                **({"intended": change.intended} if change.kind != "added" else {}),
                **({"sent": change.sent} if change.kind != "missing" else {}),
                "note": change.note,
            }
            for change in changes_of(result)
        ],
        "checked": result.checked,
        "findings": [
            {
                "rule": finding.rule,
                "level": finding.level,
                "message": finding.message,
                "cost_usd": decimal(finding.cost),
            }
            for finding in result.findings
        ],
        "outcome": None if result.outcome is None else _outcome(result.outcome),
        "exchanges": [_exchange(exchange) for exchange in result.exchanges],
        "curl": result.curl,
        "reproduce": result.reproduce,
        "seconds": _seconds(result.elapsed),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "kind": outcome.kind,
        "result": outcome.result,
        "video": outcome.result,
        "error": None
        if error is None
        else {
            "message": error.message,
            "stage": error.stage,
            "status": error.status,
            "code": error.code,
        },
        "reason": outcome.reason,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return as_json(exchange, _bytes) | {"seconds": _seconds(exchange.elapsed)}


def _bytes(raw: bytes) -> dict[str, str]:
    """Bytes as text if they are UTF-8, else as base64."""
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}


def _seconds(spent: float) -> float:
    return round(spent, 3)
