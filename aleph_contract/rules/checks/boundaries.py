"""Checks at the bounds of the contract: what the client accepts, refuses and repairs."""

from __future__ import annotations

from aleph_contract.rules.evidence import Evidence


def accepted(evidence: Evidence) -> str | None:
    """The client sends every valid input."""
    if evidence.polarity != "valid" or evidence.outcome is None or evidence.fault:
        return None
    if evidence.run_exchanges or evidence.reported_result:
        return ""
    if evidence.sent_astray:
        return None  # request.route reports it
    error = evidence.outcome.error
    if error is None:
        return f"did not send a valid input: {evidence.missing_report}"
    return f"refused a valid input before sending it: {error.message}"


def not_repaired(evidence: Evidence) -> str | None:
    """The client does not turn a violating input into a valid one."""
    if evidence.polarity != "violating":
        return None
    if any(map(evidence.repaired, evidence.sent)):
        return (
            "sent a valid input instead of the violating one it was given; right is an error, "
            "or the input unchanged"
        )
    return ""


def refusal_surfaced(evidence: Evidence) -> str | None:
    """The client reports the service's refusal as an error."""
    if evidence.polarity != "violating" or evidence.outcome is None:
        return None
    if evidence.last_reply is None:
        if evidence.reported_result:
            return "reported a result for a violating input that it did not send"
        return evidence.ended_without_report()
    if evidence.last_reply.kind != "refused":
        return None
    if evidence.reported_result:
        return f"reported a result although the service refused the input ({evidence.last_status})"
    return evidence.ended_without_report()


def refused_locally(evidence: Evidence) -> str | None:
    """The client refuses a violating input before it sends anything."""
    if evidence.polarity != "violating" or evidence.outcome is None:
        return None
    if not evidence.require_local_validation:
        return None
    return "sent a violating input; right is an error before sending" if evidence.calls else ""
