"""Path and query parameters, request bodies and error texts that all control endpoints share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.rules import canonical
from fake_server.control import schemas
from fake_server.journal.base import Filter, Journal
from fake_server.observe.metrics import Metrics
from fake_server.replies import faults
from fake_server.replies.outcomes import OUTCOMES
from fake_server.replies.own_reply import OWN_REPLY
from fake_server.state import accounts
from fake_server.state.account import Account
from fake_server.state.suite import SuiteLog

CONTROL_PREFIX = "/__aleph__"

#: Maximum size of a request body of the control API, in bytes.
MAX_CONTROL_BODY = 1024 * 1024

#: Path names of the two accounts that have no id: calls without a valid account, and calls through
#: the Workers binding.
ACCOUNT_NAMES = {"nobody": accounts.NO_ACCOUNT, "binding": accounts.BINDING}

#: Error responses of every endpoint, for the OpenAPI document.
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ProblemModel, "description": text}
    for status, text in (
        (400, "The body is not JSON."),
        (403, "The call comes from another site."),
        (404, "The account, the test or the model does not exist."),
        (409, "The fake records no more tests."),
        (413, "The body is too large."),
        (422, "A parameter or the body is invalid."),
        (503, "The journal cannot be read or written."),
    )
}

#: JSON readers and SQLite both keep integers up to this one exact.
MAX_INTEGER = 2**53


class Fake(Protocol):
    """The parts of the fake that the control API reads and changes."""

    contract: Contract
    contracts: ContractSet
    accounts: accounts.Accounts
    journal: Journal
    suite: SuiteLog
    metrics: Metrics | None
    forwards: bool

    def in_flight(self, account_id: str) -> int:
        """The number of requests of an account that are being answered."""

    def hang_up(self, account: Account) -> None:
        """Close the connections of an account that wait for a response."""


async def _fake(request: Request) -> Any:
    return request.app.state.fake


def account_id(account: Annotated[str, Path(examples=["0123456789abcdef0123456789abcdef"])]) -> str:
    """The account id for the `account` part of a path.

    Raises:
        HTTPException: 404 if `account` is neither an id nor a name of `ACCOUNT_NAMES`.
    """
    if account in ACCOUNT_NAMES:
        return ACCOUNT_NAMES[account]
    if accounts.ACCOUNT_ID.fullmatch(account):
        return account
    names = " or ".join(ACCOUNT_NAMES)
    raise HTTPException(
        404, f"{account!r} is not an account id: use 32 digits of 0-9a-f, or {names}"
    )


def _filter(
    *,
    outcome: Annotated[str | None, Query(description=f"One of: {', '.join(OUTCOMES)}.")] = None,
    status: Annotated[int | None, Query(description="HTTP status.", ge=0, le=MAX_INTEGER)] = None,
    fault: Annotated[str | None, Query(description="Name of the fault that was played.")] = None,
    text: Annotated[
        str | None, Query(description="Text in the URL, the request body or the response body.")
    ] = None,
    since: Annotated[
        int, Query(description="Only exchanges with a higher number.", ge=0, le=MAX_INTEGER)
    ] = 0,
    before: Annotated[
        int | None, Query(description="Only exchanges with a lower number.", ge=0, le=MAX_INTEGER)
    ] = None,
    limit: Annotated[
        int | None,
        Query(description="At most this many exchanges, the newest.", ge=0, le=MAX_INTEGER),
    ] = None,
) -> Filter:
    fault = None if fault is None else canonical(fault)
    for name, value, known in (
        ("outcome", outcome, OUTCOMES),
        ("fault", fault, (*faults.FAULTS, OWN_REPLY)),
    ):
        if value is not None and value not in known:
            raise HTTPException(422, f"unknown {name} {value!r}; use one of: {', '.join(known)}")
    return Filter(outcome, status, fault, text, since, before, limit)


async def _body(request: Request) -> bytes:
    """The request body, whatever its content type: `curl -d` declares a form.

    Raises:
        HTTPException: 413 if the body is too large, 400 if the client disconnects early.
    """
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_CONTROL_BODY:
                raise HTTPException(413, f"the body is larger than {MAX_CONTROL_BODY} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    return body


def request_body(schema: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """The OpenAPI description of a body that the endpoint parses itself, without FastAPI."""
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


def error_detail(error: ValidationError | RequestValidationError) -> str:
    """The errors of a validation in one line, such as `credits: Input should be …`."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()
    )


FakeDep = Annotated[Fake, Depends(_fake)]
AccountId = Annotated[str, Depends(account_id)]
FilterDep = Annotated[Filter, Depends(_filter)]
BodyDep = Annotated[bytes, Depends(_body)]
