"""For every keyword: values on the limit and just outside, by the smallest representable step."""

from __future__ import annotations

import math
from typing import Any

import pytest
from boundary_cases import boundary_values
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]

from aleph_contract.schema.boundaries import BOUNDARIES, Site, asserts
from aleph_contract.schema.keywords import ASSERTIONS

EPSILON = 2.220446049250313e-16


@pytest.mark.parametrize(
    ("schema", "keyword", "expected"),
    [
        (
            {"type": "integer", "minimum": 3, "maximum": 7},
            "maximum",
            {"+on": 7, "-above": 8},
        ),
        ({"type": "integer", "minimum": 3, "maximum": 7}, "minimum", {"+on": 3, "-below": 2}),
        (
            {"type": "number", "maximum": 30},
            "maximum",
            {"+on": 30, "-above": 30.000000000000004, "-above-by-one": 31},
        ),
        (
            {"type": "number", "minimum": 0},
            "minimum",
            {"+on": 0, "-below": -EPSILON, "-below-by-the-least": -5e-324, "-below-by-one": -1},
        ),
        (
            {"type": "number", "minimum": 1},
            "minimum",
            {"+on": 1, "-below": 0.9999999999999999, "-below-by-one": 0},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0},
            "exclusiveMinimum",
            {
                "-on": 0,
                "-below": -EPSILON,
                "+above": EPSILON,
                "+above-by-the-least": 5e-324,
                "-below-by-one": -1,
            },
        ),
        (
            {"type": "integer", "exclusiveMaximum": 10},
            "exclusiveMaximum",
            {"-on": 10, "-above": 11, "+below": 9},
        ),
        (
            {"type": "integer", "exclusiveMaximum": 3.5},
            "exclusiveMaximum",
            {"-above": 4, "+below": 3},
        ),
        (
            {"type": "integer", "maximum": 10, "multipleOf": 4},
            "maximum",
            {"+near": 8, "-above": 12},
        ),
        (
            {"type": "integer", "maximum": 2**63, "minimum": 2**63 - 2},
            "maximum",
            {"+on": 2**63, "-above": 2**63 + 1},
        ),
        (
            {"type": "integer", "multipleOf": 64, "minimum": 256},
            "multipleOf",
            {"+on": 256, "-off": 257},
        ),
        ({"type": "string", "minLength": 1}, "minLength", {"+on": "A", "-below": ""}),
        ({"type": "string", "minLength": 1.0}, "minLength", {"+on": "A", "-below": ""}),
        (
            {"type": "array", "items": {"const": 1.0}, "minItems": 2.0},
            "minItems",
            {"+on": [1, 1], "-below": [1]},
        ),
        (
            {"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 2},
            "maxItems",
            {"+on": [None, None], "-above": [None, None, None]},
        ),
        (
            {"type": "object", "maxProperties": 1},
            "maxProperties",
            {"+on": {"note": "x"}, "-above": {"note": "x", "extra": "x"}},
        ),
        (
            {"const": 255},
            "const",
            {"+on": 255, "-one-more": 256, "-one-less": 254, "-text": "255", "-off": "x"},
        ),
        (
            {"const": True},
            "const",
            {"+on": True, "-opposite": False, "-number": 1, "-text": "true", "-off": "x"},
        ),
        (
            {"const": None},
            "const",
            {"+on": None, "-false": False, "-zero": 0, "-empty": "", "-text": "null", "-off": "x"},
        ),
        (
            {"type": "integer"},
            "type",
            {
                "+on": 5,
                "-null": None,
                "-boolean": True,
                "-fraction": 0.5,
                "-string": "text",
                "-array": [],
                "-object": {},
            },
        ),
        (
            {"type": ["string", "null"]},
            "type",
            {
                "+on-string": "x",
                "+on-null": None,
                "-boolean": True,
                "-integer": 1,
                "-fraction": 0.5,
                "-array": [],
                "-object": {},
            },
        ),
        (
            {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2]}},
            "uniqueItems",
            {"+on": [1, 2], "-twice": [1, 1]},
        ),
        (
            {"type": "array", "prefixItems": [{"const": 1}], "items": False},
            "items",
            {"+on": [1], "-above": [1, "x"]},
        ),
        (
            {"type": "array", "contains": {"const": 1}, "items": {"enum": [1, 2]}},
            "contains",
            {"+on": [1], "-none": [2]},
        ),
        (
            {
                "type": "array",
                "contains": {"const": 1},
                "items": {"enum": [1, 2]},
                "maxContains": 2,
            },
            "maxContains",
            {"+on": [1, 1], "-above": [1, 1, 1]},
        ),
        (
            {
                "type": "array",
                "contains": {"const": 1},
                "items": {"enum": [1, 2]},
                "minContains": 2,
            },
            "minContains",
            {"+on": [1, 1], "-below": [1, 2]},
        ),
        (
            {
                "type": "object",
                "dependentRequired": {"a": ["b"]},
                "properties": {"a": {"const": 1}, "b": {"const": 2}},
            },
            "dependentRequired",
            {"+with-a": {"a": 1, "b": 2}, "-a-without-b": {"a": 1}},
        ),
        ({"not": {"type": "string"}}, "not", {"+on": 5, "-ruled-out": "x"}),
        (
            {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
            "oneOf",
            {
                "+on-0": 1,
                "+on-1": 2.5,
                "-none-null": None,
                "-none-string": "text",
                "-none-object": {},
                "-both-0-and-1": 5,
            },
        ),
    ],
    ids=str,
)
def test_the_values_of_each_keyword(schema: Any, keyword: str, expected: dict[str, Any]) -> None:
    found = boundary_values(schema, keyword)
    assert list(found) == list(expected)
    assert str(found) == str(expected)  # which tells 30 from 30.0 and 1 from true


