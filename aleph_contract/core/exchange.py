"""What was seen and what was reported: the frozen records that fake, drivers and judge share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

SurfaceName = Literal["rest", "binding"]

#: How the request's bearer token stood to its account: the account's own, none, another one, or
#: not looked at (the binding carries none).
Credential = Literal["accepted", "missing", "refused", "none"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it arrived and the answer that was sent. No secret is in it.

    Args:
        number: Position in its account's journal, from 1, in order of arrival.
        account: Account id the request named; the empty string where it named none.
        surface: `rest` or `binding`.
        method: HTTP method as sent.
        target: Request target as sent (path and query), secrets replaced.
        request_headers: Names in lower case, in order; secrets replaced by `REDACTED`.
        request_body: The bytes of the body as they arrived (after transfer decoding); as many as
            were read when `request_complete` is false.
        request_complete: Whether the whole body arrived and was kept.
        credential: How its token stood to the account.
        status: HTTP status of the answer; `None` when none was sent.
        response_headers: As sent.
        response_body: Bytes that were sent, whole or cut short as scripted.
        outcome: How the request ended; the page of replies lists every outcome.
        fault: Name of the fault that was played, if any.
        billed_seconds: Seconds of video billed; `None` if nothing was billed or `duration` absent.
        cost: USD this exchange would have cost.
        billed: Whether the real service may have charged for it.
        received_at: Unix time in seconds when the head had arrived.
        elapsed: Seconds from then until the last byte was handed to the socket.
        token_leaked: Whether the account's token stood in the target or the body.
        host: The `Host` header as sent.
    """

    number: int
    account: str
    surface: SurfaceName
    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    request_complete: bool
    credential: Credential
    status: int | None
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    outcome: str
    fault: str | None = None
    billed: bool = False
    billed_seconds: Decimal | None = None
    cost: Decimal = Decimal(0)
    received_at: float = 0.0
    elapsed: float = 0.0
    token_leaked: bool = False
    host: str = ""


def as_json(exchange: Exchange, body: Callable[[bytes], Any]) -> dict[str, Any]:
    """An exchange for a program to read: amounts as decimal text, bodies as `body` makes them."""
    seconds = exchange.billed_seconds
    return {
        "number": exchange.number,
        "account": exchange.account,
        "surface": exchange.surface,
        "method": exchange.method,
        "target": exchange.target,
        "host": exchange.host,
        "request_headers": exchange.request_headers,
        "request_body": body(exchange.request_body),
        "request_complete": exchange.request_complete,
        "credential": exchange.credential,
        "token_leaked": exchange.token_leaked,
        "status": exchange.status,
        "response_headers": exchange.response_headers,
        "response_body": body(exchange.response_body),
        "outcome": exchange.outcome,
        "fault": exchange.fault,
        "billed": exchange.billed,
        "billed_seconds": None if seconds is None else decimal(seconds),
        "cost_usd": decimal(exchange.cost),
        "received_at": exchange.received_at,
        "seconds": exchange.elapsed,
    }


def decimal(amount: Decimal) -> str:
    """An amount without exponent, as a person writes it."""
    return format(amount, "f")


#: Stage at which a client says a call failed: before sending, refused by the service, on the way.
Stage = Literal["client", "api", "transport"]


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error as the client reported it; what it does not know is `None`."""

    message: str
    stage: Stage | None = None
    status: int | None = None
    code: int | str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client reported for one case.

    Args:
        kind: `result` (it reported a video), `error` (it reported an error), `skipped` (it says
            it cannot do this case), `stuck` (no report before the deadline; killed) or `crashed`
            (it ended without a report).
        video: What it reported as the video, unchanged; only with `result`.
        error: What it reported as error; only with `error`.
        reason: Why it skipped, or how it got stuck or crashed.
        stderr: Standard error of the client during the case, as far as it can be told apart.
        elapsed: Seconds from handing the case over to the report.
    """

    kind: Literal["result", "error", "skipped", "stuck", "crashed"]
    video: Any = None
    error: ReportedError | None = None
    reason: str = ""
    stderr: str = ""
    stdout: str = ""
    elapsed: float = field(default=0.0, compare=False)
