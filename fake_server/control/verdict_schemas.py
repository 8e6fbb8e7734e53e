"""Pydantic models of verdicts and of coverage in the control API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fake_server.control.schemas import Amount, ControlModel


class FindingModel(ControlModel):
    """One rule broken in one call."""

    call: Annotated[str, Field(description="Name of the call; retries belong to it.")]
    exchanges: Annotated[list[int], Field(description="Numbers of the exchanges of the call.")]
    rule: str
    level: Literal["must", "advice"]
    message: str
    cost_usd: Amount


class ServerVerdictModel(ControlModel):
    """The replies of the upstream, judged by the server rules."""

    conformant: Annotated[
        bool | None,
        Field(description="Whether no server rule of level must is broken; null without a reply."),
    ]
    exchanges: Annotated[int, Field(description="Judged exchanges that the journal holds.")]
    findings: list[FindingModel]


class VerdictModel(ControlModel):
    """The traffic of an account, judged by the rules that can be checked from the wire alone."""

    account: str
    conformant: Annotated[
        bool | None,
        Field(
            description="Whether no rule of level must is broken; null (not checked) if there is "
            "no exchange, or one that the journal dropped before a verdict judged it."
        ),
    ]
    calls: Annotated[int, Field(description="Calls in the exchanges that the journal holds.")]
    exchanges: Annotated[int, Field(description="Exchanges since the account was created.")]
    not_judged: Annotated[int, Field(description="Exchanges dropped before a verdict.")]
    findings: list[FindingModel]
    server: Annotated[
        ServerVerdictModel | None, Field(description="The upstream's part; null without upstream.")
    ] = None


class ConstraintRowModel(ControlModel):
    """Number of inputs that kept or broke one constraint, with one observed outcome."""

    model: Annotated[str, Field(description="The model whose contract has the constraint.")]
    constraint: str
    polarity: Literal["valid", "violating"]
    observed: str
    count: int


class FaultRowModel(ControlModel):
    """Number of times a fault was played."""

    fault: str
    played: int


class CoverageModel(ControlModel):
    """The constraints and faults that all traffic so far has exercised."""

    constraints: list[ConstraintRowModel]
    faults: list[FaultRowModel]
