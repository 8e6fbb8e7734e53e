"""Checks of the request: route, token, content type, model, input, number of calls."""

from __future__ import annotations

from aleph_contract.core.escaping import join_first, truncate
from aleph_contract.core.exchange import Exchange, model_in_path
from aleph_contract.core.jsonvalue import dumps, same
from aleph_contract.rules.diff import diff
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.parsed_exchange import JSON_TYPE, OTHER_SUCCESS, header, media_type

#: The documented requests of each surface.
_ROUTES = {
    "rest": "POST {base_url}/accounts/{account_id}/ai/run",
    "binding": "POST /run or /ai-gateway/run",
}

#: Longest query that a finding quotes.
MAX_QUERY = 80


def route(evidence: Evidence) -> str | None:
    """The client calls the documented route with POST."""
    if not evidence.calls:
        if evidence.polarity == "valid" and not evidence.fault and (error := evidence.sent_astray):
            return (
                f"no request arrived at {_ROUTES['rest']}: {error.message}; does it use the base"
                " URL that it is given?"
            )
        return None
    for call in evidence.calls:
        if call.method != "POST" or call.outcome == "no-route":
            return f"sent {call.method} {_target(call)} instead of {_ROUTES[call.surface]}"
        in_path = call.surface == "rest" and bool(model_in_path(call.target))
        if call.surface == "rest" and evidence.contract.in_path is not in_path:
            right = f"{_ROUTES['rest']}/{evidence.contract.model}"
            return f"sent {call.method} {_target(call)} instead of {right}"
    return ""


def _target(call: Exchange) -> str:
    """The target of a call, without the account and the query, which differ from case to case."""
    path, mark, _ = call.target.partition("?")
    named = path.replace(call.account, "…") if call.account else path
    return f"{named}?…" if mark else named


def auth(evidence: Evidence) -> str | None:
    """The client sends the account's own token as a bearer token."""
    checked = [call for call in evidence.posts if call.credential != "none"]
    wrong = next((call for call in checked if call.credential != "accepted"), None)
    if wrong is None:
        return "" if checked else None
    if wrong.credential == "missing":
        return "sent no header Authorization: Bearer <token>"
    return "sent a header Authorization that is not Bearer and the account's token"


def content_type(evidence: Evidence) -> str | None:
    """The client declares its body as JSON."""
    declared = [(call, header(call, "content-type") or "") for call in evidence.posts]
    # A request that broke off may have lost the header: its absence proves nothing.
    values = [value for call, value in declared if value or call.request_complete]
    wrong = next((value for value in values if media_type(value) != JSON_TYPE), None)
    if wrong is None:
        return "" if values else None
    sent = f"declared its body as {wrong}" if wrong else "declared no content type"
    return f"{sent} instead of {JSON_TYPE}"


def model(evidence: Evidence) -> str | None:
    """The client sends the exact model id."""
    named = [sent.model for sent in evidence.sent if not sent.problem or sent.model is not None]
    expected = evidence.contract.model
    wrong = [name for name in named if name != expected]
    if wrong:
        return f"sent the model {dumps(wrong[0])} instead of {dumps(expected)}"
    return "" if named else None


def envelope(evidence: Evidence) -> str | None:
    """The client sends nothing that is not documented around the input."""
    for sent in evidence.sent:
        if sent.beside:
            names = join_first(map(dumps, sent.beside))
            return f"sent members beside the documented ones: {names}"
    for call in evidence.posts:
        query = call.target.partition("?")[2]
        if query and call.surface == "rest":
            return f"sent a query in the URL: ?{truncate(query, MAX_QUERY)}"
    return "" if evidence.posts else None


def valid(evidence: Evidence) -> str | None:
    """The client sends an input that the contract allows."""
    if evidence.polarity == "violating":
        return None
    for sent in evidence.sent:
        if sent.problem:
            return f"sent no readable input: {sent.problem}"
        if violations := evidence.violations(sent):
            return f"sent an input that violates the contract: {violations}"
    return "" if evidence.sent else None


def faithful(evidence: Evidence) -> str | None:
    """The client sends exactly the input it was given."""
    if evidence.polarity is None or not evidence.sent:
        return None
    for sent in evidence.sent:
        if sent.problem:
            continue  # request.valid reports it
        if sent.repeated:
            return f"sent the key {dumps(sent.repeated[0])} more than once"
        if not same(evidence.intended, sent.input) and not evidence.repaired(sent):
            changes = (
                f"{change.kind} {change.pointer or 'the whole input'}"
                for change in diff(evidence.intended, sent.input)
            )
            return f"sent another input: {join_first(changes)}"
    return ""


def once(evidence: Evidence) -> str | None:
    """The client makes exactly one billed call per successful run."""
    if evidence.outcome is None:
        return None
    # A client may read a 202 as an error; if it then calls again, that is billing.paid-once.
    completed = [
        reply
        for reply in evidence.replies
        if reply.kind == "completed" and reply.gray != OTHER_SUCCESS
    ]
    if len(completed) > 1:
        return f"made {len(completed)} billed calls for one run; one is right"
    if evidence.polarity == "valid" and not evidence.run_exchanges and evidence.reported_result:
        return "reported a result without making a call"
    return "" if completed else None
