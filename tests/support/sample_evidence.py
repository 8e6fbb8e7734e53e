"""Evidence of one case: a conformant call, a refused one, and changes of these."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sample_traffic import CONTRACT, EXAMPLE, VIOLATING, call

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.outcome import Outcome, ReportedError
from aleph_contract.rules.evidence import Evidence

INPUT = {**EXAMPLE.input, "seed": 0}
VIDEO = EXAMPLE.reply["result"]["video"]
REPLY = json.dumps(EXAMPLE.reply).encode()
REFUSAL = {
    "errors": [{"message": "Invalid value at seed", "code": 7003}],
    "success": False,
    "result": {},
    "messages": [],
}


def body(given: Any, **more: Any) -> bytes:
    return json.dumps({"model": CONTRACT.model, "input": given, **more}).encode()


def exchange(given: Any = INPUT, **changes: Any) -> Exchange:
    """A conformant call and its completed reply, with changes."""
    seen = call(request_body=body(given), billed=True, cost=Decimal("1.68"))
    return replace(seen, **changes)


def refused(given: Any = INPUT, status: int = 400, **changes: Any) -> Exchange:
    """A call that the service refuses."""
    return exchange(
        given,
        **{
            "status": status,
            "response_body": json.dumps(REFUSAL).encode(),
            "outcome": "invalid",
            "billed": False,
            **changes,
        },
    )


def replied(value: Any, content_type: str = "application/json") -> Exchange:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return exchange(response_body=raw, response_headers=(("content-type", content_type),))


RESULT = Outcome("result", result=VIDEO)
ERROR = Outcome("error", error=ReportedError("something went wrong"))


def evidence(*exchanges: Exchange, outcome: Outcome | None = RESULT, **more: Any) -> Evidence:
    if outcome is ERROR and exchanges:
        known = ReportedError("Invalid value at seed", "api", exchanges[-1].status, 7003)
        outcome = Outcome("error", error=known)
    return Evidence(
        CONTRACT, outcome, exchanges, **{"intended": INPUT, "polarity": "valid", **more}
    )


def violating(*exchanges: Exchange, outcome: Outcome | None = ERROR, **more: Any) -> Evidence:
    return evidence(*exchanges, outcome=outcome, intended=VIOLATING, polarity="violating", **more)


def bare(**result: Any) -> dict[str, Any]:
    return {"state": "Completed", "result": result}


TWICE = (refused(status=503, billed=True), exchange(number=2))
LIMITED = refused(
    status=429, outcome="fault", response_headers=(("Retry-After", "2"),), received_at=0.0
)
REDIRECT = exchange(status=307, response_body=b"", outcome="fault", billed=False)
ELSEWHERE = exchange(outcome="elsewhere", host="localhost:1", number=2)
