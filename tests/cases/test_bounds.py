"""Each constraint has a valid case on its bound and a violating case just outside."""

from __future__ import annotations

from typing import Any

import pytest
from sample_cases import BY_NAME, ENTRIES, cases_of, load, parts_at

from aleph_contract.cases import Case, cases
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.schema.pointers import follow


@pytest.mark.parametrize("constraint", constraints(), ids=lambda constraint: constraint.key)
def test_each_constraint_has_portable_cases_on_both_sides(constraint: Any) -> None:
    found = [case for case in cases() if case.constraint == constraint and case.kind == "boundary"]
    assert any(case.polarity == "valid" and case.portable for case in found)
    violating = [case for case in found if case.polarity == "violating" and case.portable]
    assert violating
    schema = Contract.load().input_schema
    around = follow(schema, constraint.schema.rpartition("/")[0])
    implied = constraint.keyword == "type" and ("enum" in around or "const" in around)
    assert all(case.compound is implied for case in violating)


def test_boundary_cases_use_the_closest_representable_values() -> None:
    def at(name: str, *path: Any) -> Any:
        value = BY_NAME[f"boundary/{name}"].input
        for part in path:
            value = value[part]
        return value

    assert at("seed/maximum/on", "seed") == 2**32 - 1
    assert at("seed/maximum/above", "seed") == 2**32
    assert at("seed/minimum/below", "seed") == -1
    assert len(at("prompt/maxLength/on", "prompt")) == 1000
    assert len(at("prompt/maxLength/above", "prompt")) == 1001
    assert at("prompt/minLength/below", "prompt") == ""
    assert len(at("keyframes/maxItems/above", "keyframes")) == 6
    assert at("keyframes/minItems/below", "keyframes") == []
    frame = ("keyframes", 0, "seconds")
    assert at("keyframes/*/anyOf/0/seconds/maximum/above", *frame) == 30.000000000000004
    assert at("keyframes/*/anyOf/0/seconds/minimum/on", *frame) == 0
    assert at("duration/exclusiveMinimum/above-by-the-least", "duration") == 5e-324
    assert at("duration/exclusiveMinimum/on", "duration") == 0


def of(keyword: str) -> list[Case]:
    return [case for case in cases() if case.constraint and case.constraint.keyword == keyword]


@pytest.mark.parametrize(
    ("keyword", "measure"),
    [
        ("maximum", float),
        ("minimum", float),
        ("maxLength", len),
        ("minLength", len),
        ("maxItems", len),
        ("minItems", len),
        ("exclusiveMinimum", float),
        ("const", str),
    ],
)
def test_a_case_on_a_bound_contains_a_value_equal_to_the_limit(keyword: str, measure: Any) -> None:
    found = [case for case in of(keyword) if case.name.endswith(f"/{keyword}/on")]
    assert found
    for case in found:
        assert case.constraint
        measured = map(measure, parts_at(case.input, case.constraint.instance))
        assert case.constraint.limit in measured, case.name


@pytest.mark.parametrize(
    ("schema", "name", "value"),
    [
        (
            {"enum": [{}, {"a": 5}, {"a": 9}], "properties": {"a": {"maximum": 9}}},
            "a/maximum/on",
            {"a": 9},
        ),
        (
            {"enum": [1, "long", "text"], "anyOf": [{"type": "integer"}, {"maxLength": 4}]},
            "anyOf/1/maxLength/on",
            "long",
        ),
        (
            {"const": [[], [1, 2]], "items": {"maxItems": 2}},
            "*/maxItems/on",
            [[], [1, 2]],
        ),
    ],
)
def test_a_listed_value_is_chosen_that_reaches_the_bound(
    schema: Any, name: str, value: Any
) -> None:
    found = cases_of(schema)
    assert found[f"boundary/{name}"].input == value


def test_a_gray_bound_still_has_its_case() -> None:
    """The maximum is 2^53, which is gray; 2^53 - 1 is portable but not the maximum."""
    ticks = {c.name: c for c in cases(load(ENTRIES["meridian__simulate-1"]))}
    on = ticks["boundary/ticks/maximum/on"]
    assert (on.input["ticks"], on.portable) == (2**53, False)


def test_an_absent_key_and_null_are_different_cases() -> None:
    assert "prompt" not in BY_NAME["boundary/required/without-prompt"].input
    assert BY_NAME["boundary/prompt/type/null"].input["prompt"] is None
