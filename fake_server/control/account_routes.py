"""Endpoints of one account: its exchanges, scenario, bill and verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from aleph_contract.core.exchange import decimal
from aleph_contract.core.jsonvalue import loads
from fake_server.control import exchange_schemas, runner_reports, schemas, verdict_schemas
from fake_server.control.dependencies import (
    ACCOUNT_NAMES,
    ERROR_RESPONSES,
    AccountId,
    BodyDep,
    FakeDep,
    FilterDep,
    error_detail,
    request_body,
)
from fake_server.control.verdict import VerdictLedger
from fake_server.journal.base import Filter
from fake_server.journal.waiting import wait_for_async
from fake_server.state import accounts

#: Maximum of the `timeout` parameter, in seconds.
MAX_WAIT = 300.0

#: Number of exchanges in each chunk of a streamed response.
CHUNK = 32

router = APIRouter(prefix="/accounts", tags=["accounts"], responses=ERROR_RESPONSES)


@router.get("")
def list_accounts(fake: FakeDep) -> list[schemas.AccountRowModel]:
    """List the accounts that have exchanges; the most recently used account is last."""
    names = {account: name for name, account in ACCOUNT_NAMES.items()}
    return [
        schemas.AccountRowModel(
            id=names.get(account, account), **asdict(fake.journal.tally(account))
        )
        for account in fake.journal.accounts()
    ]


@router.post(
    "",
    status_code=201,
    openapi_extra=request_body(schemas.NewAccountModel.model_json_schema(), required=False),
)
def create_account(fake: FakeDep, body: BodyDep, request: Request) -> schemas.AccountModel:
    """Create an account with a new id and a new token; only this token gives access to it."""
    try:
        options = schemas.NewAccountModel.model_validate(loads(body or b"{}"))
    except ValidationError as error:
        raise HTTPException(422, error_detail(error)) from None
    account = fake.accounts.create(**options.model_dump(exclude={"process"}))
    if options.process is not None:
        fake.suite.assign(account.id, options.process)
    return account_document(account, request)


def account_document(account: accounts.Account, request: Request) -> schemas.AccountModel:
    """The document of a new account: its token, and the environment of a client."""
    return schemas.AccountModel(**runner_reports.account_document(account, str(request.base_url)))


@router.get("/{account}/exchanges", response_model=exchange_schemas.ExchangesModel)
async def list_exchanges(
    fake: FakeDep,
    account: AccountId,
    request: Request,
    where: FilterDep,
    *,
    wait_for: Annotated[
        int, Query(description="Wait until this many exchanges match the filter.", ge=0)
    ] = 0,
    seconds: Annotated[
        float, Query(alias="timeout", description="Maximum wait, in seconds.", ge=0, le=MAX_WAIT)
    ] = 5.0,
    bodies: Annotated[
        Literal["start", "whole"],
        Query(description="Of bodies over 64 KiB, list the beginning, length and hash, or all."),
    ] = "start",
) -> Response:
    """List the exchanges of an account: each request, and the response that was sent."""
    journal = fake.journal
    wanted = None if where == Filter() else where
    in_time = not wait_for or await wait_for_async(
        journal, account, wait_for, seconds, wanted, cancelled=_disconnected(request)
    )
    tally = await run_in_threadpool(journal.tally, account)
    head = {"account": account, **asdict(tally), "timed_out": not in_time}
    found = map(
        exchange_schemas.exchange_json, journal.read(account, where, whole=bodies == "whole")
    )
    return StreamingResponse(
        _json_document(head, "exchanges", found), media_type="application/json"
    )


async def _disconnected(request: Request) -> None:
    """Return when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json_document(head: dict[str, Any], name: str, items: Iterator[Any]) -> Iterator[bytes]:
    """The JSON object `head` with `items` as its last member, in chunks: a journal may be large."""
    yield orjson.dumps(head)[:-1] + b',"%s":[' % name.encode()
    comma = b""
    while chunk := list(islice(items, CHUNK)):
        yield comma + orjson.dumps(chunk)[1:-1]
        comma = b","
    yield b"]}"


@router.delete("/{account}/exchanges", status_code=204, response_model=None)
def clear_exchanges(fake: FakeDep, account: AccountId, request: Request) -> None:
    """Delete the exchanges of an account; the numbers of later exchanges continue."""
    fake.journal.clear(account)
    request.app.state.verdicts.forget(account)


@router.delete("/{account}", status_code=204, response_model=None)
def delete_account(fake: FakeDep, account: AccountId, request: Request) -> None:
    """Delete an account, its token and its exchanges."""
    found = fake.accounts.find(account)
    if found is not None:
        fake.accounts.remove(found)
    clear_exchanges(fake, account, request)


@router.get("/{account}/connections")
def get_connections(fake: FakeDep, account: AccountId) -> schemas.ConnectionsModel:
    """Count the requests of an account that are being answered, by any fake that shares it."""
    return schemas.ConnectionsModel(account=account, in_flight=fake.in_flight(account))


@router.delete("/{account}/connections", status_code=204, response_model=None)
async def close_connections(fake: FakeDep, account: AccountId) -> None:
    """Close the connections of an account that wait for a response, of any fake that shares it."""
    found = fake.accounts.find(account)
    if found is not None:
        fake.hang_up(found)


@router.get("/{account}/scenario", response_model_exclude_unset=True)
def get_scenario(fake: FakeDep, account: AccountId) -> schemas.ScenarioModel:
    """List the steps that are still to be played."""
    return _scenario(account, fake.accounts.get(account))


@router.put(
    "/{account}/scenario",
    response_model_exclude_unset=True,
    openapi_extra=request_body(schemas.SCENARIO_SCHEMA, required=True),
)
def set_scenario(fake: FakeDep, account: AccountId, body: BodyDep) -> schemas.ScenarioModel:
    """Set the steps that the next runs are answered with; after the last step, answers are normal.

    A step may also be the name of a fault, for one run. The body may also be the name of one
    fault, which answers every run, or `null`, which ends the scenario.
    """
    state = fake.accounts.get(account)
    state.scenario = loads(body)
    return _scenario(account, state)


@router.delete("/{account}/scenario", status_code=204, response_model=None)
def clear_scenario(fake: FakeDep, account: AccountId) -> None:
    """End the scenario; the next run gets a normal answer."""
    fake.accounts.get(account).scenario = None


def _scenario(account: str, state: accounts.Account) -> schemas.ScenarioModel:
    steps = [schemas.ScenarioStepModel.model_validate(step.document()) for step in state.scenario]
    return schemas.ScenarioModel(account=account, steps=steps)


@router.get("/{account}/bill")
def get_bill(fake: FakeDep, account: AccountId) -> schemas.BillModel:
    """Return what the calls so far would have cost on the real service."""
    bill = fake.accounts.get(account).bill
    return schemas.BillModel(
        account=account,
        runs=bill.runs,
        seconds=decimal(bill.seconds),
        usd=decimal(bill.usd),
        runs_without_duration=bill.runs_without_duration,
        doubtful_runs=bill.doubtful_runs,
        doubtful_usd=decimal(bill.doubtful_usd),
        unknown=bill.unknown,
    )


@router.get("/{account}/verdict")
def get_verdict(
    fake: FakeDep, account: AccountId, request: Request
) -> verdict_schemas.VerdictModel:
    """Judge the traffic of an account by every rule that can be checked from the wire alone.

    Findings stay when the journal drops their exchanges later.
    """
    ledger: VerdictLedger = request.app.state.verdicts
    return ledger.verdict(account, fake.journal, fake.contracts, fake.suite.seen_with(fake.journal))
