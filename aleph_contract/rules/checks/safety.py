"""Checks of the token and of concurrent runs."""

from __future__ import annotations

from aleph_contract.core.exchange import REDACTED, TOKEN_HEADERS, Exchange
from aleph_contract.rules.evidence import Evidence


def token_host(evidence: Evidence) -> str | None:
    """The client never sends the token to another host."""
    elsewhere = [x for x in evidence.exchanges if x.outcome == "elsewhere"]
    carried = next((x for x in elsewhere if x.credential == "accepted" or x.token_leaked), None)
    if carried is not None:
        file = _result_file(evidence, carried)
        sent = f"sent the token with the download of {file}" if file else "sent the token"
        return f"{sent} to {carried.host}, which only a reply of the service names"
    tempted = any(
        reply.kind == "redirect" or (reply.kind == "refused" and "://" in reply.message)
        for reply in evidence.replies
    )
    return "" if tempted or elsewhere else None


def _result_file(evidence: Evidence, exchange: Exchange) -> str:
    """The name of the file that a request asks for, if the reply of a completed run names it."""
    file = exchange.target.partition("?")[0].rpartition("/")[2]
    replies = (call.response_body for call in evidence.calls if call.outcome == "completed")
    return file if file and any(file.encode() in reply for reply in replies) else ""


def token_leak(evidence: Evidence) -> str | None:
    """The client puts the token into the Authorization header only."""
    if evidence.leaks:
        return f"put the token into {evidence.leaks[0]}"
    leaked = next((x for x in evidence.exchanges if x.token_leaked), None)
    if leaked is not None:
        return f"put the token into {_leak(leaked)}"
    return "" if evidence.exchanges or evidence.outcome else None


def _leak(exchange: Exchange) -> str:
    """The part of a request that holds the token, which the journal has replaced."""
    if REDACTED in exchange.target:
        return "the URL"
    if any(name == REDACTED for name, _ in exchange.request_headers):
        return "the name of a header"
    header = next(
        (
            name
            for name, value in exchange.request_headers
            if REDACTED in value and name not in TOKEN_HEADERS
        ),
        None,
    )
    return f"the header {header}" if header else "the body"


def no_crosstalk(evidence: Evidence) -> str | None:
    """The client returns to each of several concurrent runs its own result."""
    if not evidence.other_results or not evidence.run_exchanges:
        return None
    other = evidence.swapped_with
    return f"reported the result of {other} instead of its own" if other else ""
