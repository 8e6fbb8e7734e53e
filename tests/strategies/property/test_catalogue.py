"""For any schema: it is refused with a reason, or every case of it is certified."""

from __future__ import annotations

from typing import Any

from anyschema import schemas
from hypothesis import HealthCheck, given, settings

from aleph_contract.cases.catalogue import build
from aleph_contract.cases.certificates import holds
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.errors import ContractError
from aleph_contract.schema.pointers import follow


@settings(
    max_examples=60,
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


def served(contract: Contract) -> None:
    listed = constraints(contract)
    assert len({constraint.key for constraint in listed}) == len(listed)
    assert all(follow(contract.input_schema, c.schema) == c.limit for c in listed)
    validator = validator_for(contract)
    catalogue = build(contract)
    for case in catalogue.cases:
        if case.polarity == "valid":
            assert validator.is_valid(case.input)
            assert not validator.reference_violations(case.input)
        else:
            assert case.certificate
            assert holds(case.certificate, contract.input_schema, case.input)
    made = {(case.constraint.key, case.polarity) for case in catalogue.cases if case.constraint}
    left = {(gap.constraint.key, gap.polarity) for gap in catalogue.gaps}
    wanted = {(c.key, polarity) for c in listed for polarity in ("valid", "violating")}
    assert wanted <= made | left
