"""Endpoints of the fake as a whole: health, readiness, contract, faults, coverage, event stream."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from aleph_contract import version
from aleph_contract.core.jsonvalue import dumps
from fake_server.control import event_stream, schemas, verdict, verdict_schemas
from fake_server.control.dependencies import ERROR_RESPONSES, FakeDep, account_id
from fake_server.journal.base import check_ready
from fake_server.replies import faults

router = APIRouter(tags=["fake"], responses=ERROR_RESPONSES)


@router.get("/health")
async def get_health(fake: FakeDep) -> schemas.HealthModel:
    """Return 200 while the process works, with its version, model and profile.

    It stays 200 while the database is lost, because a restart would not help: see `/ready`.
    """
    return schemas.HealthModel(
        version=version.__version__,
        model=fake.contract.model,
        contract_version=fake.contract.version,
        profile=fake.accounts.profile,
    )


@router.get("/ready")
async def get_ready(fake: FakeDep) -> dict[str, bool]:
    """Return 200 while runs can be stored, else 503 and the reason: for load balancers."""
    await check_ready(fake.journal)
    return {"ready": True}


@router.get("/contract", response_model=schemas.EntryModel)
def get_contract(fake: FakeDep, model: str | None = None) -> Response:
    """Return the contract of a model that the fake serves: its catalog entry, as it is published.

    Without `model`, that of the model which `/health` names.
    """
    contract = fake.contract if model is None else fake.contracts.find(model)
    if contract is None:
        raise HTTPException(404, f"unknown model {model!r}{fake.contracts.hint(model or '')}")
    return Response(dumps(contract.entry), media_type="application/json")


@router.get("/faults")
async def list_faults() -> list[schemas.FaultModel]:
    """List the faults that a scenario step, or a token `fault-<name>`, can ask for."""
    return [schemas.FaultModel.model_validate(fault) for fault in faults.FAULTS.values()]


@router.get("/coverage")
def get_coverage(fake: FakeDep) -> verdict_schemas.CoverageModel:
    """Count the constraints and faults that the traffic of all accounts has exercised."""
    return verdict.traffic_coverage(
        fake.journal.exchanges(None), fake.contracts, fake.suite.seen_with(fake.journal)
    )


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(fake: FakeDep) -> Response:
    """Return the counters of `serve --metrics` in the text format of Prometheus."""
    if fake.metrics is None:
        raise HTTPException(404, "no metrics are counted: start with serve --metrics")
    return Response(fake.metrics.text(), media_type=fake.metrics.content_type)


@router.get("/events", response_class=StreamingResponse)
async def stream_events(fake: FakeDep, account: str | None = None) -> StreamingResponse:
    """Stream new exchanges as server-sent events, of one account or of all."""
    only = None if account is None else account_id(account)
    events = event_stream.stream(fake.journal, only)
    return StreamingResponse(events, media_type="text/event-stream")
