"""Labels: *on* names a value on the bound, *just outside* the next step of the grid."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.cases import cases, gaps
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.rules.constraint_hits import ConstraintHits
from aleph_contract.schema.validation.messages import place
from aleph_contract.verify.plans import plan_case

GRID_OF_TWO = {"type": "number", "allOf": [{"multipleOf": 4}, {"multipleOf": 6}]}


def contract_of(schema: Any) -> Contract:
    """A contract with one property `p`, which `schema` describes."""
    return Contract.from_entry(
        {
            "model_id": "test/labels",
            "schema_version": "1",
            "schema": {
                "input": {"type": "object", "properties": {"p": schema}},
                "output": {"type": "object"},
            },
        }
    )


def values(schema: Any, prefix: str = "") -> dict[str, Any]:
    """Value of `p` in each boundary case of a constraint of `p`, by the rest of the name."""
    start = f"boundary/p/{prefix}"
    found = (case for case in cases(contract_of(schema)) if case.name.startswith(start))
    return {case.name.removeprefix(start): case.input["p"] for case in found}


@pytest.mark.parametrize(
    ("schema", "label", "value"),
    [
        ({"type": "number", "minimum": 5, "multipleOf": 0.5}, "minimum/below", 4.5),
        ({"type": "number", "maximum": 5, "multipleOf": 0.001}, "maximum/above", 5.001),
        ({**GRID_OF_TWO, "minimum": 24}, "minimum/below", 12),
        ({**GRID_OF_TWO, "maximum": 30}, "maximum/above", 36),
        ({**GRID_OF_TWO, "maximum": 30}, "maximum/near", 24),
        ({**GRID_OF_TWO, "exclusiveMaximum": 24}, "exclusiveMaximum/below", 12),
        ({"minimum": 10, "oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}, "minimum/below", 9),
        ({"type": "integer", "minimum": 3}, "minimum/below", 2),
    ],
)
def test_just_outside_is_the_closest_step_of_the_grid(schema: Any, label: str, value: Any) -> None:
    assert values(schema)[label] == value


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"type": "array", "uniqueItems": True, "items": {"enum": ["x", "y"]}}, "maxItems"),
        ({"type": "array", "uniqueItems": True, "items": {"type": "boolean"}}, "maxItems"),
    ],
)
def test_a_bound_that_no_valid_value_is_on_has_no_case_named_on(schema: Any, keyword: str) -> None:
    found = values({**schema, keyword: 3}, f"{keyword}/")
    assert "on" not in found
    assert len(found["near"]) == 2


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"type": "string", "maxLength": 20_000_000}, "maxLength"),
        ({"type": "array", "maxItems": 1_000_000}, "maxItems"),
        ({"type": "object", "maxProperties": 1_000_000}, "maxProperties"),
    ],
)
def test_a_size_that_is_not_built_is_a_gap_on_both_sides(schema: Any, keyword: str) -> None:
    contract = contract_of(schema)
    assert values(schema, f"{keyword}/") == {}
    assert [gap.polarity for gap in gaps(contract)] == ["valid", "violating"]
    assert all("beyond the largest input" in gap.reason for gap in gaps(contract))


def test_members_of_an_enum_with_the_same_label_have_a_case_each() -> None:
    listed = [1, "1", [], {}, None, "null", "a b", "a-b"]
    found = [value for label, value in values({"enum": listed}, "enum/").items() if "on" in label]
    assert [dumps(value) for value in found if value in listed] == [dumps(v) for v in listed]


NAMES = [
    "",
    "/",
    "~",
    "%",
    "1",
    "__proto__",
    "*",
    "\u00e9 \u00fc",
    "a.b",
    '"',
    "$ref",
    "properties",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_property_of_any_name_has_the_cases_of_its_constraints(name: str) -> None:
    schema = {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "integer", "minimum": 3}},
        "additionalProperties": False,
    }
    contract = contract_of(schema)
    assert gaps(contract) == ()
    inputs = [case.input for case in cases(contract) if case.kind == "boundary"]
    for value in (3, 2, "text"):
        assert {"p": {name: value}} in inputs


def test_a_keyword_inside_unevaluated_properties_has_cases() -> None:
    schema = {"type": "object", "unevaluatedProperties": {"type": "integer", "maximum": 5}}
    found = values(schema, "unevaluatedProperties/maximum/")
    assert [[*value.values()] for value in found.values()] == [[5], [6]]


def test_a_large_repetition_of_a_unicode_class_is_read() -> None:
    schema = {"type": "string", "pattern": r"^[\p{L}\p{N} ]{1,256}$"}
    assert values(schema, "pattern/")["on"]


def test_a_message_names_a_property_of_any_name() -> None:
    assert place(["", "a", 1, "a b", "/", "1"]) == '[""].a[1]["a b"]["/"]["1"]'


def test_two_patterns_with_a_length_have_a_valid_value() -> None:
    both = [{"pattern": "^[a-z]+-"}, {"pattern": "[0-9]{3}$"}]
    schema = {"type": "string", "minLength": 8, "maxLength": 12, "allOf": both}
    assert len(values(schema, "minLength/")["on"]) == 8
    assert len(values(schema, "maxLength/")["on"]) == 12
    assert gaps(contract_of(schema)) == ()


#: Keyword of `p` whose bound no valid value is on -> the rest of the schema.
UNREACHABLE: dict[str, dict[str, Any]] = {
    "maximum": {**GRID_OF_TWO, "maximum": 30},
    "maxItems": {"items": {"enum": [1, 2]}, "uniqueItems": True, "maxItems": 3},
    "maxContains": {"contains": {"const": 1}, "uniqueItems": True, "maxContains": 2},
    "items": {"prefixItems": [{"const": 1}, {"const": 1}], "items": False, "uniqueItems": True},
}


@pytest.mark.parametrize("keyword", UNREACHABLE)
def test_a_case_near_a_bound_is_marked_and_does_not_cover_it(keyword: str) -> None:
    contract = contract_of({"type": "array"} | UNREACHABLE[keyword])
    key = f"p/{keyword}"
    probing = (c for c in cases(contract, polarity="valid") if c.constraint)
    mine = [case for case in probing if case.constraint and case.constraint.key == key]
    assert {case.name.rpartition("/")[2]: case.on_bound for case in mine} == {"near": False}
    assert plan_case(mine[0], "boundary").on_bound is False
    if keyword in ("maximum", "maxItems"):
        hit = {hit for case in mine for hit in ConstraintHits(contract)(case.input)}
        assert (key, "valid") not in hit
