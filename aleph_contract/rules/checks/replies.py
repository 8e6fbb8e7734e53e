"""Checks of the report: a result only from a completed run, an error from any other reply."""

from __future__ import annotations

from typing import Any

from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.parsed_exchange import EITHER_IS_RIGHT, is_reported


def result(evidence: Evidence) -> str | None:
    """The client returns the result of the reply unchanged."""
    outcome, reply = evidence.outcome, evidence.last_reply
    if outcome is None or reply is None or reply.kind != "completed" or reply.gray:
        return None
    if evidence.reported_result:
        if is_reported(outcome.result, reply):
            return ""
        if evidence.swapped_with:
            return None  # concurrency.no-crosstalk reports it
        return f"reported {_show(outcome.result)}, but the reply has {_show(reply.result)}"
    if outcome.error is not None:
        return f"reported an error for a completed run: {outcome.error.message}"
    return f"reported nothing for a completed run: {evidence.missing_report}"


def _show(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def state(evidence: Evidence) -> str | None:
    """The client returns no result from a run that is not completed."""
    reply = evidence.last_reply
    if evidence.outcome is None or reply is None or reply.kind != "unfinished":
        return None
    return _no_result(evidence, reply.message)


def malformed(evidence: Evidence) -> str | None:
    """The client reports an error for a malformed reply."""
    reply = evidence.last_reply
    if evidence.outcome is None or reply is None or reply.gray in EITHER_IS_RIGHT:
        return None
    if reply.kind == "completed" and reply.gray:
        # A completed run with a gray reply: an error and a result are both acceptable.
        return f"reported a result although {reply.gray}" if evidence.reported_result else ""
    cut_off = reply.kind == "cut" and evidence.last_status is not None
    return _no_result(evidence, reply.message) if cut_off or reply.kind == "malformed" else None


def surfaced(evidence: Evidence) -> str | None:
    """The client reports each failure of the service as an error."""
    reply = evidence.last_reply
    if evidence.outcome is None or reply is None or evidence.polarity == "violating":
        return None
    status = evidence.last_status
    unanswered = reply.kind == "cut" and status is None
    if reply.kind not in ("refused", "redirect") and not unanswered:
        return None
    return _no_result(evidence, f"the status is {status}" if status else "the connection broke")


def _no_result(evidence: Evidence, problem: str) -> str:
    """What a client did wrong if it reported a result, or nothing, where an error is due."""
    if evidence.reported_result:
        return f"reported a result although {problem}"
    return evidence.ended_without_report()
