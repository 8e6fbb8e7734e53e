"""The report for machines: one JSON document, whole, as `docs/report-schema.json` describes it."""

from __future__ import annotations

import base64
from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import write_json
from aleph_contract.core.exchange import Exchange, Outcome, as_json, decimal
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.reports.summary import RuleRow, Summary, changes_of, summarise

#: Version of the document's shape. A new member raises the second number, a change of meaning or
#: a member that goes raises the first.
SCHEMA_VERSION = "1.0"


def render(run: Verification) -> str:
    """The report as indented JSON, with a final line feed."""
    return write_json(document(run)) + "\n"


def document(run: Verification) -> dict[str, Any]:
    """The report as a JSON value; money is a decimal string in USD, exact."""
    told = summarise(run)
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "aleph-contract", "version": version.__version__},
        "mode": run.mode,
        "model": run.model,
        "contract_version": run.contract_version,
        "profile": run.profile,
        "seed": run.seed,
        "client": {
            "name": run.client.name,
            "version": run.client.version,
            "language": run.client.language,
        },
        "verdict": {
            "word": told.verdict.word,
            "sentence": told.verdict.sentence,
            "exit_code": run.exit_code,
        },
        "summary": {"total": told.total, **run.counts},
        "traffic": {
            "calls": told.calls,
            "billed": told.billed,
            "unpriced": told.unpriced,
            "cost_usd": decimal(told.cost),
        },
        "trouble": run.trouble,
        "interrupted": run.interrupted,
        "command_exit": run.command_exit,
        "notes": run.notes,
        "known_failing": {"unexpected_passes": run.unexpected_passes, "stale": run.stale},
        "rules": [_rule(row) for row in told.rules],
        "smallest": _smallest(told),
        "coverage": {
            "constraints": [
                {
                    "constraint": row.constraint,
                    "polarity": row.polarity,
                    "observed": row.observed,
                    "count": row.count,
                }
                for row in run.coverage
            ],
            "faults": [{"fault": row.fault, "played": row.played} for row in told.faults],
        },
        "phases": [{"name": name, "seconds": _seconds(spent)} for name, spent in run.phases],
        "seconds": _seconds(run.elapsed),
        "cases": [_case(result) for result in run.results],
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


def _smallest(told: Summary) -> dict[str, str]:
    """Of each rule with a finding, the case with the smallest input that shows it."""
    return {p.rule.id: p.example.name for p in (*told.advice, *told.broken)}


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
        "video": outcome.video,
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
    """Bytes as text where they are UTF-8, else in base 64: nothing is lost either way."""
    try:
        return {"text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}


def _seconds(spent: float) -> float:
    return round(spent, 3)
