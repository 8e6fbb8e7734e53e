"""Judge a server: a pure function from one exchange to findings.

Driven cases, recordings and proxied traffic only produce the exchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from aleph_contract.cases.case import Case
from aleph_contract.cases.doubt import DoubtKind
from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import loads
from aleph_contract.core.results import Finding, Level
from aleph_contract.errors import JSONError
from aleph_contract.rules.judge import Judgement
from aleph_contract.rules.parsed_exchange import JSON_TYPE, media_type, read_reply
from aleph_contract.rules.server_request import (
    Asked,
    asked,
    doubt_about,
    error_problem,
    gray_reply,
    reply_problem,
)
from aleph_contract.rules.server_table import SERVER_RULES

#: Refusals that say nothing about the input: the caller, its credits or its rate was refused.
NOT_ABOUT_INPUT = frozenset({401, 402, 403, 407, 408, 425, 429})

#: Error codes of refusals that say nothing about the input either: no gateway, a failing provider,
#: a rejected key, a guardrail, data-loss prevention (documented), a model that is not sold that way
#: (observed).
OTHER_CODES = frozenset({2001, 2005, 2009, 2017, 2029, 2030, 2047})

#: Statuses that the network's edge answers with a page of its own (observed).
_FROM_EDGE = frozenset({403, 429})

_NOT_IMPLEMENTED = 501

#: Refusals that come before the run (observed order: route, token, model, input, then the run), so
#: they cost nothing. A 402, 422 or 424 may follow a run, and an unanswered call may have run.
FREE_REFUSALS = frozenset({400, 401, 404, 405, 413, 415, 429})

#: A log holds amounts as binary fractions: 1.6800000000000002 is 1.68.
_ROUNDING = Decimal("1.000001")


@dataclass(frozen=True, slots=True)
class ServerEvidence:
    """One exchange and what its request asks of the server.

    Args:
        exchange: The request and its reply.
        asked: See `Asked`.
        doubt: The kind of doubt about the input; `None` for a portable one.
        contract: The contract.
        checks_token: Whether the server is said to check tokens.
        charged: USD that the server took for the call; `None` if unknown.
    """

    exchange: Exchange
    asked: Asked
    doubt: DoubtKind | None
    contract: Contract
    checks_token: bool
    charged: Decimal | None = None

    @property
    def reply_class(self) -> str:
        """`2xx` to `5xx`; `none` without a complete reply."""
        status = self.exchange.status
        return "none" if status is None else f"{status // 100}xx"

    @property
    def told(self) -> bool:
        """Whether the reply accepts or refuses what was asked."""
        ignored = NOT_ABOUT_INPUT - ({401, 403} if self.asked == "auth" else set())
        if self.reply_class == "4xx":
            code = read_reply(self.exchange, self.contract).code
            return self.exchange.status not in ignored and code not in OTHER_CODES
        return self.reply_class == "2xx"


#: `None`: the exchange cannot break the rule; empty: it keeps it; else how it breaks it.
Verdict = str | None


def judge_server(
    exchange: Exchange,
    case: Case | None = None,
    contract: Contract | None = None,
    *,
    checks_token: bool = False,
    charged: Decimal | None = None,
) -> Judgement:
    """Judge one exchange by every server rule.

    Args:
        exchange: The request and its reply.
        case: The certified case that was sent; `None` if the request itself has to tell, as for an
            envelope probe or a recording.
        contract: The contract; the shipped one by default.
        checks_token: Whether the server is said to check tokens; without it `server.auth` is not
            examined.
        charged: USD that the server took for the call, as its bill or log says; without it
            `server.bill` is not examined.
    """
    contract = contract or Contract.load()
    evidence = ServerEvidence(
        exchange,
        asked(exchange, case, contract),
        doubt_about(exchange, case, contract),
        contract,
        checks_token,
        charged,
    )
    verdicts = {rule: check(evidence) for rule, check in SERVER_CHECKS.items()}
    return Judgement(
        checked=tuple(rule for rule, verdict in verdicts.items() if verdict is not None),
        findings=tuple(
            Finding(rule, _level(rule, evidence), verdict, exchange.cost)
            for rule, verdict in verdicts.items()
            if verdict
        ),
    )


def _accepts(evidence: ServerEvidence) -> Verdict:
    if evidence.asked != "valid" or not evidence.told:
        return None
    return "" if evidence.reply_class == "2xx" else f"refused a valid input: {_reply(evidence)}"


def _refusal_of(*kinds: Asked) -> Callable[[ServerEvidence], Verdict]:
    """A check that the server refuses requests with one of these defects."""

    def check(evidence: ServerEvidence) -> Verdict:
        if evidence.asked not in kinds or not evidence.told:
            return None
        if evidence.asked == "auth" and not evidence.checks_token:
            return None
        if evidence.reply_class == "4xx":
            return ""
        return f"accepted {_WORDS[evidence.asked]}: {_reply(evidence)}"

    return check


_WORDS: Mapping[Asked, str] = {
    "violating": "an input that the contract forbids",
    "route": "an unknown route or method",
    "auth": "a missing or wrong token",
    "content-type": "a body that is not declared as JSON",
    "json": "a body that is not a JSON object",
    "model": "an unknown or missing model",
}


def _reply_shape(evidence: ServerEvidence) -> Verdict:
    if evidence.asked != "valid" or evidence.reply_class != "2xx":
        return None
    return reply_problem(evidence.exchange, evidence.contract)


def _error_shape(evidence: ServerEvidence) -> Verdict:
    refused = evidence.reply_class == "4xx" and evidence.exchange.status not in _FROM_EDGE
    # A path outside the binding's protocol may be refused in the form of another protocol.
    outside = evidence.exchange.surface == "binding" and evidence.asked == "route"
    return error_problem(evidence.exchange) if refused and not outside else None


def _content_type(evidence: ServerEvidence) -> Verdict:
    exchange = evidence.exchange
    if exchange.status is None or not _is_container(exchange.response_body):
        return None
    headers = {name.lower(): value for name, value in exchange.response_headers}
    label = headers.get("content-type", "")
    right = label == JSON_TYPE if exchange.surface == "binding" else media_type(label) == JSON_TYPE
    return "" if right else f"the content type of a JSON reply is {label or 'absent'}"


def _is_container(body: bytes) -> bool:
    try:
        return isinstance(loads(body), (dict, list))
    except JSONError:
        return False


def _no_5xx(evidence: ServerEvidence) -> Verdict:
    exchange = evidence.exchange
    if exchange.status is None:
        return "no complete reply: the connection ended, or the time limit passed"
    if evidence.reply_class != "5xx":
        return ""
    unknown_method = exchange.method != "POST" and exchange.status == _NOT_IMPLEMENTED
    return "" if unknown_method else f"answered {_reply(evidence)}"


def _bill(evidence: ServerEvidence) -> Verdict:
    """The server takes the contract's price for a run, and nothing for a refusal before the run."""
    exchange, charged = evidence.exchange, evidence.charged
    if charged is None:
        return None
    if exchange.status in FREE_REFUSALS:
        right = Decimal(0)
    elif exchange.billed and exchange.billed_seconds is not None and exchange.cost:
        right = exchange.cost
    else:
        return None  # no document says what such a call costs
    if charged <= right * _ROUNDING:
        return ""
    return f"took {charged} USD for a call that costs {right} USD by the contract"


