"""Every search ends after a number of steps, and what it leaves out is a gap."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from sample_cases import contract_of

from aleph_contract.cases import Case, cases, gaps
from aleph_contract.cases.catalogue import MAX_STEPS, CatalogueBuilder, build
from aleph_contract.cases.gaps import unvisited
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget

#: As `z.json()` of Zod 4 writes it: any JSON value, recursively.
ANY_JSON = {
    "anyOf": [
        {"type": "string"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
        {"type": "array", "items": {"$ref": "#/$defs/s"}},
        {
            "type": "object",
            "propertyNames": {"type": "string"},
            "additionalProperties": {"$ref": "#/$defs/s"},
        },
    ]
}
TWO_OF_ANY_JSON = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/s"}, "b": {"$ref": "#/$defs/s"}},
    "required": ["a", "b"],
    "$defs": {"s": ANY_JSON},
}


def _unions(count: int, width: int) -> Any:
    """`count` unions that must all hold: `width ** count` conjunctions."""
    unions = [
        {"anyOf": [{"required": [f"k{union}-{branch}"]} for branch in range(width)]}
        for union in range(count)
    ]
    return {"type": "object", "allOf": unions}


def _pairs(depth: int) -> Any:
    """An object of pairs of pairs: `2 ** depth` numbers."""
    defs: dict[str, Any] = {f"d{depth}": {"type": "integer", "maximum": 9}}
    for level in range(depth):
        pair = {"$ref": f"#/$defs/d{level + 1}"}
        defs[f"d{level}"] = {"type": "object", "properties": {"l": pair, "r": pair}}
    return {"$ref": "#/$defs/d0", "$defs": defs}


HARD = {
    "any JSON, twice": TWO_OF_ANY_JSON,
    "seven unions of seven": _unions(7, 7),
    "an enum of 1,200 values": {"enum": [f"value-{number}" for number in range(1_200)]},
}


def _texts(found: Iterable[Case]) -> list[tuple[str, str]]:
    return [(case.name, dumps(case.input)) for case in found]


@pytest.mark.parametrize("schema", HARD.values(), ids=HARD)
def test_the_steps_of_a_hard_contract_are_bounded_and_the_rest_is_a_gap(schema: Any) -> None:
    contract = contract_of(schema)
    builder = CatalogueBuilder(contract)
    searches = builder.boundaries(builder.isolator.constraints)
    assert sum(search.spent for search in searches) <= 2 * MAX_STEPS
    found = [gap for search in searches for gap in search.gaps()]
    assert any("cut off" in gap.reason for gap in found)
    covered = {(s.constraint.key, case.polarity) for s in searches for case in s.cases}
    named = {(gap.constraint.key, gap.polarity) for gap in found if gap.constraint}
    assert covered | named == {
        (s.constraint.key, polarity) for s in searches for polarity in ("valid", "violating")
    }


@cache
def two_of_any_json() -> Contract:
    """One object for all tests, so that its cases are built once."""
    return contract_of(TWO_OF_ANY_JSON)


def test_a_hard_contract_has_the_same_cases_each_time() -> None:
    first, second = cases(two_of_any_json()), build(contract_of(TWO_OF_ANY_JSON))
    assert _texts(first) == _texts(second.cases)
    assert gaps(two_of_any_json()) == second.gaps


def test_a_case_by_name_is_the_one_of_the_whole_catalogue() -> None:
    contract = two_of_any_json()
    for case in cases(contract)[5:40:16]:
        (alone,) = cases(contract, names=[case.name])
        assert dumps(alone.input) == dumps(case.input)


def test_a_larger_budget_adds_cases_and_changes_none() -> None:
    contract = contract_of(TWO_OF_ANY_JSON)
    builder = CatalogueBuilder(contract)
    for constraint in builder.isolator.constraints[:8]:
        found = [
            {case.name: dumps(case.input) for case in builder.boundary(constraint, steps).cases}
            for steps in (20, 60, 200, 1_000)
        ]
        for small, large in pairwise(found):
            assert small.items() <= large.items()


def test_locations_beyond_the_limit_are_a_gap() -> None:
    """2 ** 16 locations: the deepest are not visited."""
    found = list(unvisited(Document(_pairs(16))))
    assert [(gap.constraint, gap.polarity) for gap in found] == [
        (None, "valid"),
        (None, "violating"),
    ]
    assert all("below the root are left out" in gap.reason for gap in found)
    assert list(unvisited(Document(_pairs(4)))) == []


def test_a_budget_is_empty_after_a_step_that_it_cannot_pay() -> None:
    budget = Budget(5)
    assert budget.spend(3)
    assert not budget.spend(3)
    assert (budget.left, budget.spent, budget.cut) == (0, 5, True)


def test_a_shared_result_is_paid_for_once() -> None:
    budget, result = Budget(10), object()
    assert budget.pay_for(result, 4)
    assert budget.pay_for(result, 3)
    assert budget.pay_for(result, 6)
    assert budget.left == 4
