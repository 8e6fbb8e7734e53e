"""The table of failures: status, code and message of each, on both surfaces, with provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from aleph_contract.core.exchange import SurfaceName
from aleph_contract.schema.validation.violations import Located
from fake_server.replies import zod_messages

Profile = Literal["documented", "live"]
Provenance = Literal["schema", "documented", "observed", "assumed"]

#: The shapes of a successful REST reply: bare, as on the documentation page; wrapped in the API's
#: envelope, as six sources observed. On the binding the reply is bare in both profiles.
PROFILES: Mapping[Profile, Provenance] = {"documented": "documented", "live": "observed"}

JSON_TYPE = "application/json"

_USER_ERROR = "Model execution failed (User Input Error): "

#: The class of a failure, in the message of a run that failed.
_CLASS = re.compile(r"Model execution failed \(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which the service refuses a request or fails.

    Args:
        status: HTTP status.
        code: `errors[0].code`; on the binding `internalCode`.
        message: `errors[0].message`; a template of `str.format`, filled from the request.
        outcome: A key of `OUTCOMES`.
        provenance: How well status, code and message are known.
        title: One line that says what happened.
        description: The binding's `description`, unless it is the class that the message names.
        second: Code and message of `errors[1]`, if the body has two errors.
        null_result: Whether `result` is `null` and the keys are in the order result, success,
            errors, messages, as in authentication failures (observed).
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
    second: tuple[int, str] | None = None

    def describe(self, message: str) -> str:
        """The binding's `description`: the bare class of the failure, without its detail.

        A Worker sees only this text, such as `7003: User Input Error` (observed, ten projects).
        """
        named = _CLASS.match(message)
        return self.description or (named[1] if named else message)


#: Every failure of the service, in the order of its checks: route, authentication, request, model,
#: input, gateway, provider.
FAILURES: Mapping[str, Failure] = {
    "no-route": Failure(
        400, 7003, "Could not route to {target}, perhaps your object identifier is invalid?",
        "no-route", "observed",
        "no such route; the body has a second error, 7000 `No route for that URI`",
        null_result=True, second=(7000, "No route for that URI"),
    ),
    "wrong-method": Failure(
        405, 10405, "Method not allowed for this route", "no-route", "assumed",
        "the route takes only POST", headers=(("allow", "POST"),),
    ),
    "malformed-account": Failure(
        404, 7003, "Could not route to {target}, perhaps your object identifier is invalid?",
        "no-route", "observed", "the account id is malformed", null_result=True,
    ),
    "token-missing": Failure(
        400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
        "unauthenticated", "assumed", "no Authorization header", null_result=True,
    ),
    "token-malformed": Failure(
        400, 6003, "Invalid request headers", "unauthenticated", "assumed",
        "an Authorization header without a bearer token", null_result=True,
    ),
    "token-wrong": Failure(
        401, 10000, "Authentication error", "unauthenticated", "observed",
        "the token does not belong to the account", null_result=True,
    ),
    "verify-token-missing": Failure(
        400, 1001, 'Missing "Authorization" header', "unauthenticated", "observed",
        "no Authorization header in the check of a token", null_result=True,
    ),
    "verify-token-wrong": Failure(
        401, 1000, "Invalid API Token", "unauthenticated", "observed",
        "the check of a token that no account accepts", null_result=True,
    ),
    "token-of-another-account": Failure(
        403, 10000, "Authentication error", "forbidden", "assumed",
        "the token belongs to another account", null_result=True,
    ),
    "bad-framing": Failure(
        400, 7002, "Malformed HTTP request: {reason}", "malformed", "assumed",
        "the request is not valid HTTP/1.1",
    ),
    "head-too-large": Failure(
        431, 7002, "Request head is larger than {limit} bytes", "malformed", "assumed",
        "request line and headers are larger than the fake's limit",
    ),
    "body-too-large": Failure(
        413, 7002, "Request body is larger than {limit} bytes", "malformed", "assumed",
        "the body is larger than the fake's limit",
    ),
    "content-encoding": Failure(
        415, 7002, "Content-Encoding {actual} is not accepted; send the body uncompressed",
        "malformed", "assumed", "the body is compressed",
    ),
    "content-type": Failure(
        415, 7002, "Content-Type must be application/json, received {actual}",
        "malformed", "assumed", "the content type is missing, or is not JSON in UTF-8",
    ),
    "malformed-json": Failure(
        400, 7002, "Could not parse the request body as JSON: {reason}", "malformed", "assumed",
        "the body is not JSON",
    ),
    "malformed-gateway-header": Failure(
        400, 7002, "Invalid value of header {name}: {reason}", "malformed", "assumed",
        "the value of a gateway header is outside its documented range",
    ),
    "unknown-fault": Failure(
        400, 7002, "No fault is named {name}; the faults are: {known}", "malformed", "assumed",
        "a token or gateway id names a fault that does not exist",
    ),
    "unknown-model": Failure(
        404, 7003, "Model not found: {model}", "unknown-model", "observed", "no such model",
        description="User Input Error",
    ),
    "field-missing": Failure(
        400, 7003, _USER_ERROR + "Required value missing: {path}", "invalid", "observed",
        "a required field is missing",
    ),
    "field-invalid": Failure(
        400, 7003, _USER_ERROR + "Invalid value at {path}: {detail}", "invalid", "observed",
        "a field breaks the schema (for an unknown field: assumed)",
    ),
    "no-credits": Failure(
        402, 2021, "Insufficient balance; add money to your gateway or use BYOK",
        "no-credits", "observed", "the run costs more than the credits",
        description="Insufficient AI Gateway credits",
    ),
    "spend-limit": Failure(
        429, 2045, "Spend limit exceeded: rule '{rule}' (cost limit {usd} per {period}s, fixed)"
        " for {provider} {name}", "spend-limit", "observed", "the run would exceed the spend limit",
    ),
    "spend-cap": Failure(
        402, 2021, "aleph-contract did not send this run: {reason}", "spend-cap", "assumed",
        "the fake in front of an upstream may not spend that much (the message is ours)",
    ),
    "not-unified": Failure(
        402, 2021, "This model is not available via unified billing. Please use BYOK.", "fault",
        "observed", "the model is not sold through unified billing; this never passes",
    ),
    "not-unified-2047": Failure(
        402, 2047, "This model is not available via unified billing. Please use BYOK.", "fault",
        "observed", "the same with another code (one report since 2026-10-01)",
    ),
    "wholesale-limit": Failure(
        402, 2021, "Wholesale rate limit exceeded for this gateway. Please reduce request rate or"
        " use BYOK.", "fault", "observed",
        "the rate limit of all customers under unified billing; it passes by itself",
    ),
    "wholesale-limit-429": Failure(
        429, 2018, "Wholesale rate limit exceeded for this gateway. Please reduce request rate or"
        " use BYOK.", "fault", "observed", "the same with another status and code",
        description="Invalid User Credentials",
    ),
    "key-rejected": Failure(
        401, 2009, "The provider rejected the API key", "fault", "documented",
        "the provider rejects the key that the user brought (the message is assumed)",
    ),
    "key-rejected-unified": Failure(
        503, 2009, "The provider rejected the API key", "fault", "documented",
        "the provider rejects the key of unified billing (the message is assumed)",
    ),
    "key-required": Failure(
        400, 2009, "Provider credentials are required by this gateway", "fault", "documented",
        "the gateway requires provider credentials and there are none (code and message are"
        " assumed)",
    ),
    "source-unreachable": Failure(
        400, 7003, _USER_ERROR + "Failed to fetch the source", "fault", "observed",
        "the provider cannot fetch the source video or an image (seen once, on another video"
        " model; the end of the message is assumed)",
    ),
    "url-in-error": Failure(
        400, 7003, _USER_ERROR + "Invalid input. See {elsewhere} for details", "fault", "assumed",
        "a refusal whose message holds a URL on another host",
    ),
    "request-timeout": Failure(
        408, 7000, "Request timeout", "fault", "assumed",
        "the request took too long to arrive; nothing ran",
    ),
    "conflict": Failure(
        409, 7000, "Conflict", "fault", "assumed", "the request conflicts with another one",
    ),
    "too-early": Failure(
        425, 7000, "Too early", "fault", "assumed", "the request came as early data of TLS",
    ),
    "rate-limited": Failure(
        429, 2003, "Rate limited", "fault", "observed", "too many requests; no Retry-After",
    ),
    "gateway-missing": Failure(
        400, 2001, "Please configure AI Gateway in the Cloudflare dashboard", "fault", "observed",
        "the gateway does not exist (seen on the binding)",
    ),
    "guardrail-blocked": Failure(
        422, 2017, "Prompt or response was blocked by guardrails", "fault", "documented",
        "a guardrail blocked the prompt or the response (the message is assumed)",
    ),
    "guardrail-unavailable": Failure(
        503, 7013, "Guardrails are unavailable", "fault", "documented",
        "the guardrail scanner is unavailable (the message is assumed)",
    ),
    "dlp-request": Failure(
        424, 2029, "Request was blocked by data loss prevention", "fault", "documented",
        "data-loss prevention blocked the request (the message is assumed)",
        headers=(("cf-aig-dlp", '{"findings":[],"action":"BLOCK","check":"REQUEST"}'),),
    ),
    "dlp-response": Failure(
        424, 2030, "Response was blocked by data loss prevention", "fault", "documented",
        "data-loss prevention blocked the response (the message is assumed)",
        headers=(("cf-aig-dlp", '{"findings":[],"action":"BLOCK","check":"RESPONSE"}'),),
    ),
    "content-refused": Failure(
        402, 2021, "Model execution failed (Payment error)", "fault", "observed",
        "the provider refused the content",
    ),
    "provider-failed": Failure(
        400, 2005, "Failed to get response from provider", "fault", "observed",
        "the provider failed (seen on other models)",
    ),
    "internal-error": Failure(
        500, 7000, "Internal server error", "fault", "assumed", "the service failed",
    ),
    "bad-gateway": Failure(
        502, 7000, "Bad gateway", "fault", "assumed", "a server behind the service failed",
    ),
    "unavailable": Failure(
        503, 7000, "Service unavailable", "fault", "assumed", "the service is overloaded or down",
    ),
    "gateway-timeout": Failure(
        504, 7000, "Gateway timeout", "fault", "assumed",
        "the run took longer than the gateway waits",
    ),
}  # fmt: skip


class Refused(Exception):  # noqa: N818 - a decision of the service, not an error of ours
    """The service refuses a request with a failure of the table.

    Args:
        name: Key of `FAILURES`.
        **values: Values of the placeholders in the failure's message.
    """

    def __init__(self, name: str, /, **values: object) -> None:
        super().__init__(name)
        self.failure = FAILURES[name]
        self.message = self.failure.message.format_map(values)
        if len(self.message) > _MAX_QUOTED:
            values = {name: _short(str(value)) for name, value in values.items()}
            self.message = self.failure.message.format_map(values)


def _short(text: str) -> str:
    """Truncate a value that a message quotes from the request."""
    return text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 1] + "…"


_MAX_QUOTED = 4000  # characters


def refusal(violation: Located | None) -> Refused:
    """The refusal of an input that breaks the schema; the message names its first violation."""
    if violation is None:
        return Refused("field-invalid", path="input", detail="Invalid input")
    if violation.keyword == "required":
        return Refused("field-missing", path=zod_messages.missing(violation))
    return Refused(
        "field-invalid", path=zod_messages.path(violation), detail=zod_messages.detail(violation)
    )


def failure_body(
    failure: Failure, message: str, surface: SurfaceName = "rest", request_id: str = ""
) -> bytes:
    """The response body of a failure on a surface (observed)."""
    code = failure.code
    if surface == "binding":
        return _written(
            {
                "success": False,
                "result": [],
                "messages": [],
                "error": [{"code": code, "message": message}],
                "name": "AiGatewayError",
                "httpCode": failure.status,
                "internalCode": code,
                "message": message,
                "description": failure.describe(message),
                "requestId": request_id,
            }
        )
    if failure.null_result:
        pairs = [(code, message), *([failure.second] if failure.second else [])]
        errors = [{"code": code, "message": message} for code, message in pairs]
        return _written({"result": None, "success": False, "errors": errors, "messages": []})
    errors = [{"message": message, "code": code}]
    return _written({"errors": errors, "success": False, "result": {}, "messages": []})


def _written(body: dict[str, Any]) -> bytes:
    """What `compact` writes, faster: a body without fractions reads the same from orjson."""
    try:
        return orjson.dumps(body)
    except TypeError:  # a lone surrogate
        return compact(body)


def compact(document: Any) -> bytes:
    """Serialize to JSON without spaces; lone surrogates become `?`, since UTF-8 has none."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
