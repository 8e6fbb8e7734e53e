"""For any schema: it is refused with a reason, or every case of it is certified."""

from __future__ import annotations

from typing import Any

from anyschema import schemas
from catalogue_checks import served
from hypothesis import HealthCheck, given, settings

from aleph_contract.contract import Contract
from aleph_contract.errors import ContractError


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(schemas)
def test_any_schema_is_refused_or_served(schema: Any) -> None:
    entry = {"model_id": "acme/any", "schema_version": "1.0.0"}
    try:
        contract = Contract.from_entry(entry | {"schema": {"input": schema, "output": True}})
    except ContractError as error:
        refused = error
    else:
        served(contract)
        return
    assert refused.location.startswith("/schema/input")
    assert "cannot be satisfied" in refused.reason
