"""The two validators are independent, and agree."""

from __future__ import annotations

from typing import Any

from anyschema import schemas, values
from hypothesis import HealthCheck, given, settings

from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import leaves


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(schemas, values)
def test_both_validators_find_the_same_violations(schema: Any, value: Any) -> None:
    validator = Validator(schema)
    found = validator.violations(value)
    assert found == validator.reference_violations(value)
    assert validator.is_valid(value) == (not found)
    assert bool(leaves(found)) == bool(found)
