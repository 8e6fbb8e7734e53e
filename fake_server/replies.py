"""One table of replies: what is answered when, on both surfaces, and how well that is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aleph_contract.contract import Contract
from aleph_contract.exchange import Surface
from aleph_contract.validation import Violation

Profile = Literal["documented", "live"]
Provenance = Literal["schema", "documented", "observed", "assumed"]

PROFILES: tuple[Profile, ...] = ("documented", "live")

#: Every word of `Exchange.outcome`, with what it says.
OUTCOMES = {
    "completed": "the run was completed, and billed",
    "invalid": "the input breaks the contract",
    "malformed": "the request cannot be read: framing, encoding, content type, JSON",
    "unauthenticated": "no token, or a wrong one",
    "forbidden": "the token of another account",
    "unknown-model": "no such model",
    "no-route": "no such route, or a method it does not take",
    "no-credits": "the account's credits do not suffice",
    "spend-limit": "the account's spend limit would be exceeded",
    "fault": "a scripted fault was answered",
    "cut": "the connection ended before the answer did, as scripted or by the client",
    "elsewhere": "a redirect was followed to the fake's other host name",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which the service refuses or fails, as it stands on the wire.

    Args:
        status: HTTP status.
        code: `errors[0].code`; on the binding `internalCode`.
        message: `errors[0].message`, a template of `str.format`.
        outcome: The word of `OUTCOMES` for it.
        provenance: How well status, code and message are known.
        title: What happened, in words.
        description: The binding's `description`, where it differs from the message.
        null_result: `"result": null`, with the keys in the order result, success, errors,
            messages, as authentication failures have it (observed).
        headers: Further response headers.
    """

    status: int
    code: int
    message: str
    outcome: str
    provenance: Provenance
    title: str
    description: str = ""
    null_result: bool = False
    headers: tuple[tuple[str, str], ...] = ()


_USER_ERROR = "Model execution failed (User Input Error): "

#: Every failure of the service, by name.
FAILURES: Mapping[str, Failure] = {
    "no-route": Failure(
        400, 7000, "No route for that URI", "no-route", "observed",
        "no such route; status and code are assumed", null_result=True,
    ),
    "wrong-method": Failure(
        405, 10405, "Method not allowed for this URI", "no-route", "assumed",
        "the route takes another method", headers=(("allow", "POST"),),
    ),
    "malformed-account": Failure(
        404, 7003, "Could not route to {path}, perhaps your object identifier is invalid?",
        "no-route", "observed", "the account id is not one", null_result=True,
    ),
    "token-missing": Failure(
        400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
        "unauthenticated", "assumed", "no Authorization header", null_result=True,
    ),
    "token-malformed": Failure(
        400, 6003, "Invalid request headers", "unauthenticated", "assumed",
        "an Authorization header that holds no bearer token", null_result=True,
    ),
    "token-wrong": Failure(
        401, 10000, "Authentication error", "unauthenticated", "observed",
        "the token is not the account's", null_result=True,
    ),
    "token-of-another-account": Failure(
        403, 10000, "Authentication error", "forbidden", "assumed",
        "the token is another account's", null_result=True,
    ),
    "too-large": Failure(
        413, 7011, "Request body is larger than {limit} bytes", "malformed", "assumed",
        "the body is larger than the fake reads",
    ),
    "content-type": Failure(
        415, 7009, "Content-Type must be application/json, not {actual}", "malformed", "assumed",
        "the content type is missing, or not JSON",
    ),
    "content-encoding": Failure(
        415, 7010, "Content-Encoding {actual} is not accepted", "malformed", "assumed",
        "the body is compressed",
    ),
    "malformed-json": Failure(
        400, 7008, "Could not parse request body as JSON: {reason}", "malformed", "assumed",
        "the body is not JSON",
    ),
    "malformed-body": Failure(
        400, 7003, _USER_ERROR + "Invalid value at {field}: Invalid input: expected {expected}, "
        "received {received}", "malformed", "assumed",
        "the body is JSON, but no run request",
    ),
    "incomplete": Failure(
        400, 7012, "Request body ended early", "malformed", "assumed",
        "the body is shorter than its framing says, or badly framed",
    ),
    "unknown-model": Failure(
        404, 7003, "Model not found: {model}", "unknown-model", "observed", "no such model",
    ),
    "field-missing": Failure(
        400, 7003, _USER_ERROR + "Required value missing: {path}", "invalid", "observed",
        "a required field is missing",
    ),
    "field-invalid": Failure(
        400, 7003, _USER_ERROR + "Invalid value at {path}: {detail}", "invalid", "observed",
        "a field breaks the schema",
    ),
    "no-credits": Failure(
        402, 2021, "Insufficient balance; add money to your gateway or use BYOK",
        "no-credits", "observed", "the credits do not suffice",
        description="Insufficient AI Gateway credits",
    ),
    "spend-limit": Failure(
        429, 2045, "Spend limit exceeded: rule '{rule}' (cost limit {limit} per {period}s, fixed)"
        " for {provider} {model}", "spend-limit", "observed", "the spend limit would be exceeded",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, headers without those of the transport, body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    outcome: str


class Refused(Exception):  # noqa: N818 - a decision of the service, not an error of ours
    """A request is refused with a failure of the table."""

    def __init__(self, name: str, **values: object) -> None:
        super().__init__(name)
        self.failure = FAILURES[name]
        self.message = self.failure.message.format(**values)


def failure_body(failure: Failure, message: str, surface: Surface, request_id: str) -> bytes:
    """The body of a failure as the surface shows it."""
    build = _binding_failure if surface == "binding" else _rest_failure
    return json.dumps(build(failure, message, request_id), separators=(",", ":")).encode()


def _rest_failure(failure: Failure, message: str, request_id: str) -> dict[str, Any]:  # noqa: ARG001
    if failure.null_result:
        errors = [{"code": failure.code, "message": message}]
        return {"result": None, "success": False, "errors": errors, "messages": []}
    errors = [{"message": message, "code": failure.code}]
    return {"errors": errors, "success": False, "result": {}, "messages": []}


def _binding_failure(failure: Failure, message: str, request_id: str) -> dict[str, Any]:
    return {
        "success": False,
        "result": [],
        "messages": [],
        "error": [{"code": failure.code, "message": message}],
        "name": "AiGatewayError",
        "httpCode": failure.status,
        "internalCode": failure.code,
        "message": message,
        "description": failure.description or message,
        "requestId": request_id,
    }


def refusal(violation: Violation) -> Refused:
    """The refusal of an input, in the observed wording (Zod's)."""
    path = ".".join(part for part in violation.instance.split("/") if part)
    if violation.keyword == "required":
        missing = f"{path}.{violation.limit}" if path else str(violation.limit)
        return Refused("field-missing", path=missing)
    return Refused("field-invalid", path=path or "input", detail=violation.message)
