"""For any two keywords: every constraint is covered on both sides or named as a gap."""

from __future__ import annotations

from typing import Any

import pytest
from catalogue_checks import served
from hypothesis import HealthCheck, given, settings
from keyword_pairs import schemas
from sample_cases import contract_of

from aleph_contract.errors import ContractError

#: Schemas that once had a missing or wrong case.
FOUND: tuple[dict[str, Any], ...] = (
    {"type": ["null", "string"], "format": "email", "maxLength": 9},
    {"type": "string", "format": "email", "minLength": 5},
    {"type": "string", "pattern": "@acme\\.com$", "format": "email"},
    {"items": {"format": "date"}, "uniqueItems": True, "minItems": 3},
)


def check(schema: Any) -> None:
    try:
        contract = contract_of(schema)
    except ContractError as error:
        assert "cannot be satisfied" in error.reason  # noqa: PT017 - both outcomes are right
    else:
        served(contract)


@settings(
    max_examples=25,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(schemas())
def test_any_two_keywords_are_refused_or_served(schema: Any) -> None:
    check(schema)


@pytest.mark.parametrize("schema", FOUND)
def test_a_schema_that_once_failed_is_served(schema: Any) -> None:
    check(schema)
