"""How each rule is judged: one function per rule, bound in one table.

A check takes the evidence of one case and returns

- `None` if the case could not break the rule (for example, it made no call),
- the empty string if the client kept the rule,
- otherwise one sentence: what the client did, and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable

from aleph_contract.rules.checks import boundaries, failures, replies, requests, safety
from aleph_contract.rules.evidence import Evidence

Check = Callable[[Evidence], str | None]

#: Every rule with the function that judges it, in the order of `rules.RULES`.
CHECKS: dict[str, Check] = {
    "request.route": requests.route,
    "request.auth": requests.auth,
    "request.content-type": requests.content_type,
    "request.model": requests.model,
    "request.envelope": requests.envelope,
    "request.valid": requests.valid,
    "request.faithful": requests.faithful,
    "request.once": requests.once,
    "boundary.accepted": boundaries.accepted,
    "boundary.not-repaired": boundaries.not_repaired,
    "boundary.refusal-surfaced": boundaries.refusal_surfaced,
    "boundary.refused-locally": boundaries.refused_locally,
    "response.result": replies.result,
    "response.state": replies.state,
    "response.malformed": replies.malformed,
    "error.surfaced": replies.surfaced,
    "error.identified": failures.identified,
    "error.not-retried": failures.not_retried,
    "billing.paid-once": failures.paid_once,
    "billing.result-awaited": failures.awaited,
    "error.bounded": failures.bounded,
    "security.token-host": safety.token_host,
    "security.token-leak": safety.token_leak,
    "concurrency.no-crosstalk": safety.no_crosstalk,
}
