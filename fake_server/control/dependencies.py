"""What the endpoints of the control API share: who is controlled, and how calls are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from aleph_contract.contract import Contract
from fake_server.control import schemas
from fake_server.journal.base import Filter, Journal
from fake_server.replies import faults
from fake_server.replies.failures import OUTCOMES
from fake_server.state import accounts

PREFIX = "/__aleph__"

#: Bytes that a call may bring.
MAX_BODY = 1024 * 1024

#: How accounts without an id of their own are called in paths.
NAMES = {"nobody": accounts.NO_ACCOUNT, "binding": accounts.BINDING}

#: How every call can be refused, for the OpenAPI document.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ProblemModel, "description": text}
    for status, text in (
        (400, "The body is not JSON."),
        (403, "The call comes from another site."),
        (404, "There is no such account."),
        (413, "The body is too large."),
        (422, "The call cannot be meant as it was made."),
    )
}

_MOST = 2**53  # integers that every reader of JSON keeps, and SQLite too


class Fake(Protocol):
    """What the control API asks of the app that it controls."""

    contract: Contract
    accounts: accounts.Accounts
    journal: Journal


async def _fake(request: Request) -> Any:
    return request.app.state.fake


def account_id(account: Annotated[str, Path(examples=["0123456789abcdef0123456789abcdef"])]) -> str:
    """The account that a path names."""
    if account in NAMES:
        return NAMES[account]
    if accounts.ACCOUNT_ID.fullmatch(account):
        return account
    others = " or ".join(NAMES)
    raise HTTPException(
        404, f"{account!r} is no account: its id is 32 digits of 0-9a-f, or {others}"
    )


def _filter(
    *,
    outcome: Annotated[str | None, Query(description=f"One of: {', '.join(OUTCOMES)}.")] = None,
    status: Annotated[int | None, Query(description="HTTP status.", ge=0, le=_MOST)] = None,
    fault: Annotated[str | None, Query(description="Name of the fault that was played.")] = None,
    text: Annotated[str | None, Query(description="Text in URL, request or answer.")] = None,
    since: Annotated[int, Query(description="Numbers above this one.", ge=0, le=_MOST)] = 0,
    before: Annotated[
        int | None, Query(description="Numbers below this one.", ge=0, le=_MOST)
    ] = None,
    limit: Annotated[
        int | None, Query(description="Only the newest so many.", ge=0, le=_MOST)
    ] = None,
) -> Filter:
    for name, value, known in (("outcome", outcome, OUTCOMES), ("fault", fault, faults.FAULTS)):
        if value is not None and value not in known:
            raise HTTPException(422, f"no {name} is named {value!r}; there are: {', '.join(known)}")
    return Filter(outcome, status, fault, text, since, before, limit)


async def _body(request: Request) -> bytes:
    """The body, whatever type it is declared as: `curl -d` declares a form."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise HTTPException(413, f"the body is larger than {MAX_BODY} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    return body


def takes(schema: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """OpenAPI for a body that is read here and not by FastAPI."""
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


def explained(error: ValidationError | RequestValidationError) -> str:
    """What is wrong with a call, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()
    )


State = Annotated[Fake, Depends(_fake)]
AccountId = Annotated[str, Depends(account_id)]
Where = Annotated[Filter, Depends(_filter)]
Sent = Annotated[bytes, Depends(_body)]