@pytest.mark.parametrize(
    ("keyword", "limit", "schema"),
    [
        ("minLength", 0, {}),
        ("additionalProperties", True, {}),
        ("additionalProperties", {"type": "string"}, {}),
        ("unevaluatedItems", {}, {}),
        ("maxContains", 1, {}),
        ("contains", {}, {"minContains": 0}),
        ("format", "uri", {}),
        ("title", "A", {}),
    ],
)
def test_a_keyword_that_rejects_nothing_has_no_boundary(
    keyword: str, limit: Any, schema: Any
) -> None:
    assert not asserts(keyword, limit, schema)


def test_every_boundary_proposes_valid_and_violating_values() -> None:
    """The schema `false` has no valid value."""
    limits = {
        "type": "string", "enum": ["a"], "const": 1, "pattern": "^a$", "required": ["a"],
        "dependentRequired": {"a": ["b"]}, "contains": {"const": 1}, "anyOf": [{}], "oneOf": [{}],
        "not": {}, "additionalProperties": False, "unevaluatedProperties": False, "items": False,
        "unevaluatedItems": False, "uniqueItems": True, "false": False,
    }  # fmt: skip
    site = Site({"contains": {"const": 1}}, {})
    for keyword, boundary in BOUNDARIES.items():
        polarities = {proposal.polarity for proposal in boundary(limits.get(keyword, 2), site)}
        assert polarities == ({"violating"} if keyword == "false" else {"valid", "violating"})


def test_bounds_beyond_the_doubles_are_kept() -> None:
    found = boundary_values({"type": "integer", "minimum": 10**400}, "minimum")
    assert found == {"+on": 10**400, "-below": 10**400 - 1}
    assert math.isfinite(
        next(iter(boundary_values({"type": "number", "maximum": 1e308}, "maximum").values()))
    )


def test_every_assertion_of_the_specification_is_known_and_has_a_function() -> None:
    """The table is closed: an asserting keyword without a function is refused at load."""
    vocabulary = "https://json-schema.org/draft/2020-12/meta/validation"
    specified = SPECIFICATIONS[vocabulary].contents["properties"]
    assert specified.keys() <= ASSERTIONS
    assert BOUNDARIES.keys() >= ASSERTIONS
