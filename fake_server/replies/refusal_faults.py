"""Faults that refuse a run or fail with an error: status 4xx or 5xx and a body of the API."""

from __future__ import annotations

from fake_server.replies.fault import BROKEN, BUSY, REFUSED, Fault, failure, raw_reply, reply

#: Rules about a refusal that carries no code, so that nothing of it can be kept.
_NAMELESS = ("error.surfaced", "error.not-retried")

#: Rules about a refusal that a later call may pass.
_PASSES = ("error.surfaced", "error.identified", "error.bounded")


def _limited(form: str, value: str, meaning: str) -> Fault:
    """A 429 with a Retry-After header in another form."""
    return failure(
        f"rate-limited-retry-after-{form}",
        BUSY,
        "rate-limited",
        title=f"too many requests, with Retry-After: {value} ({meaning})",
        provenance="assumed",
        headers=(("retry-after", value),),
    )


def _errors(name: str, title: str, errors: str) -> Fault:
    """A 400 whose body has the member `errors` in another form."""
    raw = f'{{{errors}"success":false,"result":{{}},"messages":[]}}'.encode()
    return raw_reply(name, title, raw, rules=_NAMELESS, status=400, billed_maybe=False)


#: Failures of the service, the gateway and the provider.
REFUSAL_FAULTS: tuple[Fault, ...] = (
    failure("token-missing", REFUSED),
    failure("token-wrong", REFUSED),
    failure("token-of-another-account", REFUSED),
    failure("malformed-account", REFUSED),
    failure("no-route", REFUSED),
    failure("wrong-method", ("error.surfaced", "error.identified")),
    failure("body-too-large", ("error.surfaced", "error.identified")),
    failure("content-type", ("error.surfaced", "error.identified")),
    failure("malformed-json", REFUSED),
    failure("unknown-model", REFUSED),
    failure("field-missing", REFUSED),
    failure("field-invalid", REFUSED,
             values=(("detail", "Invalid input: expected string, received undefined"),)),
    failure("unknown-field", REFUSED, "field-invalid", provenance="assumed",
             title="a refused field that the schema does not name",
             values=(("path", "input"), ("detail", 'Unrecognized key: "colour"'))),
    failure("no-credits", REFUSED),
    failure("content-refused", REFUSED),
    failure("guardrail-blocked", REFUSED),
    failure("guardrail-unavailable", BUSY),
    failure("dlp-request", ("error.surfaced", "error.identified")),
    failure("dlp-response", ("error.surfaced", "error.identified"), billed_maybe=True),
    failure("gateway-missing", REFUSED),
    failure("provider-failed", REFUSED),
    failure("rate-limited", BUSY),
    failure(
        "rate-limited-retry-after",
        BUSY,
        "rate-limited",
        title="too many requests, with Retry-After (1 second unless the step sets another)",
        provenance="assumed",
        headers=(("retry-after", "1"),),
    ),
    failure("spend-limit", BUSY),
    failure("internal-error", BROKEN, billed_maybe=True),
    failure("bad-gateway", BROKEN, billed_maybe=True),
    failure("unavailable", BROKEN, billed_maybe=True),
    failure("gateway-timeout", BROKEN, billed_maybe=True),
    failure("request-timeout", BUSY),
    failure("conflict", BUSY),
    failure("too-early", BUSY),
    failure("key-rejected", REFUSED),
    failure("key-rejected-unified", BUSY),
    failure("key-required", REFUSED),
    failure("wholesale-limit", _PASSES),
    failure("wholesale-limit-429", BUSY),
    failure("not-unified", REFUSED),
    failure("not-unified-2047", REFUSED),
    failure("source-unreachable", REFUSED),
    failure("url-in-error", (*REFUSED, "security.token-host")),
    _limited("zero", "0", "the next call may follow at once"),
    _limited("negative", "-5", "no lawful form, so it asks for nothing"),
    _limited("fraction", "0.5", "no lawful form, so it asks for nothing"),
    _limited("rubbish", "soon", "no lawful form, so it asks for nothing"),
    failure(
        "rate-limited-retry-after-date", BUSY, "rate-limited",
        title="too many requests, with Retry-After as a date 1 to 2 seconds from now",
        provenance="assumed", retry_date=2,
    ),
    failure(
        "rate-limited-retry-after-past", BUSY, "rate-limited",
        title="too many requests, with Retry-After as a date one hour ago",
        provenance="assumed", retry_date=-3600,
    ),
    _errors("errors-empty", "status 400 and an empty list of errors", '"errors":[],'),
    _errors("errors-absent", "status 400 without the member errors", ""),
    _errors("errors-null", "status 400 with null as errors", '"errors":null,'),
    _errors("errors-string", "status 400 with a string as errors", '"errors":"Bad request",'),
    reply(
        "bad-request-with-result", "status 400 with the body of a completed run", lambda r: r,
        _NAMELESS, status=400, billed_maybe=False,
    ),
    reply(
        "internal-error-with-result", "status 500 with the body of a completed run", lambda r: r,
        ("error.surfaced", "error.bounded", "billing.paid-once"), status=500,
    ),
)  # fmt: skip
