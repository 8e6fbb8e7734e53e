"""Pydantic models of the request and response bodies of the control API.

Those of exchanges are in `exchange_schemas.py`, those of verdicts and coverage in
`verdict_schemas.py`. Money and seconds of video are decimal strings, so that they stay exact.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fake_server.replies.failures import PROFILES, Profile
from fake_server.state.accounts import ACCOUNT_ID
from fake_server.state.scenarios import MAX_NUMBER
from fake_server.state.suite import MAX_PROCESS_NAME, MAX_TEST_NAME, WITHOUT_NUL, Ending

#: A decimal number as a string, such as "1.68".
Amount = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", examples=["1.68"])]


class ControlModel(BaseModel):
    """Base of every request and response body of the control API; other members are refused."""

    # Before 2.10, pydantic warns about names that begin with "model_", as `model_id` does.
    model_config = ConfigDict(extra="forbid", from_attributes=True, protected_namespaces=())


class ProblemModel(ControlModel):
    """An error response."""

    detail: Annotated[str, Field(description="The error, its location, and what is allowed.")]


class HealthModel(ControlModel):
    """The state of a running fake."""

    status: Literal["ok"] = "ok"
    version: str
    model: str
    contract_version: str
    profile: Profile


class EntryModel(ControlModel):
    """A catalog entry: schemas, documented examples and price of one model."""

    model_id: str
    schema_version: str
    pricing: dict[str, float]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    examples: list[dict[str, Any]]


class NewAccountModel(ControlModel):
    """Options of a new account; a missing member takes the value the fake was started with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"profile": "live", "credits": 5}]})

    profile: Annotated[str | None, Field(description=f"{' or '.join(PROFILES)}.")] = None
    credits: Annotated[
        Decimal | None, Field(description="USD that runs may cost before a 402 response.", ge=0)
    ] = None
    spend_limit: Annotated[
        Decimal | None, Field(description="USD from which on the gateway answers 429.", ge=0)
    ] = None
    spend_limit_lag: Annotated[
        int | None,
        Field(description="Runs let through after the spend limit is passed.", ge=0, le=MAX_NUMBER),
    ] = None
    process: Annotated[
        str | None,
        Field(
            description="Process that uses it; see `POST tests`.",
            max_length=MAX_PROCESS_NAME,
            pattern=WITHOUT_NUL,
        ),
    ] = None


class ConnectionsModel(ControlModel):
    """The requests of an account that are being answered."""

    account: str
    in_flight: int


class BorderModel(ControlModel):
    """From this time on a process runs this test, or none."""

    at: Annotated[float, Field(description="Unix time, in seconds.")]
    test: str | None
    outcome: str | None
    repeats: bool = False


class SuiteModel(ControlModel):
    """The tests that test runners reported."""

    borders: Annotated[dict[str, list[BorderModel]], Field(description="By process, in order.")]
    accounts: Annotated[dict[str, str], Field(description="Process of each account.")]


class NewTestModel(ControlModel):
    """A test that begins."""

    process: Annotated[
        str,
        Field(
            description="Made-up id of the process that runs it.",
            max_length=MAX_PROCESS_NAME,
            pattern=WITHOUT_NUL,
        ),
    ]
    account: Annotated[
        str, Field(description="Account of the process.", pattern=f"^{ACCOUNT_ID.pattern}$")
    ]
    test: Annotated[
        str,
        Field(
            description="Name of the test.",
            min_length=1,
            max_length=MAX_TEST_NAME,
            pattern=WITHOUT_NUL,
        ),
    ]
    repeats: Annotated[bool, Field(description="Whether it runs its body several times.")] = False


class TestEndModel(ControlModel):
    """The end of a test."""

    outcome: Ending


class AccountModel(ControlModel):
    """A new account, and the environment variables for a client that uses it."""

    id: str
    token: str
    profile: Profile
    base_url: Annotated[str, Field(examples=["http://127.0.0.1:8790/client/v4"])]
    env: Annotated[dict[str, str], Field(description="Variables that the official SDKs read.")]


class TestModel(ControlModel):
    """A test that has begun: its number, and the account that belongs to it."""

    number: int
    account: AccountModel


class AccountRowModel(ControlModel):
    """An account that has exchanges, with their number."""

    id: Annotated[str, Field(description="The account in the paths of this API.")]
    total: Annotated[int, Field(description="Exchanges since the account began or was cleared.")]
    dropped: Annotated[int, Field(description="Exchanges deleted from a full journal.")]


class ScenarioStepModel(ControlModel):
    """One step of a scenario."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"fault": "rate-limited", "times": 2},
                {"fault": None},
                {"status": 503, "headers": {"retry-after": "1"}, "body": "busy"},
            ]
        }
    )

    fault: Annotated[str | None, Field(description="`null`: a normal answer.")] = None
    times: Annotated[
        int | None, Field(description="Number of runs; `null`: every run.", ge=1, le=MAX_NUMBER)
    ] = 1
    retry_after: Annotated[
        int | None,
        Field(
            description="Seconds in the Retry-After header, or until its date.",
            ge=0,
            le=MAX_NUMBER,
        ),
    ] = None
    delay: Annotated[
        float | None, Field(description="Seconds before the response.", ge=0, le=MAX_NUMBER)
    ] = None
    status: Annotated[
        int | None, Field(description="Status of a reply of your own.", ge=200, le=599)
    ] = None
    headers: Annotated[
        dict[str, str] | None, Field(description="Its headers; they replace those of the fake.")
    ] = None
    body: Annotated[
        Any, Field(description="Its body: a string as it is, any other value as JSON.")
    ] = None


#: A scenario as `PUT` takes it: steps, of which a text names a fault for one run; or the name of a
#: fault for every run; or `null` for no scenario.
SCENARIO_SCHEMA: dict[str, Any] = {
    "type": ["array", "string", "null"],
    "items": {**ScenarioStepModel.model_json_schema(), "type": ["object", "string"]},
}


class ScenarioModel(ControlModel):
    """The steps that are still to be played; after the last step, answers are normal."""

    account: str
    steps: list[ScenarioStepModel]


class FaultModel(ControlModel):
    """A fault that a scenario step or a token `fault-<name>` can ask for."""

    name: str
    title: str
    provenance: str
    status: int | None
    code: int | None
    message: str
    retryable: bool
    repeat: Annotated[
        str | None,
        Field(description="When a client may repeat the call: never, after-wait, if-unbilled."),
    ]
    billed_maybe: bool
    rules: tuple[str, ...]


class BillModel(ControlModel):
    """What the calls of an account would have cost on the real service."""

    account: str
    runs: Annotated[int, Field(description="Completed runs.")]
    seconds: Annotated[Amount, Field(description="Seconds of source video in the completed runs.")]
    usd: Amount
    runs_without_duration: Annotated[int, Field(description="Completed runs of unknown cost.")]
    doubtful_runs: Annotated[int, Field(description="Runs that failed but may have been billed.")]
    doubtful_usd: Amount
    unknown: Annotated[str, Field(description="Why the cost of the latest such run is unknown.")]
