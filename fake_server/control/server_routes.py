"""The endpoints about the fake as a whole: its contract, its faults, its traffic as it happens."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from aleph_contract import version
from aleph_contract.core.jsonvalue import Number, dumps
from fake_server.control import schemas, verdict
from fake_server.control.dependencies import REFUSALS, State, account_id
from fake_server.control.event_stream import stream
from fake_server.replies import faults

router = APIRouter(tags=["fake"], responses=REFUSALS)


@router.get("/health")
async def health(fake: State) -> schemas.HealthModel:
    """Whether the fake is up, and what it plays."""
    return schemas.HealthModel(
        version=version.__version__,
        model=fake.contract.model,
        contract_version=fake.contract.version,
        profile=fake.accounts.profile,
    )


@router.get("/contract", response_model=schemas.EntryModel)
async def contract(fake: State) -> Response:
    """The contract that is played, as a catalog entry that `--contract` takes."""
    played = fake.contract
    price = played.price_per_second
    entry = {
        "model_id": played.model,
        "schema_version": played.version,
        "pricing": {} if price is None else {"Default (per second)": Number(str(price))},
        "schema": {"input": played.input_schema, "output": played.output_schema},
        "examples": [
            {"name": e.name, "input": e.input, "output": e.output, "raw_response": e.reply}
            for e in played.examples
        ],
    }
    return Response(dumps(entry), media_type="application/json")


@router.get("/faults")
async def fault_table() -> list[schemas.FaultModel]:
    """Every fault that a step of a scenario, or a token `fault-<name>`, can ask for."""
    return [schemas.FaultModel.model_validate(fault) for fault in faults.FAULTS.values()]


@router.get("/coverage")
def coverage(fake: State) -> schemas.CoverageModel:
    """What the traffic of all accounts has tried of the contract and of the faults."""
    return verdict.coverage(fake.journal.exchanges(None), fake.contract)


@router.get("/events", response_class=StreamingResponse)
async def event_stream(fake: State, account: str | None = None) -> StreamingResponse:
    """Exchanges as they happen (server-sent events), of one account or of all."""
    only = None if account is None else account_id(account)
    return StreamingResponse(stream(fake.journal, only), media_type="text/event-stream")
