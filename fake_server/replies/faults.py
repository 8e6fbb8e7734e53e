"""The fault table: every misbehaviour of the service, its gateway and the network that is scripted.

A client asks for a fault by the API token or gateway id `fault-<name>`; a test sets it in a step of
an account's scenario. This module says what the response is; `http/delivery.py` sends it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aleph_contract.errors import ArgumentError
from fake_server.replies.failures import FAILURES, Failure, Provenance

#: Prefix of an API token or gateway id that asks for a fault.
FAULT_PREFIX = "fault-"

#: How the response is sent to the client; see `http/delivery.py`.
Delivery = Literal["whole", "slow", "drip", "truncated", "hang", "reset", "reset-early", "drop"]

Reply = dict[str, Any]

# The client rules that a fault exercises (ids of `aleph_contract.rules`).
_REFUSED = ("error.surfaced", "error.identified", "error.not-retried")
_BUSY = ("error.surfaced", "error.identified", "error.bounded")
_BROKEN = (*_BUSY, "billing.paid-once")
_CUT = ("error.surfaced", "error.bounded", "billing.paid-once")
_STATE = ("response.state", "billing.paid-once")
_MALFORMED = ("response.malformed", "billing.paid-once")
_RESULT = ("response.video", "request.once")


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted misbehaviour.

    Args:
        name: Kebab case; the API token or gateway id `fault-<name>` asks for it.
        title: One line that says what the client receives.
        provenance: How well it is known that the service does this.
        rules: Ids of the client rules that it exercises.
        failure: The row of `failures.FAILURES` that is the response, if any.
        status: HTTP status of the response; `None` if no response is sent.
        code: `errors[0].code`, if the response has one.
        message: `errors[0].message`, if the response has one; a template, see `failures.Failure`.
        retryable: Whether the same call may succeed later.
        billed_maybe: Whether the real service may have charged for the run.
        completes: Whether the run completes: a tolerant client gets a valid result.
        reshape: Turns the bare reply of a completed run into the faulty one.
        raw: Response body that replaces the reply; with `completes` it precedes the reply.
        values: Values of the placeholders in the message that the request does not provide.
        content_type: Content type of the response, if it is not that of the surface.
        headers: Further response headers.
        delivery: How the response is sent.
        delay: Seconds that `slow` waits before the first byte; seconds that `drip` takes for the
            body.
    """

    name: str
    title: str
    provenance: Provenance
    rules: tuple[str, ...]
    failure: Failure | None = None
    status: int | None = 200
    code: int | None = None
    message: str = ""
    retryable: bool = False
    billed_maybe: bool = False
    completes: bool = False
    reshape: Callable[[Reply], Any] | None = None
    raw: bytes | None = None
    values: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = "whole"
    delay: float = 0.0

    @property
    def redirect(self) -> bool:
        """Whether the response is a redirect."""
        return self.status is not None and 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110

    @property
    def silent(self) -> bool:
        """Whether the response never comes, so that only the client's own timeout ends the call."""
        return self.delivery == "hang"


def _failure(
    name: str, rules: tuple[str, ...], row: str | None = None, **more: Any
) -> tuple[str, Fault]:
    failure = FAILURES[row or name]
    filled: dict[str, Any] = {"title": failure.title, "provenance": failure.provenance} | more
    return name, Fault(
        name,
        rules=rules,
        failure=failure,
        status=failure.status,
        code=failure.code,
        message=failure.message,
        headers=failure.headers + filled.pop("headers", ()),
        **filled,
    )


def _page(name: str, status: int, title: str, **more: Any) -> tuple[str, Fault]:
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head>\n"
        f"<body><center><h1>{status} {title}</h1></center><hr><center>cloudflare</center></body>\n"
        "</html>\n"
    )
    filled: dict[str, Any] = {"rules": _BROKEN, "retryable": True, "billed_maybe": True} | more
    return name, Fault(
        name,
        f"status {status} with an HTML page from the edge instead of JSON",
        "assumed",
        status=status,
        raw=page.encode(),
        content_type="text/html; charset=UTF-8",
        **filled,
    )


