"""The report of a comparison as one JSON object."""

from __future__ import annotations

from typing import Any

from aleph_contract.core.escaping import write_json
from aleph_contract.evolution.records import Change, Comparison, Diff


def render(diff: Diff) -> str:
    """The report as indented JSON with a final line feed."""
    return write_json(document(diff)) + "\n"


def document(diff: Diff) -> dict[str, Any]:
    """The report as a JSON value."""
    return {
        "old": diff.old,
        "new": diff.new,
        **diff.counts,
        "models": [_comparison(each) for each in diff.comparisons if each.changes],
        "stale": list(diff.stale),
        "exit_code": diff.exit_code,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "model": comparison.model,
        "requests": comparison.requests,
        "replies": comparison.replies,
        "changes": [_change(change) for change in comparison.changes],
        "turned": [
            {"side": case.side, "case": case.name, "now": case.now, "rules": list(case.rules)}
            for case in comparison.turned
        ],
        "rules": list(comparison.rules),
    }


def _change(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {
        "class": change.classed,
        "side": change.side,
        "pointer": change.pointer,
        "reason": change.reason,
    }
    if not change.added:
        found["old"] = change.old
    if not change.removed:
        found["new"] = change.new
    if change.classed == "breaking":
        found["witness"] = change.witness
    if change.known:
        found["known"] = change.known
    return found
