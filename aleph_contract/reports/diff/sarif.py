"""The report of a comparison as SARIF 2.1.0 (OASIS standard).

Every change is one result; its rule is its class and side. It belongs to no line of source code,
so its location is logical: model and pointer. An accepted change is a suppressed result.
"""

from __future__ import annotations

from typing import Any

from aleph_contract import version
from aleph_contract.core.escaping import one_line, write_json
from aleph_contract.evolution.records import Change, Class, Comparison, Diff
from aleph_contract.reports.diff.texts import details, headline, verdict
from aleph_contract.reports.sarif import SARIF_VERSION, SCHEMA

#: The level in SARIF of each class.
_LEVELS: dict[Class, str] = {"breaking": "error", "unproved": "warning", "compatible": "note"}


def render(diff: Diff) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(diff)) + "\n"


def document(diff: Diff) -> dict[str, Any]:
    """The report as a JSON value: one log with one run."""
    rules = {_rule_id(change): change for change in diff.changes()}
    positions = {name: index for index, name in enumerate(rules)}
    stale = (f"{line} in the file of known changes matches no change" for line in diff.stale)
    run = {
        "tool": {
            "driver": {
                "name": "aleph-contract",
                "version": version.__version__,
                "rules": [_rule(change) for change in rules.values()],
            }
        },
        "automationDetails": {"id": "aleph-contract/diff/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": diff.exit_code,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": one_line(text)}} for text in stale
                ],
            }
        ],
        "results": [
            _result(comparison, change, positions)
            for comparison in diff.comparisons
            for change in comparison.changes
        ],
        "properties": {"verdict": verdict(diff), "old": diff.old, "new": diff.new},
    }
    return {"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [run]}


def _rule_id(change: Change) -> str:
    return f"diff.{change.classed}.{change.side}"


def _rule(change: Change) -> dict[str, Any]:
    return {
        "id": _rule_id(change),
        "shortDescription": {"text": f"A change is {change.title}."},
        "defaultConfiguration": {"level": _LEVELS[change.classed]},
    }


def _result(comparison: Comparison, change: Change, positions: dict[str, int]) -> dict[str, Any]:
    name = one_line(f"{comparison.model}#{change.side}{change.pointer}")
    rule = _rule_id(change)
    found: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": positions[rule],
        "level": _LEVELS[change.classed],
        "message": {"text": one_line("; ".join((headline(change), *details(change))))},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name}]}],
        "partialFingerprints": {"ruleAndPlace/v1": f"{rule} {name}"},
    }
    if change.known:
        justification = one_line(change.known)
        found["suppressions"] = [{"kind": "external", "justification": justification}]
    return found
