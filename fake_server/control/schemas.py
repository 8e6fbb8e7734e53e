"""What the control API shows: the shape of each document, and records made into it.

The models describe; `exchange_json` writes without them, because a journal may hold thousands.
Money and seconds of video are decimal strings, exact to the last digit.
"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from aleph_contract.core.exchange import Credential, Exchange, SurfaceName, as_json
from fake_server.replies.failures import PROFILES, Profile

#: A decimal number as a string, such as "1.68".
Amount = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", examples=["1.68"])]
Headers = Annotated[list[tuple[str, str]], Field(description="Name and value, in order.")]


class ResponseModel(BaseModel):
    """A document; it has no other members than these."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class ProblemModel(ResponseModel):
    """Why a call was refused."""

    detail: Annotated[str, Field(description="What is wrong, where, and what would be right.")]


class HealthModel(ResponseModel):
    """The fake answers, and this is what it plays."""

    status: Literal["ok"] = "ok"
    version: str
    model: str
    contract_version: str
    profile: Profile


class EntryModel(ResponseModel):
    """A catalog entry: schemas, documented examples and price of one model."""

    model_id: str
    schema_version: str
    pricing: dict[str, float]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    examples: list[dict[str, Any]]


class NewAccountModel(ResponseModel):
    """What an account is to be like; what is left out is as the fake was started."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"profile": "live", "credits": 5}]})

    profile: Annotated[str | None, Field(description=f"{' or '.join(PROFILES)}.")] = None
    credits: Annotated[
        Decimal | None, Field(description="USD that runs may cost before 402.", ge=0)
    ] = None
    spend_limit: Annotated[
        Decimal | None, Field(description="USD at which the gateway answers 429.", ge=0)
    ] = None


class AccountModel(ResponseModel):
    """A fresh account, and the environment in which a client finds it."""

    id: str
    token: str
    profile: Profile
    base_url: Annotated[str, Field(examples=["http://127.0.0.1:8787/client/v4"])]
    env: Annotated[dict[str, str], Field(description="The names that the official SDKs read.")]


class AccountRowModel(ResponseModel):
    """An account that has exchanges."""

    id: Annotated[str, Field(description="As in the paths of this API.")]
    total: Annotated[int, Field(description="ExchangesModel since it began or was cleared.")]
    dropped: Annotated[int, Field(description="How many of these went for want of room.")]


class BodyModel(ResponseModel):
    """Bytes of a body."""

    text: Annotated[str | None, Field(description="The bytes as text, where they are UTF-8.")]
    base64: Annotated[str, Field(description="The bytes, always exact.")]


class ExchangeModel(ResponseModel):
    """One request as it arrived and the answer that was sent, without secrets."""

    number: Annotated[int, Field(description="From 1 in each account, in order of arrival.")]
    account: str
    surface: SurfaceName
    method: str
    target: str
    host: str
    request_headers: Headers
    request_body: BodyModel
    request_complete: Annotated[bool, Field(description="Whether the whole body arrived.")]
    credential: Credential
    token_leaked: Annotated[bool, Field(description="Whether the token stood in URL or body.")]
    status: Annotated[int | None, Field(description="`null` where nothing was answered.")]
    response_headers: Headers
    response_body: BodyModel
    outcome: str
    fault: str | None
    billed: Annotated[bool, Field(description="Whether the service may have charged for it.")]
    billed_seconds: Amount | None
    cost_usd: Amount
    received_at: Annotated[float, Field(description="Unix time in seconds.")]
    seconds: Annotated[float, Field(description="From then until the last byte was handed over.")]


class ExchangesModel(ResponseModel):
    """Exchanges of one account, by number."""

    account: str
    total: Annotated[int, Field(description="ExchangesModel since it began or was cleared.")]
    dropped: Annotated[int, Field(description="How many of these went for want of room.")]
    timed_out: Annotated[bool, Field(description="Whether `wait_for` waited in vain.")]
    exchanges: list[ExchangeModel]


class ScenarioStepModel(ResponseModel):
    """One step of a scenario."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"fault": "rate-limited", "times": 2}, {"fault": None}]}
    )

    fault: Annotated[str | None, Field(description="`null`: the normal answer.")]
    times: Annotated[int | None, Field(description="For how many runs; `null`: all.", ge=1)] = 1
    retry_after: Annotated[
        int | None, Field(description="Seconds in a Retry-After header.", ge=0)
    ] = None
    delay: Annotated[float | None, Field(description="Seconds before the answer.", ge=0)] = None


class ScenarioModel(ResponseModel):
    """The steps still to be played; after the last the answers are normal again."""

    account: str
    steps: list[ScenarioStepModel]


class FaultModel(ResponseModel):
    """One misbehaviour that a step or a token `fault-<name>` can ask for."""

    name: str
    title: str
    provenance: str
    status: int | None
    code: int | None
    message: str
    retryable: bool
    billed_maybe: bool
    rules: tuple[str, ...]


class BillModel(ResponseModel):
    """What the owner of the account would have paid."""

    account: str
    runs: Annotated[int, Field(description="Completed runs.")]
    seconds: Annotated[Amount, Field(description="Seconds of source video in them.")]
    usd: Amount
    runs_without_duration: Annotated[int, Field(description="Their cost is unknown.")]
    doubtful_runs: Annotated[int, Field(description="Not completed, yet maybe charged for.")]
    doubtful_usd: Amount


class FindingModel(ResponseModel):
    """One rule broken in one call."""

    call: Annotated[str, Field(description="A call and its repetitions are one.")]
    exchanges: Annotated[list[int], Field(description="Numbers of its exchanges.")]
    rule: str
    level: Literal["must", "advice"]
    message: str
    cost_usd: Amount


class VerdictModel(ResponseModel):
    """The account's traffic, judged by the rules that the wire alone can show."""

    account: str
    conformant: Annotated[bool, Field(description="Whether no must was broken.")]
    calls: int
    exchanges: int
    findings: list[FindingModel]


class ConstraintRowModel(ResponseModel):
    """How often one constraint was seen kept or broken, with one answer."""

    constraint: str
    polarity: Literal["valid", "violating"]
    observed: str
    count: int


class FaultRowModel(ResponseModel):
    """How often one fault was played."""

    fault: str
    played: int


class CoverageModel(ResponseModel):
    """What all traffic so far has tried of the contract and of the faults."""

    constraints: list[ConstraintRowModel]
    faults: list[FaultRowModel]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """An exchange as `ExchangeModel` describes it."""
    return as_json(exchange, body_json)


def body_json(raw: bytes) -> dict[str, str | None]:
    """Bytes as `BodyModel` describes them."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = None
    return {"text": text, "base64": base64.b64encode(raw).decode()}
