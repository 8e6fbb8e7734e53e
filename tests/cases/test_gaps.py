"""Gaps: a constraint without a case of one polarity is reported with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from sample_cases import cases_of, contract_of

from aleph_contract.cases import cases, gaps
from aleph_contract.cases.constraints import constraints


def test_the_shipped_contract_has_no_gaps() -> None:
    assert gaps() == ()


@pytest.mark.parametrize(
    ("limit", "polarities"), [(10**6, ["violating"]), (10**9, ["valid", "violating"])]
)
def test_an_input_too_large_to_build_is_a_gap(limit: int, polarities: list[str]) -> None:
    found = gaps(contract_of({"type": "string", "maxLength": limit}))
    assert [gap.polarity for gap in found] == polarities
    assert {gap.constraint and gap.constraint.key for gap in found} == {"maxLength"}
    reason = "beyond the largest input that is built: `maxLength` 1000000"
    assert {gap.reason for gap in found} == {reason}


def test_a_large_list_of_different_items_is_built() -> None:
    items = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "maxItems": 300}
    found = cases_of(items)
    assert len(found["boundary/maxItems/on"].input) == 300
    assert found["boundary/maxItems/above"].polarity == "violating"


def test_a_keyword_that_a_reference_needs_is_a_gap() -> None:
    first = {"type": "object", "properties": {"x": {"$ref": "#/anyOf/1"}}}
    contract = contract_of({"anyOf": [first, {"type": "string"}]})
    assert [(gap.constraint and gap.constraint.key, gap.polarity) for gap in gaps(contract)] == [
        ("anyOf", "violating")
    ]


def test_a_constraint_that_no_input_breaks_is_a_gap() -> None:
    """A number below 0 breaks the first branch but satisfies the second."""
    union = {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "number", "maximum": 10}]}
    (gap,) = gaps(contract_of(union))
    assert gap.constraint
    assert (gap.constraint.key, gap.polarity) == ("oneOf/0/minimum", "violating")
    assert gap.reason == "no such input was found"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "maxLength": 20 * 2**20},
        {"type": "array", "maxItems": 10**6},
        {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 5 * 10**6}]},
        {"anyOf": [{"type": "integer"}, {"type": "array", "minItems": 10**6}]},
        {"type": "array", "items": {"type": "object", "maxProperties": 10**6}},
        {"type": "object", "properties": {"p": {"type": ["string", "null"], "maxLength": 10**8}}},
    ],
)
def test_a_size_that_no_test_can_send_is_not_claimed_as_reached(schema: Any) -> None:
    contract = contract_of(schema)
    (bound,) = [c for c in constraints(contract) if c.keyword.startswith(("min", "max"))]
    reasons = {g.polarity: g.reason for g in gaps(contract) if g.constraint == bound}
    assert "beyond the largest input that is built" in reasons["valid"]
    made = [c for c in cases(contract) if c.constraint == bound and c.kind == "boundary"]
    assert {case.name.rpartition("/")[2] for case in made} <= {"far-below"}
