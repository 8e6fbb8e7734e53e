"""Endpoints for a test runner: it reports the start and the end of each test.

The judge then knows which calls belong together, and each test gets an account of its own.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import ValidationError

from aleph_contract.core.jsonvalue import loads
from fake_server.control import schemas
from fake_server.control.account_routes import account_document
from fake_server.control.dependencies import (
    ERROR_RESPONSES,
    MAX_INTEGER,
    BodyDep,
    FakeDep,
    error_detail,
    request_body,
)
from fake_server.control.runner_reports import NewTest, begin

router = APIRouter(prefix="/tests", tags=["tests"], responses=ERROR_RESPONSES)


@router.post(
    "",
    status_code=201,
    openapi_extra=request_body(schemas.NewTestModel.model_json_schema(), required=True),
)
def start_test(fake: FakeDep, body: BodyDep, request: Request) -> schemas.TestModel:
    """Report that a test begins, and create an account for it.

    The account shares the scenario of the account of its process, and each accepts the token of
    the other: a test suite may have read id or token before the test began.
    """
    try:
        test = schemas.NewTestModel.model_validate(loads(body))
    except ValidationError as error:
        raise HTTPException(422, error_detail(error)) from None
    begun = begin(fake, NewTest(**test.model_dump()))
    if begun is None:
        raise HTTPException(409, "the fake records no more tests")
    number, account = begun
    return schemas.TestModel(number=number, account=account_document(account, request))


@router.get("")
def list_tests(
    fake: FakeDep,
    process: Annotated[str, Query(description="Only processes whose name begins so.")] = "",
) -> schemas.SuiteModel:
    """List the tests that were reported, and the accounts of their processes."""
    suite = fake.suite.suite()
    return schemas.SuiteModel(
        borders={
            name: [
                schemas.BorderModel(
                    at=at,
                    test=None if test is None else test.name,
                    outcome=None if test is None else test.outcome,
                    repeats=test is not None and test.repeats,
                )
                for at, test in borders
            ]
            for name, borders in suite.borders.items()
            if name.startswith(process)
        },
        accounts={
            account: name for account, name in suite.accounts.items() if name.startswith(process)
        },
    )


@router.put(
    "/{number}",
    status_code=204,
    response_model=None,
    openapi_extra=request_body(schemas.TestEndModel.model_json_schema(), required=True),
)
async def finish_test(
    fake: FakeDep, number: Annotated[int, Path(ge=0, le=MAX_INTEGER)], body: BodyDep
) -> None:
    """Report that a test has ended."""
    try:
        end = schemas.TestEndModel.model_validate(loads(body))
    except ValidationError as error:
        raise HTTPException(422, error_detail(error)) from None
    if not fake.suite.finish(number, end.outcome):
        raise HTTPException(404, f"no test {number} is running")
