"""Read an exchange as a server's judge does: what was asked, and what the reply lacks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from aleph_contract.cases.case import Case
from aleph_contract.cases.doubt import DoubtKind
from aleph_contract.cases.portability import Portability
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.exchange import COMPLETED, INPUT_KEY, Exchange, model_in_path
from aleph_contract.core.jsonvalue import loads, repeated_keys
from aleph_contract.errors import JSONError
from aleph_contract.rules.parsed_exchange import (
    BOM,
    JSON_TYPE,
    header,
    media_type,
    read_reply,
)
from aleph_contract.schema.pointers import plain

#: What a request asks of the server. `valid` and `violating` are about the input; every other one
#: names the first defect of the request, in the order in which the service checks it.
Asked = Literal["valid", "violating", "route", "auth", "content-type", "json", "model", "unknown"]

#: The routes of a run: on REST below an account, on the binding with or without a gateway.
_ROUTES = {
    "rest": re.compile(r"/accounts/[^/?]+/ai/run(/[^?]+)?"),
    "binding": re.compile(r"/(ai-gateway/)?run"),
}

_MODEL_HEADER = "cf-consn-model-id"


def asked(exchange: Exchange, case: Case | None, contract: Contract) -> Asked:
    """What a request asks of the server.

    Args:
        exchange: The request and its reply.
        case: The case that was sent, if the request is one; its polarity is certified.
        contract: The contract that the request is read by.
    """
    if case is not None:
        return case.polarity
    if not exchange.request_complete:
        return "unknown"
    if exchange.method != "POST" or not _is_run(exchange, contract):
        return "route"
    if exchange.credential in ("missing", "refused"):
        return "auth"
    if media_type(header(exchange, "content-type") or "") != JSON_TYPE:
        return "content-type"
    return _asked_by_body(exchange, contract)


def _is_run(exchange: Exchange, contract: Contract) -> bool:
    path = exchange.target.partition("?")[0]
    found = _ROUTES[exchange.surface].search(path)
    if found is None or found.end() != len(path):
        return False
    return exchange.surface == "binding" or bool(found[1]) == contract.in_path


def _asked_by_body(exchange: Exchange, contract: Contract) -> Asked:
    try:
        body = loads(exchange.request_body)
    except JSONError:
        return "json"
    in_path = exchange.surface == "rest" and contract.in_path
    if not isinstance(body, dict) and not in_path:
        return "json"
    if _model(exchange, body, in_path=in_path) != contract.model:
        return "model"
    if in_path:
        given = body
    elif INPUT_KEY[exchange.surface] in body:
        given = body[INPUT_KEY[exchange.surface]]
    else:
        return "violating"
    return "valid" if validator_for(contract).is_valid(given) else "violating"


def _model(exchange: Exchange, body: Any, *, in_path: bool) -> Any:
    if in_path:
        return model_in_path(exchange.target)
    return header(exchange, _MODEL_HEADER) if exchange.surface == "binding" else body.get("model")


def doubt_about(exchange: Exchange, case: Case | None, contract: Contract) -> DoubtKind | None:
    """The kind of doubt about the input of a request; `None` for a portable one."""
    if case is not None:
        return case.doubt.kind if case.doubt else None
    try:
        body = loads(exchange.request_body)
    except JSONError:
        return None
    if repeated_keys(body):
        return "carriage"
    in_path = exchange.surface == "rest" and contract.in_path
    given = body if in_path or not isinstance(body, dict) else body.get(INPUT_KEY[exchange.surface])
    doubt = _portability(contract).doubt(plain(given))
    return doubt.kind if doubt else None


@lru_cache(maxsize=16)
def _portability(contract: Contract) -> Portability:
    return Portability(contract)


def reply_problem(exchange: Exchange, contract: Contract) -> str:
    """Why a successful reply is not the documented one; empty if it is, bare or in the envelope."""
    body = exchange.response_body
    try:
        value = loads(body.removeprefix(b"\xef\xbb\xbf"))
    except JSONError as error:
        return f"the reply is not JSON: {error}"
    verdict = read_reply(exchange, contract)
    if verdict.kind == "cut":
        return verdict.message
    run = value
    if isinstance(value, dict) and "success" in value and "state" not in value:
        if value["success"] is not True:
            return "success is not true in a reply with a 2xx"
        if exchange.surface == "binding":
            return "the reply is wrapped in the REST envelope"
        run = value.get("result")
    return _run_problem(run, contract)


def _run_problem(run: Any, contract: Contract) -> str:
    result = run
    if isinstance(run, dict) and "state" in run:
        if run["state"] != COMPLETED:
            return f"the state is {run['state']}, not {COMPLETED}"
        if "result" not in run:
            return "the reply has no result"
        result = run["result"]
    elif _documents_state(contract):
        return "the reply has no state"
    violations = validator_for(contract.output_schema).violations(result)
    return f"the result breaks the output schema: {violations[0].message}" if violations else ""


def _documents_state(contract: Contract) -> bool:
    replies = [example.reply for example in contract.examples]
    return bool(replies) and all(isinstance(r, dict) and "state" in r for r in replies)


def gray_reply(exchange: Exchange, contract: Contract) -> bool:
    """Whether no source calls the reply wrong: an unfinished run, or a byte order mark."""
    verdict = read_reply(exchange, contract)
    return verdict.kind == "unfinished" or verdict.gray == BOM


def error_problem(exchange: Exchange) -> str:
    """Why the body of a refusal is not the documented one; empty if it is."""
    try:
        value = loads(exchange.response_body)
    except JSONError:
        return "the refusal is not JSON"
    key = "errors" if exchange.surface == "rest" else "error"
    errors = value.get(key) if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return f'the refusal has no "{key}" list'
    missing = [name for name in ("code", "message") if first.get(name) in (None, "")]
    return f"the error has no {' and no '.join(missing)}" if missing else ""
