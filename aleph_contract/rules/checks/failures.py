"""Checks after a failure: what the client keeps of the error, and when it calls again."""

from __future__ import annotations

from aleph_contract.core.escaping import truncate
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.retry_after import retry_after
from aleph_contract.rules.table import MAX_TRIES

#: Share of Retry-After by which a wait may be too short, since clocks of client and server differ.
WAIT_TOLERANCE = 0.05

#: Seconds from which a run is long: shorter than time-outs that fire in production. Of the default
#: of ky, 10 s, the fake sees 8 s on a faster clock: the client counts its computing time too.
LONG_CALL = 2.0

#: Longest message of the service that a finding quotes.
_MAX_QUOTED = 80


def identified(evidence: Evidence) -> str | None:
    """The reported error keeps status, code and message of the failure."""
    error = evidence.outcome.error if evidence.outcome else None
    reply = evidence.last_reply
    if error is None or reply is None or reply.kind != "refused" or reply.code is None:
        return None
    facts = (
        ("status", error.status, evidence.last_status),
        ("code", error.code, reply.code),
        ("message", None, reply.message),
    )
    lost = {
        name: truncate(str(fact), _MAX_QUOTED)
        for name, reported, fact in facts
        if fact and str(reported) != str(fact) and not _mentions(error.message, str(fact))
    }
    if not lost:
        return ""
    return (
        f"its error lacks the {' and the '.join(lost)} of the failure: {', '.join(lost.values())}"
    )


def _mentions(message: str, fact: str) -> bool:
    """Whether a message contains a fact, as plain text or escaped as in JSON."""
    return fact in message or dumps(fact)[1:-1] in message


def not_retried(evidence: Evidence) -> str | None:
    """The client never repeats a call that fails again."""
    repeats = evidence.repeats
    for call, repeat in zip(evidence.calls[:-1], repeats):  # noqa: B905 - all but the last
        if repeat == "never":
            return f"repeated a call that was answered {call.status}"
    return "" if "never" in repeats else None


def paid_once(evidence: Evidence) -> str | None:
    """The client does not repeat a call that may have been billed."""
    calls = zip(evidence.calls, evidence.repeats, strict=True)
    in_doubt = [call.billed and repeat == "if-unbilled" for call, repeat in calls]
    repeated = sum(in_doubt[:-1])
    if repeated:
        billed = "a call" if repeated == 1 else f"{repeated} calls"
        return f"repeated {billed} that may already have been billed"
    return "" if any(in_doubt) else None


def awaited(evidence: Evidence) -> str | None:
    """The client does not give up on a run that is still going."""
    runs = [x for x in evidence.posts if x.billed and x.fault is None and x.elapsed >= LONG_CALL]
    left = sum(x.outcome == "cut" and x.status is None for x in runs)
    stuck = evidence.outcome is not None and evidence.outcome.kind == "stuck"
    if not runs or stuck:  # the driver ended a stuck client
        return None
    if not left:
        return ""
    if left == 1:
        return "gave up on a run that was still going; the run is billed, and its result is lost"
    return f"gave up on {left} runs that were still going; each is billed, and its result is lost"


def bounded(evidence: Evidence) -> str | None:
    """The client gives up after some tries, and waits at least Retry-After."""
    calls, repeats = evidence.calls, evidence.repeats
    if {None, "never"}.issuperset(repeats):
        return None
    if evidence.polarity is not None and len(calls) > MAX_TRIES:
        return f"made {len(calls)} calls for one run; at most {MAX_TRIES} are allowed"
    for first, repeat, second in zip(calls, repeats, calls[1:]):  # noqa: B905 - neighbours
        replied_at = first.received_at + first.elapsed
        wait = 0.0 if repeat == "never" else _retry_after(first, replied_at)
        waited = second.received_at - replied_at
        if wait and waited < wait * (1 - WAIT_TOLERANCE):
            return f"waited {waited:.2f} s before the next call; Retry-After asked for {wait:.3g} s"
    return ""


def _retry_after(exchange: Exchange, replied_at: float) -> float:
    """Seconds that the Retry-After header asks for; 0 without one."""
    headers = {name.lower(): value for name, value in exchange.response_headers}
    return retry_after(headers.get("retry-after", ""), replied_at)
