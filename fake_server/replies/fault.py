"""The record of a scripted fault, and a builder for each kind of fault.

A fault says what the response is; `http/delivery.py` sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from aleph_contract.core.exchange import COMPLETED
from aleph_contract.rules.retry_policy import Repeat, retry_row
from fake_server.replies.failures import FAILURES, Failure, Provenance

#: How the response is sent to the client; see `http/delivery.py`.
Delivery = Literal["whole", "slow", "drip", "truncated", "hang", "reset", "reset-early", "drop"]

Reply = dict[str, Any]

#: The client rules that a fault exercises (ids of `aleph_contract.rules`).
REFUSED = ("error.surfaced", "error.identified", "error.not-retried")
BUSY = ("error.surfaced", "error.identified", "error.bounded")
BROKEN = (*BUSY, "billing.paid-once")
CUT = ("error.surfaced", "error.bounded", "billing.paid-once")
STATE = ("response.state", "billing.paid-once")
MALFORMED = ("response.malformed", "billing.paid-once")
RESULT = ("response.result", "request.once")


#: Looked up once for each fault: a verification and a page of the inspector ask about all faults.
_retry_row = cache(retry_row)


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
        billed_maybe: Whether the real service may have charged for the run.
        completes: Whether the run completes: a tolerant client gets a valid result.
        reshape: Turns the bare reply of a completed run into the faulty one.
        restream: Turns the events of a stream into those that are sent.
        elsewhere: Whether the result URLs are at the fake's other host name.
        raw: Response body that replaces the reply; with `completes` it precedes the reply.
        values: Values of the placeholders in the message that the request does not provide.
        content_type: Content type of the response, if it is not that of the surface.
        headers: Further response headers.
        delivery: How the response is sent.
        delay: Seconds that `slow` waits before the first byte; seconds that `drip` takes for the
            body.
        retry_date: Seconds from now until the date in a Retry-After header; `None` for no date.
    """

    name: str
    title: str
    provenance: Provenance
    rules: tuple[str, ...]
    failure: Failure | None = None
    status: int | None = 200
    code: int | None = None
    message: str = ""
    billed_maybe: bool = False
    completes: bool = False
    reshape: Callable[[Reply], Any] | None = None
    restream: Callable[[bytes], bytes] | None = None
    elsewhere: bool = False
    raw: bytes | None = None
    values: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = "whole"
    delay: float = 0.0
    retry_date: int | None = None

    @property
    def repeat(self) -> Repeat | None:
        """Whether a client may repeat the call; `None` for a redirect and a completed run."""
        unanswered = self.delivery not in ("whole", "slow", "drip")
        row = _retry_row(None if unanswered else self.status, self.code, self.message)
        return None if row is None or self.completes else row.repeat

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.repeat in ("after-wait", "if-unbilled")

    @property
    def redirect(self) -> bool:
        """Whether the response is a redirect to the fake's other host name."""
        redirects = self.status is not None and 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110
        return redirects and self.raw is None

    @property
    def silent(self) -> bool:
        """Whether the response never comes, so that only the client's own timeout ends the call."""
        return self.delivery == "hang"


def failure(name: str, rules: tuple[str, ...], row: str | None = None, **more: Any) -> Fault:
    """A row of `failures.FAILURES` as a fault; `row` is its key if that is not `name`."""
    found = FAILURES[row or name]
    filled: dict[str, Any] = {"title": found.title, "provenance": found.provenance} | more
    return Fault(
        name,
        rules=rules,
        failure=found,
        status=found.status,
        code=found.code,
        message=found.message,
        headers=found.headers + filled.pop("headers", ()),
        **filled,
    )


def reply(
    name: str, title: str, reshape: Callable[[Reply], Any], rules: tuple[str, ...], **more: Any
) -> Fault:
    """A reply whose bare document `reshape` makes from that of a completed run."""
    filled: dict[str, Any] = {"provenance": "assumed", "billed_maybe": True} | more
    return Fault(name, title, rules=rules, reshape=lambda bare: reshape(_as_run(bare)), **filled)


def _as_run(bare: Any) -> Reply:
    """The reply of a run; a bare result, such as a text or an array, becomes the result of one."""
    if isinstance(bare, dict) and "result" in bare:
        return bare
    return {"state": COMPLETED, "result": bare}


def raw_reply(name: str, title: str, raw: bytes, **more: Any) -> Fault:
    """A reply with exactly these bytes as its body."""
    filled: dict[str, Any] = {
        "provenance": "assumed", "rules": MALFORMED, "billed_maybe": True
    } | more  # fmt: skip
    return Fault(name, title, raw=raw, **filled)


def cut(name: str, title: str, delivery: Delivery, **more: Any) -> Fault:
    """A reply that is sent late or in part, or not sent."""
    filled: dict[str, Any] = {"rules": CUT, "status": None, "billed_maybe": True} | more
    return Fault(name, title, "assumed", delivery=delivery, **filled)


def redirect(status: int, title: str) -> Fault:
    """A redirect to the fake's other host name."""
    return Fault(
        f"redirect-{status}",
        f"status {status} ({title}) to the fake's other host name, which records whether the "
        "client sends the token there",
        "assumed",
        ("security.token-host", "error.surfaced"),
        status=status,
    )


def with_state(name: str) -> Callable[[Reply], Any]:
    """Change the state of a reply, and empty its result (assumed: no publication shows it)."""
    return lambda reply: {**reply, "state": name, "result": {}}


def with_members(value: Any) -> Callable[[Reply], Any]:
    """Replace each member of the result in a reply; a result without members, as a whole."""
    return lambda reply: {**reply, "result": _refilled(reply["result"], value)}


def _refilled(result: Any, value: Any) -> Any:
    return dict.fromkeys(result, value) if isinstance(result, dict) else value