def _reply(
    name: str, title: str, reshape: Callable[[Reply], Any], rules: tuple[str, ...], **more: Any
) -> tuple[str, Fault]:
    filled: dict[str, Any] = {"provenance": "assumed", "billed_maybe": True} | more
    return name, Fault(name, title, rules=rules, reshape=reshape, **filled)


def _raw(name: str, title: str, raw: bytes, **more: Any) -> tuple[str, Fault]:
    return name, Fault(name, title, "assumed", _MALFORMED, raw=raw, billed_maybe=True, **more)


def _delivery(name: str, title: str, delivery: Delivery, **more: Any) -> tuple[str, Fault]:
    filled: dict[str, Any] = {
        "rules": _CUT,
        "status": None,
        "retryable": True,
        "billed_maybe": True,
    } | more
    return name, Fault(name, title, "assumed", delivery=delivery, **filled)


def _redirect(status: int, title: str) -> tuple[str, Fault]:
    name = f"redirect-{status}"
    return name, Fault(
        name,
        f"status {status} ({title}) to the fake's other host name, which records whether the "
        "client sends the token there",
        "assumed",
        ("security.token-host", "error.surfaced"),
        status=status,
    )


def _state(name: str) -> Callable[[Reply], Any]:
    # No publication shows the rest of such a reply. An empty `result` holds no video that a client
    # could return.
    return lambda reply: {**reply, "state": name, "result": {}}


def _video(value: Any) -> Callable[[Reply], Any]:
    return lambda reply: {**reply, "result": dict.fromkeys(reply["result"], value)}


