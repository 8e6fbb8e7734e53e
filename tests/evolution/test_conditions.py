"""Containment and witnesses inside `if`, `contains`, `not`, and under `unevaluatedProperties`."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract import Contract
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.containment import is_contained
from aleph_contract.schema.document import Document

A = {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
WIDER_A = {"properties": {"a": {"type": "number"}}, "required": ["a"]}
B = {"properties": {"b": True}, "required": ["b"]}
BC = {"required": ["b", "c"]}

CLOSED_A = {"type": "object", "properties": {"a": True}, "additionalProperties": False}
OPEN_ENDED = {"type": "object", "properties": {"a": True}, "unevaluatedProperties": False}
UNION = {"type": "object", "anyOf": [A, B], "unevaluatedProperties": False}
INTEGERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("narrow", "wide", "contained"),
    [
        ({"if": A, "then": B}, {"if": A, "then": True}, True),
        ({"if": A, "then": {"required": ["b"]}}, {"if": A, "then": {"required": ["a", "b"]}}, True),
        ({"if": WIDER_A, "then": B}, {"if": A, "then": B}, True),
        ({"if": A, "then": B}, {"if": WIDER_A, "then": B}, False),
        ({"required": ["b"]}, {"if": A, "then": {"required": ["b"]}}, True),
        ({"if": A, "then": {"required": ["b"]}, "else": BC}, {"required": ["b"]}, True),
        ({"if": A, "then": {"required": ["b"]}}, {"required": ["b"]}, False),
        ({"if": A, "then": B, "else": BC}, {"anyOf": [{"allOf": [A, B]}, BC]}, True),
        ({"allOf": [{"if": A, "then": B}]}, {"if": A, "then": B}, True),
        ({"allOf": [{"oneOf": [A, B]}]}, {"oneOf": [A, B]}, True),
        ({"allOf": [{"anyOf": [A, B]}]}, {"oneOf": [A, B]}, False),
        ({**A, "not": WIDER_A}, False, True),
        ({**WIDER_A, "not": A}, False, False),
        (OPEN_ENDED, CLOSED_A, True),
        (CLOSED_A, OPEN_ENDED, True),
        (CLOSED_A, {"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False}, True),
        (CLOSED_A, {"anyOf": [{"properties": {"a": True}}], "unevaluatedProperties": False}, False),
        (OPEN_ENDED, {"type": "object", "properties": {"b": True},
                      "unevaluatedProperties": False}, False),
        (UNION, {"maxProperties": 2}, True),
        (UNION, {"maxProperties": 1}, False),
        ({**UNION, "patternProperties": {"^x": True}}, {"maxProperties": 2}, False),
        ({**UNION, "anyOf": [A, {"additionalProperties": True}]}, {"maxProperties": 2}, False),
        ({"allOf": [UNION]}, UNION, True),
        ({"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False},
         {"allOf": [{"properties": {"a": True, "b": {"maximum": 3}}}],
          "unevaluatedProperties": False}, True),
        ({**INTEGERS, "contains": {"minimum": 3}}, {"contains": {"type": "integer"}}, True),
        ({**INTEGERS, "minItems": 1}, {"contains": {"type": "integer"}}, True),
        (INTEGERS, {"contains": {"type": "integer"}}, False),
        ({"type": "array", "contains": A, "minContains": 2}, {"minItems": 2}, True),
        ({"type": "array", "contains": A, "minContains": 2}, {"minItems": 3}, False),
        ({"type": "array", "maxItems": 2}, {"contains": A, "minContains": 0, "maxContains": 2},
         True),
        ({**INTEGERS, "contains": {"minimum": 3}, "maxContains": 1},
         {"contains": {"type": "integer", "minimum": 3}, "maxContains": 1}, True),
        ({"type": "array", "contains": {"minimum": 3}, "maxContains": 1},
         {"contains": {"minimum": 2}, "maxContains": 1}, False),
    ],
)  # fmt: skip
def test_containment(narrow: Any, wide: Any, contained: bool) -> None:
    assert is_contained(Document(narrow), Document(wide)) is contained


KINDS = {"type": "object", "properties": {"k": {"enum": ["x", "y"]}, "z": {"type": "integer"}}}
IF_X = {"if": {"properties": {"k": {"const": "x"}}, "required": ["k"]}}


def contract(schema: Any) -> Contract:
    whole = {"type": "object", "properties": {"p": schema}}
    return Contract.from_entry({"model_id": "test/one", "schema": {"input": whole, "output": True}})


@pytest.mark.parametrize(
    ("old", "new", "classes"),
    [
        ({**INTEGERS, "contains": {"multipleOf": 4}}, {**INTEGERS, "contains": {"multipleOf": 8}},
         ("breaking", "compatible")),
        ({**INTEGERS, "contains": {"multipleOf": 4}, "minContains": 2, "maxContains": 4},
         {**INTEGERS, "contains": {"multipleOf": 8}, "minContains": 2, "maxContains": 4},
         ("breaking", "breaking")),
        ({**INTEGERS, "contains": {"multipleOf": 8}, "minContains": 2, "maxContains": 4},
         {**INTEGERS, "contains": {"multipleOf": 4}, "minContains": 2, "maxContains": 4},
         ("breaking", "breaking")),
        ({"properties": {"k": {}}, "dependentSchemas": {"k": {"required": ["z"]}}},
         {"properties": {"k": {}}, "dependentSchemas":
          {"k": {"required": ["z"], "additionalProperties": {"type": "string"}}}},
         ("breaking", "compatible")),
        ({**KINDS, **IF_X, "then": {"required": ["z"]}},
         {**KINDS, "if": {"properties": {"k": {"enum": ["x", "y"]}}, "required": ["k"]},
          "then": {"required": ["z"]}}, ("breaking", "compatible")),
        ({**KINDS, **IF_X, "else": {"required": ["z"]}},
         {**KINDS, **IF_X, "else": {"required": ["z"], "properties": {"z": {"maximum": 3}}}},
         ("breaking", "compatible")),
        ({**KINDS, "not": {"required": ["k", "z"]}}, {**KINDS, "not": {"required": ["k"]}},
         ("breaking", "compatible")),
    ],
)  # fmt: skip
def test_an_edit_inside_a_keyword_that_selects_is_classed(
    old: Any, new: Any, classes: tuple[str, str]
) -> None:
    versions = contract(old), contract(new)
    found = compare(*versions).requests, compare(*versions[::-1]).requests
    assert found == classes
