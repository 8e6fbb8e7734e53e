"""How each rule is judged: one function per rule, bound in one table.

A function returns `None` where the case could not have broken the rule, the empty string where
the client kept it, and otherwise a sentence that says how it was broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aleph_contract.contract.validate import validate
from aleph_contract.core.exchange import Exchange, ReportedError
from aleph_contract.core.jsonvalue import dumps, same
from aleph_contract.rules import FINAL_STATUSES, MAX_TRIES
from aleph_contract.rules.evidence import Evidence
from aleph_contract.rules.parsed_exchange import BOM, SentInput, header, read_reply
from aleph_contract.schema.validation.violations import leaves

#: Clocks of client and server tick apart: a wait shorter by this share is forgiven.
WAIT_TOLERANCE = 0.05


# -- the request ------------------------------------------------------------------------------


def _route(e: Evidence) -> str | None:
    if not e.calls:
        if e.polarity == "valid" and not e.fault and (error := _sent_astray(e)):
            return f"no request reached the account's route: {error.message}"
        return None
    astray = next((x for x in e.calls if x.method != "POST" or x.outcome == "no-route"), None)
    return f"sent {astray.method} {astray.target}" if astray else ""


def _sent_astray(e: Evidence) -> ReportedError | None:
    """The error of a client that says it sent something, where nothing arrived."""
    error = e.outcome.error if e.outcome and not e.exchanges else None
    return error if error and error.stage in ("api", "transport") else None


def _auth(e: Evidence) -> str | None:
    looked_at = [x for x in e.posts if x.credential != "none"]
    wrong = next((x for x in looked_at if x.credential != "accepted"), None)
    if wrong is None:
        return "" if looked_at else None
    return "sent no bearer token" if wrong.credential == "missing" else "sent another token"


def _content_type(e: Evidence) -> str | None:
    declared = [(x, header(x, "content-type") or "") for x in e.posts]
    sent = [kind for x, kind in declared if kind or x.request_complete]  # else who knows
    wrong = next((t for t in sent if not _is_json(t)), None)
    if wrong is None:
        return "" if sent else None
    return f"declared its body as {wrong}" if wrong else "declared no content type"


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _model(e: Evidence) -> str | None:
    named = [r for r in e.requests if not r.problem or r.model is not None]
    wrong = next((r for r in named if r.model != e.contract.model), None)
    if wrong is None:
        return "" if named else None
    return f"named the model {dumps(wrong.model)}, not {dumps(e.contract.model)}"


def _valid(e: Evidence) -> str | None:
    if e.polarity == "violating":
        return None
    for request in e.requests:
        problem = request.problem or _violations(e, request.input)
        if problem:
            return f"sent an input that the contract refuses: {problem}"
    return "" if e.requests else None


def _violations(e: Evidence, value: Any) -> str:
    return "; ".join(v.message for v in leaves(validate(value, e.contract)))


def _faithful(e: Evidence) -> str | None:
    if e.polarity is None or not e.requests:
        return None
    for request in e.requests:
        if request.problem:
            continue  # request.valid speaks of it
        if request.repeated:
            return f"wrote the key {request.repeated[0]!r} more than once"
        if not same(e.intended, request.input) and not _repaired(e, request):
            return "sent another input than it was given"
    return ""


def _repaired(e: Evidence, request: SentInput) -> bool:
    return e.polarity == "violating" and not request.problem and not _violations(e, request.input)


def _once(e: Evidence) -> str | None:
    if e.outcome is None:
        return None
    completed = [r for r in e.replies if r.kind == "completed"]
    if len(completed) > 1:
        return f"made {len(completed)} billed calls for one run"
    if e.polarity == "valid" and not e.exchanges and e.took_result:
        return "reported a result without a call"
    return "" if completed else None


# -- the bounds -------------------------------------------------------------------------------


def _accepted(e: Evidence) -> str | None:
    if e.polarity != "valid" or e.outcome is None or e.fault:
        return None
    if e.exchanges or e.took_result:
        return ""
    if _sent_astray(e):
        return None  # request.route speaks of it
    error = e.outcome.error
    return f"refused a valid input before sending it: {error.message if error else e.silent}"


def _not_repaired(e: Evidence) -> str | None:
    if e.polarity != "violating":
        return None
    if any(_repaired(e, request) for request in e.requests):
        return "turned a violating input into a valid one and sent that"
    return ""


def _refusal_surfaced(e: Evidence) -> str | None:
    if e.polarity != "violating" or e.outcome is None:
        return None
    if e.last is None:
        return "reported a result for an input it never sent" if e.took_result else _ended(e)
    if e.last.kind != "refused":
        return None
    return "reported a result where the service refused" if e.took_result else _ended(e)


def _ended(e: Evidence) -> str:
    return f"made no report: {e.silent}" if e.silent else ""


def _refused_locally(e: Evidence) -> str | None:
    if e.polarity != "violating" or not e.local or e.outcome is None:
        return None
    return "sent a violating input" if e.calls else ""


# -- the answer -------------------------------------------------------------------------------


def _video(e: Evidence) -> str | None:
    if e.outcome is None or e.last is None or e.last.kind != "completed" or e.last.gray:
        return None
    if e.took_result:
        if e.outcome.video == e.last.video:
            return ""
        if _swapped(e):
            return None  # concurrency.no-crosstalk speaks of it
        return f"reported {_show(e.outcome.video)} where the answer held {_show(e.last.video)}"
    if e.outcome.error is not None:
        return f"reported an error for a completed run: {e.outcome.error.message}"
    return f"reported nothing for a completed run: {e.silent}"


def _show(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _state(e: Evidence) -> str | None:
    if e.outcome is None or e.last is None or e.last.kind != "unfinished":
        return None
    return f"reported a result although {e.last.message}" if e.took_result else _ended(e)


def _malformed(e: Evidence) -> str | None:
    if e.outcome is None or e.last is None:
        return None
    if e.last.gray == BOM:
        return None
    if e.last.kind == "completed" and e.last.gray:
        return f"reported a result although {e.last.gray}" if e.took_result else ""
    torn = e.last.kind == "cut" and e.exchanges[-1].status is not None
    if e.last.kind != "malformed" and not torn:
        return None
    return f"reported a result although {e.last.message}" if e.took_result else _ended(e)


# -- failures ---------------------------------------------------------------------------------


def _surfaced(e: Evidence) -> str | None:
    if e.outcome is None or e.last is None or e.polarity == "violating":
        return None
    unanswered = e.last.kind == "cut" and e.exchanges[-1].status is None
    if e.last.kind not in ("refused", "redirect") and not unanswered:
        return None
    if e.took_result:
        status = e.exchanges[-1].status
        answer = f"the answer was {status}" if status else "the connection broke"
        return f"reported a result although {answer}"
    return _ended(e)


def _identified(e: Evidence) -> str | None:
    error = e.outcome.error if e.outcome else None
    if error is None or e.last is None or e.last.kind != "refused" or e.last.code is None:
        return None
    status = e.exchanges[-1].status
    facts = {
        "status": (error.status, status),
        "code": (error.code, e.last.code),
        "message": (None, e.last.message),
    }
    lost = [
        name
        for name, (told, fact) in facts.items()
        if fact and str(told) != str(fact) and not _told(str(fact), error.message)
    ]
    return f"lost the {' and the '.join(lost)} of the failure" if lost else ""


def _told(fact: str, message: str) -> bool:
    """Whether a message holds a fact, as it is or inside the JSON it came in."""
    return fact in message or dumps(fact)[1:-1] in message


def _pairs(e: Evidence) -> list[tuple[Exchange, Exchange]]:
    """Each call with the one that repeats it next."""
    if e.polarity is not None:
        return list(zip(e.calls, e.calls[1:]))  # noqa: B905 - neighbours
    bodies: dict[tuple[str, bytes], Exchange] = {}
    pairs = []
    for call in e.calls:
        key = (call.account, call.request_body)
        if key in bodies:
            pairs.append((bodies[key], call))
        bodies[key] = call
    return pairs


def _not_retried(e: Evidence) -> str | None:
    final = [x for x in e.calls if x.status in FINAL_STATUSES]
    again = next((first for first, _ in _pairs(e) if first.status in FINAL_STATUSES), None)
    if again is None:
        return "" if final else None
    return f"repeated a call that was answered {again.status}"


def _paid_once(e: Evidence) -> str | None:
    doubtful = [x for x in e.calls if x.billed and read_reply(x).kind != "completed"]
    again = sum(1 for first, _ in _pairs(e) if first in doubtful)
    if not again:
        return "" if doubtful else None
    calls = "a call" if again == 1 else f"{again} calls"
    return f"repeated {calls} that may already have been billed"


def _bounded(e: Evidence) -> str | None:
    limited = [x for x in e.calls if x.status == 429 or (x.status or 0) >= 500]  # noqa: PLR2004
    if not limited:
        return None
    if e.polarity is not None and len(e.calls) > MAX_TRIES:
        return f"tried {len(e.calls)} times"
    for first, second in _pairs(e):
        wait = _retry_after(first)
        waited = second.received_at - (first.received_at + first.elapsed)
        if wait and waited < wait * (1 - WAIT_TOLERANCE):
            return f"waited {waited:.2f} s where Retry-After asked for {wait:g} s"
    return ""


def _retry_after(exchange: Exchange) -> float:
    headers = {name.lower(): value for name, value in exchange.response_headers}
    value = headers.get("retry-after", "")
    return float(value) if value.isdigit() else 0.0


# -- security and concurrency -----------------------------------------------------------------


def _token_host(e: Evidence) -> str | None:
    elsewhere = [x for x in e.exchanges if x.outcome == "elsewhere"]
    redirected = any(r.kind == "redirect" for r in e.replies)
    followed = next((x for x in elsewhere if x.credential == "accepted"), None)
    if followed is not None:
        return f"sent the token to {followed.host} after a redirect"
    return "" if redirected or elsewhere else None


def _token_leak(e: Evidence) -> str | None:
    places = [*e.leaks, *("the URL or the body" for x in e.exchanges if x.token_leaked)]
    if places:
        return f"put the token into {places[0]}"
    return "" if e.exchanges or e.outcome else None


def _swapped(e: Evidence) -> str | None:
    if e.outcome is None or not isinstance(e.outcome.video, str):
        return None
    own = e.last.video if e.last else None
    return None if e.outcome.video == own else e.others.get(e.outcome.video)


def _no_crosstalk(e: Evidence) -> str | None:
    if not e.others or not e.exchanges:
        return None
    other = _swapped(e)
    return f"reported the result of {other}" if other else ""


#: Every rule with the function that judges it, in the order of `rules.RULES`.
CHECKS: dict[str, Callable[[Evidence], str | None]] = {
    "request.route": _route,
    "request.auth": _auth,
    "request.content-type": _content_type,
    "request.model": _model,
    "request.valid": _valid,
    "request.faithful": _faithful,
    "request.once": _once,
    "boundary.accepted": _accepted,
    "boundary.not-repaired": _not_repaired,
    "boundary.refusal-surfaced": _refusal_surfaced,
    "boundary.refused-locally": _refused_locally,
    "response.video": _video,
    "response.state": _state,
    "response.malformed": _malformed,
    "error.surfaced": _surfaced,
    "error.identified": _identified,
    "error.not-retried": _not_retried,
    "billing.paid-once": _paid_once,
    "error.bounded": _bounded,
    "security.token-host": _token_host,
    "security.token-leak": _token_leak,
    "concurrency.no-crosstalk": _no_crosstalk,
}
