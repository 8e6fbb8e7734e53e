"""The endpoints about one account: its journal, its scenario, its bill, the verdict on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from aleph_contract.core.exchange import decimal
from aleph_contract.core.jsonvalue import loads
from fake_server.control import schemas
from fake_server.control import verdict as verdicts
from fake_server.control.dependencies import (
    NAMES,
    REFUSALS,
    AccountId,
    Sent,
    State,
    Where,
    explained,
    takes,
)
from fake_server.journal.base import Filter
from fake_server.journal.waiting import wait_for_async
from fake_server.state import accounts

#: Longest wait for exchanges that one call may ask for, in seconds.
MAX_WAIT = 300.0

router = APIRouter(prefix="/accounts", tags=["accounts"], responses=REFUSALS)


@router.get("")
def account_rows(fake: State) -> list[schemas.AccountRowModel]:
    """The accounts that have exchanges, longest idle first."""
    names = {account: name for name, account in NAMES.items()}
    return [
        schemas.AccountRowModel(
            id=names.get(account, account), **asdict(fake.journal.tally(account))
        )
        for account in fake.journal.accounts()
    ]


@router.post(
    "",
    status_code=201,
    openapi_extra=takes(schemas.NewAccountModel.model_json_schema(), required=False),
)
async def create_account(fake: State, sent: Sent, request: Request) -> schemas.AccountModel:
    """Make a fresh account, which only its own fresh token lets in."""
    try:
        asked = schemas.NewAccountModel.model_validate(loads(sent or b"{}"))
    except ValidationError as error:
        raise HTTPException(422, explained(error)) from None
    made = fake.accounts.create(**asked.model_dump())
    env = {
        "CLOUDFLARE_BASE_URL": f"{request.base_url}client/v4",
        "CLOUDFLARE_ACCOUNT_ID": made.id,
        "CLOUDFLARE_API_TOKEN": made.token or "",
    }
    return schemas.AccountModel(
        id=made.id,
        token=made.token or "",
        profile=made.profile,
        base_url=env["CLOUDFLARE_BASE_URL"],
        env=env,
    )


@router.get("/{account}/exchanges", response_model=schemas.ExchangesModel)
async def exchanges(
    fake: State,
    account: AccountId,
    request: Request,
    where: Where,
    *,
    wait_for: Annotated[int, Query(description="Wait for so many that match.", ge=0)] = 0,
    seconds: Annotated[
        float, Query(alias="timeout", description="Seconds to wait.", ge=0, le=MAX_WAIT)
    ] = 5.0,
) -> Response:
    """The journal of an account: every request and the answer that was sent."""
    journal = fake.journal
    meant = None if where == Filter() else where
    in_time = not wait_for or await wait_for_async(
        journal, account, wait_for, seconds, meant, cancelled=_hung_up(request)
    )
    tally = await run_in_threadpool(journal.tally, account)
    head = {"account": account, **asdict(tally), "timed_out": not in_time}
    found = map(schemas.exchange_json, journal.read(account, where))
    return StreamingResponse(_document(head, "exchanges", found), media_type="application/json")


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _document(head: dict[str, Any], name: str, items: Iterator[Any]) -> Iterator[bytes]:
    """A JSON document whose last member is a list, piece by piece: a journal may be large."""
    yield orjson.dumps(head)[:-1] + b',"%s":[' % name.encode()
    comma = b""
    while some := list(islice(items, 32)):
        yield comma + orjson.dumps(some)[1:-1]
        comma = b","
    yield b"]}"


@router.delete("/{account}/exchanges", status_code=204, response_model=None)
def clear_exchanges(fake: State, account: AccountId) -> None:
    """Forget the exchanges of an account; its numbering goes on."""
    fake.journal.clear(account)


@router.get("/{account}/scenario")
async def scenario(fake: State, account: AccountId) -> schemas.ScenarioModel:
    """The steps still to be played."""
    return _scenario(account, fake.accounts.get(account))


@router.put(
    "/{account}/scenario",
    openapi_extra=takes(
        {"type": "array", "items": schemas.ScenarioStepModel.model_json_schema()}, required=True
    ),
)
async def set_scenario(fake: State, account: AccountId, sent: Sent) -> schemas.ScenarioModel:
    """Play these steps to the runs to come, one after the other, and then be normal again.

    Instead of a list, the name of one fault is played to all runs, and `null` ends a scenario.
    """
    state = fake.accounts.get(account)
    state.scenario = loads(sent)
    return _scenario(account, state)


@router.delete("/{account}/scenario", status_code=204, response_model=None)
async def end_scenario(fake: State, account: AccountId) -> None:
    """Be normal again."""
    fake.accounts.get(account).scenario = None


def _scenario(account: str, state: accounts.Account) -> schemas.ScenarioModel:
    steps = [
        schemas.ScenarioStepModel(
            fault=None if step.fault is None else step.fault.name,
            times=step.times,
            retry_after=step.retry_after,
            delay=step.delay,
        )
        for step in state.scenario
    ]
    return schemas.ScenarioModel(account=account, steps=steps)


@router.get("/{account}/bill")
async def bill(fake: State, account: AccountId) -> schemas.BillModel:
    """What the owner of the account would have paid so far."""
    found = fake.accounts.get(account).bill
    return schemas.BillModel(
        account=account,
        runs=found.runs,
        seconds=decimal(found.seconds),
        usd=decimal(found.usd),
        runs_without_duration=found.runs_without_duration,
        doubtful_runs=found.doubtful_runs,
        doubtful_usd=decimal(found.doubtful_usd),
    )


@router.get("/{account}/verdict")
def verdict(fake: State, account: AccountId) -> schemas.VerdictModel:
    """The account's traffic, judged by every rule that the wire alone can show."""
    return verdicts.verdict(account, fake.journal.exchanges(account), fake.contract)
