"""An exchange: the frozen record of one call that the fake, the drivers and the judge share."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import unquote

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError

SurfaceName = Literal["rest", "binding"]

#: The bearer token of a request: that of its account, absent, another one, or not checked (the
#: binding carries none).
Credential = Literal["accepted", "missing", "refused", "none"]


#: The text that replaces a secret in an exchange.
REDACTED = "REDACTED"

#: The headers in which a token of the account belongs: `cf-aig-authorization` is that of an
#: authenticated gateway (documented).
TOKEN_HEADERS = frozenset({"authorization", "cf-aig-authorization", "proxy-authorization"})


#: The member of a request body that holds the input.
INPUT_KEY: Mapping[SurfaceName, str] = {"rest": "input", "binding": "inputs"}

#: The state of a completed run (documented).
COMPLETED = "Completed"

#: Path of a run on REST, below the account; a model of the provider's own follows it.
RUN_PATH = "/ai/run"

#: Path below which the fake records what a client sends to the fake's other host name; the account
#: id and the original path follow.
ELSEWHERE = "/elsewhere"

#: The outcome of a download of a result, with a token, from the host of the fake; see
#: `aleph_contract.rules.downloads`.
DOWNLOAD = "download"


def model_in_path(path: str) -> str:
    """The model id that a REST path names, percent-decoded; empty if it names none.

    For example `…/ai/run/@cf/meta/llama-3` names `@cf/meta/llama-3`.
    """
    return unquote(path.partition("?")[0].partition(f"{RUN_PATH}/")[2])


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it arrived and the response that was sent, without secrets.

    Args:
        number: Position in its account's journal, from 1, in order of arrival.
        account: Account id in the request; empty if there is none.
        surface: `rest` or `binding`.
        method: HTTP method as sent.
        target: Request target as sent (path and query), secrets replaced by `REDACTED`.
        request_headers: Names in lower case, in order; secrets replaced by `REDACTED`.
        request_body: Body bytes as they arrived, after transfer decoding; the part that was read if
            `request_complete` is false.
        request_complete: Whether the whole body arrived and was kept.
        credential: See `Credential`.
        status: HTTP status of the response; `None` if none was sent.
        response_headers: As sent.
        response_body: Body bytes that were sent; fewer than announced if a fault truncates it.
        outcome: How the request ended; the page on replies lists every outcome.
        fault: Name of the scripted fault, if any.
        billed_seconds: Seconds billed; `None` if nothing was billed or their number is unknown.
        cost: USD this exchange would have cost.
        billed: Whether the real service may have charged for it.
        received_at: Unix time in seconds at which the request head was complete.
        elapsed: Seconds from then until the last response byte was written to the socket.
        token_leaked: Whether the target, the body or a header outside `TOKEN_HEADERS` held the
            account's token.
        host: The `Host` header as sent.
        token_fingerprint: Equal for equal values of the Authorization header, within one process
            of the fake; a keyed hash, so no secret. Empty without the header.
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
    token_fingerprint: str = ""

    @property
    def json(self) -> Any:
        """The request body as JSON; numbers keep their digits.

        Raises:
            JSONError: The body is not JSON.
        """
        return loads(self.request_body)

    @property
    def input(self) -> Any:
        """The input of the run in the request body; `None` if the body holds none.

        Raises:
            JSONError: The body is not JSON.
        """
        body = self.json
        if self.surface == "rest" and model_in_path(self.target):
            return body
        return body.get(INPUT_KEY[self.surface]) if isinstance(body, dict) else None

    @property
    def result(self) -> Any:
        """The result of a completed run, such as `{"video": "https://…"}`, in either profile.

        `None` if the response is not that of a completed run. A result that is not JSON, such as an
        audio file, is in `response_body`.
        """
        if self.status is None or not 200 <= self.status < 300:  # noqa: PLR2004 - RFC 9110, 15.3
            return None
        try:
            run = loads(self.response_body)
        except JSONError:
            return None
        if isinstance(run, dict) and "result" in run and "state" not in run:
            if run.get("success") is False:
                return None
            run = run["result"]  # the envelope of the live profile
        if isinstance(run, dict) and "state" in run:
            return run.get("result") if run["state"] == COMPLETED else None
        return run


def as_json(exchange: Exchange, body: Callable[[bytes], Any]) -> dict[str, Any]:
    """An exchange as a JSON object: amounts as decimal text, bodies as `body` returns them."""
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


def body_text(raw: bytes) -> str | dict[str, str]:
    """A body as text; `{"base64": …}` if it is not UTF-8, as the reader of captures takes it."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode("ascii")}


def decimal(amount: Decimal) -> str:
    """An amount without exponent: `0.0000001`, not `1E-7`."""
    return format(amount, "f")