#: One check for each rule of `SERVER_RULES`.
SERVER_CHECKS: Mapping[str, Callable[[ServerEvidence], Verdict]] = {
    "server.accepts": _accepts,
    "server.refuses": _refusal_of("violating"),
    "server.reply-shape": _reply_shape,
    "server.error-shape": _error_shape,
    "server.content-type": _content_type,
    "server.no-5xx": _no_5xx,
    "server.auth": _refusal_of("auth"),
    "server.route": _refusal_of("route"),
    "server.model": _refusal_of("model"),
    "server.json": _refusal_of("json", "content-type"),
    "server.bill": _bill,
}

#: What no source decides: how a router words its own refusals, and whether another content type is
#: refused.
_UNDECIDED: frozenset[tuple[str, Asked]] = frozenset(
    {
        ("server.error-shape", "route"),
        ("server.error-shape", "json"),
        ("server.error-shape", "content-type"),
        ("server.error-shape", "unknown"),
        ("server.json", "content-type"),
        ("server.no-5xx", "unknown"),
    }
)


def _level(rule: str, evidence: ServerEvidence) -> Level:
    """The level of the rule, but advice for a gray input, a gray reply, and what is undecided."""
    gray_input = evidence.doubt is not None and rule in ("server.accepts", "server.refuses")
    gray = rule == "server.reply-shape" and gray_reply(evidence.exchange, evidence.contract)
    soft = gray_input or gray or (rule, evidence.asked) in _UNDECIDED
    return "advice" if soft else SERVER_RULES[rule].level


def _reply(evidence: ServerEvidence) -> str:
    verdict = read_reply(evidence.exchange, evidence.contract)
    code = "" if verdict.code is None else f" {verdict.code}"
    text = f", {verdict.message}" if verdict.kind == "refused" and verdict.message else ""
    return f"{evidence.exchange.status}{code}{text}"
