"""The fault table: everything that the service, its gateway and the network can do to a client.

A fault is named by a test token or a gateway id `fault-<name>`, or by the steps of an account's
scenario. It says what is answered; `playing.py` carries it out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aleph_contract.errors import ArgumentError
from fake_server.replies.failures import FAILURES, Failure, Provenance

#: What a token, or a gateway id, starts with that asks for a fault.
PREFIX = "fault-"

#: How the answer gets to the client.
Delivery = Literal["whole", "slow", "drip", "truncated", "hang", "reset", "reset-early", "drop"]

Reply = dict[str, Any]

# Which rules of a client a fault exercises (ids of `aleph_contract.rules`).
_REFUSED = ("error.surfaced", "error.identified", "error.not-retried")
_BUSY = ("error.surfaced", "error.identified", "error.bounded")
_BROKEN = (*_BUSY, "billing.paid-once")
_CUT = ("error.surfaced", "error.bounded", "billing.paid-once")
_STATE = ("response.state", "billing.paid-once")
_MALFORMED = ("response.malformed", "billing.paid-once")
_RESULT = ("response.video", "request.once")


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour, ready to be played any number of times.

    Args:
        name: Kebab case; `fault-<name>` as a token or gateway id asks for it.
        title: What the client sees, in words.
        provenance: How well it is known that the service does this.
        rules: Ids of the rules of a client that it exercises.
        failure: The row of `replies.FAILURES` that is answered, if any.
        status: HTTP status of the answer; `None` where there is none.
        code: `errors[0].code`, where the answer has one.
        message: `errors[0].message`, where the answer has one; a template, see `replies.Failure`.
        retryable: Whether the same call may succeed later.
        billed_maybe: Whether the real service may have charged for the run.
        completes: Whether the run is completed, so that a result reaches a client that bears it.
        reshape: Makes the bare reply of a success into what is answered instead.
        raw: Bytes that are answered instead of a reply.
        values: What fills the message's template, where the request does not.
        content_type: Content type of the answer, where it is not that of the surface.
        headers: Further response headers.
        delivery: How the answer gets to the client.
        delay: Seconds that `slow` waits before the first byte, `drip` takes for the body.
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
        """Whether the answer leads elsewhere."""
        return self.status is not None and 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110

    @property
    def silent(self) -> bool:
        """Whether nothing ever comes, so that a client may wait as long as it likes."""
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


def _wire(name: str, title: str, delivery: Delivery, **more: Any) -> tuple[str, Fault]:
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
        f"status {status} ({title}) to the fake's other host name, where it is recorded whether "
        "the token came along",
        "assumed",
        ("security.token-host", "error.surfaced"),
        status=status,
    )


def _state(name: str) -> Callable[[Reply], Any]:
    # What such a reply holds beside its state is nowhere published; without a result there is
    # nothing in it that a client could take for one.
    return lambda reply: {**reply, "state": name, "result": {}}


def _video(value: Any) -> Callable[[Reply], Any]:
    return lambda reply: {**reply, "result": dict.fromkeys(reply["result"], value)}


#: Every fault, by name.
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
                 title="a field that the contract does not know is refused",
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
            title="too many requests, with Retry-After (1 second unless the step says otherwise)",
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
        _reply("state-queued", "a run that has not begun", _state("Queued"), _STATE,
               provenance="observed"),
        _reply("state-failed", "a run that failed, with status 200", _state("Failed"), _STATE,
               provenance="observed"),
        _reply("state-failed-with-video", "a run that failed, with the address of a video all the "
               "same", lambda r: {**r, "state": "Failed"}, _STATE),
        _reply("state-missing", "a reply without a state", lambda _: {"result": {}}, _MALFORMED),
        _reply("video-missing", "a result without a video", lambda r: {**r, "result": {}},
               _MALFORMED),
        _reply("video-null", "a result whose video is null", _video(None), _MALFORMED),
        _reply("video-number", "a result whose video is a number", _video(42), _MALFORMED),
        _reply("video-object", "a result whose video is an object", _video({"url": "x"}),
               _MALFORMED),
        _reply("video-empty", "a result whose video is the empty string", _video(""), _MALFORMED),
        _reply("video-not-a-url", "a result whose video is no URL", _video("pending"),
               _MALFORMED),
        _reply("result-null", "a result that is null", lambda r: {**r, "result": None},
               _MALFORMED),
        _reply("result-missing", "a reply without a result",
               lambda r: {key: value for key, value in r.items() if key != "result"}, _MALFORMED),
        _reply("reply-null", "the JSON document null", lambda _: None, _MALFORMED),
        _reply("reply-array", "a JSON array", lambda r: [r], _MALFORMED),
        _reply("extra-fields", "a good reply with fields nobody knows",
               lambda r: {"apiVersion": "9", **r, "usage": {"seconds": None}}, _RESULT,
               completes=True, billed_maybe=False),
        _raw("body-empty", "status 200 and an empty body", b""),
        _raw("body-invalid-json", "a body that is not JSON", b'{"state":"Completed","result":{,}'),
        _raw("body-html", "status 200 with an HTML page", b"<!DOCTYPE html><title>OK</title>\n",
             content_type="text/html; charset=UTF-8"),
        ("body-wrong-content-type", Fault(
            "body-wrong-content-type", "a good reply that is declared as text/plain", "assumed",
            _MALFORMED, completes=True, content_type="text/plain")),
        ("body-bom", Fault(
            "body-bom", "a good reply after a byte order mark; a reader may bear it or refuse it",
            "assumed", ("request.once",), completes=True, raw=b"\xef\xbb\xbf")),
        ("body-truncated", Fault(
            "body-truncated", "a reply that ends in its middle, then the connection closes",
            "assumed", _MALFORMED, billed_maybe=True, delivery="truncated")),
        _wire("delayed", "a good reply whose first byte comes late (after 0.5 seconds unless the "
              "step says otherwise)", "slow", rules=_RESULT, status=200, completes=True, delay=0.5,
              retryable=False, billed_maybe=False),
        _wire("drip", "a good reply byte by byte (over 0.5 seconds unless the step says "
              "otherwise)", "drip", rules=_RESULT, status=200, completes=True, delay=0.5,
              retryable=False, billed_maybe=False),
        _wire("hang", "no answer until the client gives up", "hang"),
        _wire("reset-before", "the connection is reset before the request was read",
              "reset-early", billed_maybe=False),
        _wire("reset-after", "the connection is reset after the request was read", "reset"),
        _wire("dropped", "the connection is closed without an answer after the request was read",
              "drop"),
        _redirect(301, "moved permanently; most clients go on with GET"),
        _redirect(302, "found; most clients go on with GET"),
        _redirect(307, "temporary; clients repeat the POST"),
        _redirect(308, "permanent; clients repeat the POST"),
    ]
)  # fmt: skip


def find(name: str) -> Fault:
    """The fault of a name.

    Raises:
        ArgumentError: There is none; the message lists what exists.
    """
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise ArgumentError(f"no fault is named {name!r}{meant}; there are: {', '.join(FAULTS)}")
