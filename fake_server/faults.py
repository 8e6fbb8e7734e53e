"""The fault table: everything that the service, its gateway and the network can do to a client.

A fault is named by a test token or a gateway id `fault-<name>`, or by the steps of an account's
scenario. It says what is answered, not how it is carried out: that is `playing.py`.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from aleph_contract.errors import ArgumentError
from fake_server.replies import FAILURES, Failure, Provenance

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
    more = {"title": failure.title, "provenance": failure.provenance} | more
    return name, Fault(
        name,
        rules=rules,
        failure=failure,
        status=failure.status,
        code=failure.code,
        message=failure.message,
        headers=failure.headers + more.pop("headers", ()),
        **more,
    )


def _page(name: str, status: int, title: str, **more: Any) -> tuple[str, Fault]:
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head>\n"
        f"<body><center><h1>{status} {title}</h1></center><hr><center>cloudflare</center></body>\n"
        "</html>\n"
    )
    more = {"rules": _BROKEN, "retryable": True, "billed_maybe": True} | more
    return name, Fault(
        name,
        f"status {status} with an HTML page from the edge instead of JSON",
        "assumed",
        status=status,
        raw=page.encode(),
        content_type="text/html; charset=UTF-8",
        **more,
    )


def _reply(
    name: str, title: str, reshape: Callable[[Reply], Any], rules: tuple[str, ...], **more: Any
) -> tuple[str, Fault]:
    more = {"provenance": "assumed", "billed_maybe": True} | more
    return name, Fault(name, title, rules=rules, reshape=reshape, **more)


def _raw(name: str, title: str, raw: bytes, **more: Any) -> tuple[str, Fault]:
    return name, Fault(name, title, "assumed", _MALFORMED, raw=raw, billed_maybe=True, **more)


def _wire(name: str, title: str, delivery: Delivery, **more: Any) -> tuple[str, Fault]:
    more = {"rules": _CUT, "status": None, "retryable": True, "billed_maybe": True} | more
    return name, Fault(name, title, "assumed", delivery=delivery, **more)


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


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario.

    Args:
        fault: What is played; `None` for the normal answer.
        times: For how many runs, from 1; `None` for all to come.
        retry_after: Seconds that a `Retry-After` header asks for.
        delay: Seconds before the answer, or that a slow one takes.
    """

    fault: Fault | None
    times: int | None = 1
    retry_after: int | None = None
    delay: float | None = None


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


def scenario(given: Any) -> tuple[Step, ...]:
    """Read a scenario as the control API and tests give it.

    Args:
        given: A list of steps, each a `Step` or an object `{"fault", "times"?, "retry_after"?,
            "delay"?}`, whose `fault` may be `null` for the normal answer; or the name of one
            fault, for all runs to come; or `None` for no scenario.

    Raises:
        ArgumentError: An unknown fault, field, or type; the message says where and what exists.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return (Step(find(given), times=None),)
    if not isinstance(given, Sequence):
        raise ArgumentError(f"a scenario is a list of steps, not {_type(given)}")
    return tuple(_step(step, index) for index, step in enumerate(given))


_FIELDS = tuple(field.name for field in fields(Step))


def _step(given: Any, index: int) -> Step:
    place = f"step {index}"
    if isinstance(given, Step):
        return given
    if isinstance(given, str):
        return Step(find(given))
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{place} is an object with the fields {_listed(_FIELDS)}")
    unknown = [name for name in given if name not in _FIELDS]
    if unknown:
        raise ArgumentError(f"{place} has a field {unknown[0]!r}; it takes {_listed(_FIELDS)}")
    if "fault" not in given:
        raise ArgumentError(f"{place} lacks the field 'fault'")
    name = given["fault"]
    if name is not None and not isinstance(name, str):
        raise ArgumentError(f"fault of {place} is a name or null, not {_type(name)}")
    return Step(
        None if name is None else find(name),
        times=_count(given, "times", place, least=1, default=1),
        retry_after=_count(given, "retry_after", place, least=0, default=None),
        delay=_seconds(given, "delay", place),
    )


def _count(
    given: Mapping[str, Any], name: str, place: str, *, least: int, default: int | None
) -> int | None:
    value = given.get(name, default)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= least):
        return value
    raise ArgumentError(f"{name} of {place} is an integer from {least}, not {json.dumps(value)}")


def _seconds(given: Mapping[str, Any], name: str, place: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise ArgumentError(f"{name} of {place} is a number of seconds from 0, not {json.dumps(value)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _type(value: Any) -> str:
    return f"{json.dumps(value, default=repr)[:60]}"