#: Every fault by its name.
FAULTS: Mapping[str, Fault] = dict(
    [
        _failure("token-missing", _REFUSED),
        _failure("token-wrong", _REFUSED),
        _failure("token-of-another-account", _REFUSED),
        _failure("malformed-account", _REFUSED),
        _failure("no-route", _REFUSED),
        _failure("wrong-method", ("error.surfaced", "error.identified")),
        _failure("body-too-large", ("error.surfaced", "error.identified")),
        _failure("content-type", ("error.surfaced", "error.identified")),
        _failure("malformed-json", _REFUSED),
        _failure("unknown-model", _REFUSED),
        _failure("field-missing", _REFUSED),
        _failure("field-invalid", _REFUSED,
                 values=(("detail", "Invalid input: expected string, received undefined"),)),
        _failure("unknown-field", _REFUSED, "field-invalid", provenance="assumed",
                 title="a refused field that the schema does not name",
                 values=(("path", "input"), ("detail", 'Unrecognized key: "colour"'))),
        _failure("no-credits", _REFUSED),
        _failure("content-refused", _REFUSED),
        _failure("guardrail-blocked", _REFUSED),
        _failure("guardrail-unavailable", _BUSY, retryable=True),
        _failure("dlp-request", ("error.surfaced", "error.identified")),
        _failure("dlp-response", ("error.surfaced", "error.identified"), billed_maybe=True),
        _failure("gateway-missing", _REFUSED),
        _failure("provider-failed", _REFUSED, retryable=True),
        _failure("rate-limited", _BUSY, retryable=True),
        _failure(
            "rate-limited-retry-after",
            _BUSY,
            "rate-limited",
            title="too many requests, with Retry-After (1 second unless the step sets another)",
            provenance="assumed",
            retryable=True,
            headers=(("retry-after", "1"),),
        ),
        _failure("spend-limit", _BUSY, retryable=True),
        _failure("internal-error", _BROKEN, retryable=True, billed_maybe=True),
        _failure("bad-gateway", _BROKEN, retryable=True, billed_maybe=True),
        _failure("unavailable", _BROKEN, retryable=True, billed_maybe=True),
        _failure("gateway-timeout", _BROKEN, retryable=True, billed_maybe=True),
        _page("internal-error-html", 500, "Internal Server Error"),
        _page("bad-gateway-html", 502, "Bad Gateway"),
        _page("unavailable-html", 503, "Service Unavailable"),
        _page("timeout-html", 524, "A timeout occurred"),
        _reply("state-running", "a run that is not finished", _state("Running"), _STATE,
               provenance="observed"),
        _reply("state-queued", "a run that has not started", _state("Queued"), _STATE,
               provenance="observed"),
        _reply("state-failed", "a run that failed, with status 200", _state("Failed"), _STATE,
               provenance="observed"),
        _reply("state-failed-with-video", "a run that failed, though the reply holds the URL of a "
               "video", lambda r: {**r, "state": "Failed"}, _STATE),
        _reply("state-missing", "a reply without a state", lambda _: {"result": {}}, _MALFORMED),
        _reply("video-missing", "a result without a video", lambda r: {**r, "result": {}},
               _MALFORMED),
        _reply("video-null", "a result whose video is null", _video(None), _MALFORMED),
        _reply("video-number", "a result whose video is a number", _video(42), _MALFORMED),
        _reply("video-object", "a result whose video is an object", _video({"url": "x"}),
               _MALFORMED),
        _reply("video-empty", "a result whose video is the empty string", _video(""), _MALFORMED),
        _reply("video-not-a-url", "a result whose video is not a URL", _video("pending"),
               _MALFORMED),
        _reply("result-null", "a reply whose result is null", lambda r: {**r, "result": None},
               _MALFORMED),
        _reply("result-missing", "a reply without a result",
               lambda r: {key: value for key, value in r.items() if key != "result"}, _MALFORMED),
        _reply("reply-null", "the JSON document null", lambda _: None, _MALFORMED),
        _reply("reply-array", "a JSON array", lambda r: [r], _MALFORMED),
        _reply("extra-fields", "a valid reply with additional fields",
               lambda r: {"apiVersion": "9", **r, "usage": {"seconds": None}}, _RESULT,
               completes=True, billed_maybe=False),
        _raw("body-empty", "status 200 and an empty body", b""),
        _raw("body-invalid-json", "a body that is not JSON", b'{"state":"Completed","result":{,}'),
        _raw("body-html", "status 200 with an HTML page", b"<!DOCTYPE html><title>OK</title>\n",
             content_type="text/html; charset=UTF-8"),
        ("body-wrong-content-type", Fault(
            "body-wrong-content-type", "a valid reply with the content type text/plain", "assumed",
            _MALFORMED, completes=True, content_type="text/plain")),
        ("body-bom", Fault(
            "body-bom", "a valid reply after a byte order mark; a client may accept or reject it",
            "assumed", ("request.once",), completes=True, raw=b"\xef\xbb\xbf")),
        ("body-truncated", Fault(
            "body-truncated", "half of a reply, then the connection closes",
            "assumed", _MALFORMED, billed_maybe=True, delivery="truncated")),
        _delivery("delayed", "a valid reply whose first byte comes after a delay (0.5 seconds "
              "unless the step sets another)", "slow", rules=_RESULT, status=200, completes=True,
              delay=0.5, retryable=False, billed_maybe=False),
        _delivery("drip", "a valid reply in small pieces (over 0.5 seconds unless the step "
              "sets another time)", "drip", rules=_RESULT, status=200, completes=True, delay=0.5,
              retryable=False, billed_maybe=False),
        _delivery("hang", "no response until the client times out", "hang"),
        _delivery("reset-before", "the connection is reset before the request body is read",
              "reset-early", billed_maybe=False),
        _delivery("reset-after", "the connection is reset after the request is read", "reset"),
        _delivery("dropped", "the connection is closed without a response after the request is "
              "read", "drop"),
        _redirect(301, "moved permanently; most clients continue with GET"),
        _redirect(302, "found; most clients continue with GET"),
        _redirect(307, "temporary; clients repeat the POST"),
        _redirect(308, "permanent; clients repeat the POST"),
    ]
)  # fmt: skip


def find(name: str) -> Fault:
    """The fault named `name`.

    Raises:
        ArgumentError: No fault has that name; the message lists all names.
    """
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ArgumentError(f"no fault is named {name!r}{meant}; the faults are: {', '.join(FAULTS)}")
