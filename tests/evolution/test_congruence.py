"""Keywords that depend on subschemas: proved only if no value is in between."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from entry_edits import edited

from aleph_contract import Contract
from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ContractError
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.witnesses import accepted, refused
from aleph_contract.schema.document import Document
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator

CONTRACTS = Path(__file__).parents[2] / "fixtures/contracts"

A = {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
WIDER_A = {"properties": {"a": {"type": "number"}}, "required": ["a"]}
B = {"properties": {"b": True}, "required": ["b"]}
TAGGED = [
    {"type": "object", "properties": {"k": {"const": kind}, "n": {"maximum": 5}}, "required": ["k"]}
    for kind in ("x", "y")
]
WIDER_TAGGED = [
    {**TAGGED[0], "properties": {"k": {"const": "x"}, "n": {"maximum": 6}}}, TAGGED[1],
]  # fmt: skip
CLOSED = {"type": "object", "properties": {"a": True, "b": True}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("narrow", "wide", "contained"),
    [
        ({"anyOf": [A, B]}, {"anyOf": [WIDER_A, B]}, True),
        ({"anyOf": [WIDER_A, B]}, {"anyOf": [A, B]}, False),
        ({"oneOf": TAGGED}, {"oneOf": WIDER_TAGGED}, True),
        ({"oneOf": WIDER_TAGGED}, {"oneOf": TAGGED}, False),
        ({"oneOf": [A, B]}, {"oneOf": [WIDER_A, B]}, False),  # {"a": 0.5, "b": 0}
        ({"oneOf": [WIDER_A, B]}, {"oneOf": [A, B]}, False),
        ({"oneOf": [A, B]}, {"oneOf": [B, A]}, True),
        ({"contains": A}, {"contains": WIDER_A}, True),
        ({"contains": WIDER_A}, {"contains": A}, False),
        ({"contains": A, "maxContains": 2}, {"contains": WIDER_A, "maxContains": 2}, False),
        ({"contains": A, "minContains": 2}, {"contains": A, "minContains": 1}, True),
        ({"contains": A, "minContains": 1}, {"contains": A, "minContains": 2}, False),
        ({"if": A, "then": A, "else": B}, {"if": A, "then": WIDER_A, "else": B}, True),
        ({"if": A, "then": True, "else": B}, {"if": WIDER_A, "then": True, "else": B}, True),
        ({"if": WIDER_A, "then": True, "else": B}, {"if": A, "then": True, "else": B}, False),
        ({"type": "object"}, {"propertyNames": {"type": "string"}}, True),
        ({"type": "object"}, {"propertyNames": {"maxLength": 3}}, False),
        ({"propertyNames": {"maxLength": 2}}, {"propertyNames": {"maxLength": 3}}, True),
        ({"required": ["b"], "type": "object"}, {"dependentRequired": {"a": ["b"]}}, True),
        ({"dependentRequired": {"a": ["c"]}}, {"dependentRequired": {"a": ["b"]}}, False),
        ({"dependentSchemas": {"a": B}}, {"dependentSchemas": {"a": True}}, True),
        ({"dependentSchemas": {"a": True}}, {"dependentSchemas": {"a": B}}, False),
        (CLOSED, {"maxProperties": 2}, True),
        (CLOSED, {"maxProperties": 1}, False),
        ({"type": "array", "prefixItems": [A], "items": False}, {"maxItems": 1}, True),
        ({"type": "array", "prefixItems": [A]}, {"maxItems": 1}, False),
        ({"type": "integer", "minimum": 0.5}, {"minimum": 1}, True),
        ({"type": "number", "minimum": 0.5}, {"minimum": 1}, False),
        ({"type": "integer", "exclusiveMaximum": 6}, {"maximum": 5}, True),
        ({"type": ["object", "null"], "oneOf": [B, A]}, {"type": "object"}, True),
        ({"anyOf": [A, B], "unevaluatedProperties": False},
         {"anyOf": [WIDER_A, B], "unevaluatedProperties": False}, True),
        ({"anyOf": [WIDER_A, B], "unevaluatedProperties": False},
         {"anyOf": [A, B], "unevaluatedProperties": False}, False),
        ({"allOf": [A], "unevaluatedProperties": False},
         {"allOf": [{"required": ["a"]}], "unevaluatedProperties": False}, False),
        ({"allOf": [A], "unevaluatedProperties": False},
         {"unevaluatedProperties": False}, False),
    ],
)  # fmt: skip
def test_containment(narrow: Any, wide: Any, contained: bool) -> None:
    assert is_contained(Document(narrow), Document(wide)) is contained


def test_a_wider_branch_of_one_of_may_break_inputs_of_the_other() -> None:
    """The input satisfies both branches now, so `oneOf` refuses it."""

    def contract(first: Any) -> Contract:
        schemas = {"input": {"type": "object", "oneOf": [first, B]}, "output": True}
        return Contract.from_entry({"model_id": "test/one", "schema": schemas})

    (change,) = compare(contract(A), contract(WIDER_A)).changes
    assert change.title == "breaking for requests"
    assert set(change.witness) == {"a", "b"}
    assert not float(change.witness["a"]).is_integer()


ENTRIES = ["arbor__outline-1", "foundry__mesh-2", "sequence__storyboard-1", "prism__grade-1"]


@pytest.mark.parametrize("name", ENTRIES)
def test_random_edits_of_a_real_entry(name: str) -> None:
    """Both validators confirm each witness, and no side with a witness is compatible."""
    old = plain(loads((CONTRACTS / f"{name}.json").read_bytes()))
    for seed in range(4):
        try:
            new = edited(old, random.Random(seed))  # noqa: S311 - reproducible edits
            versions = [Contract.from_entry(each) for each in (old, new)]
        except ContractError:
            continue
        first, second = (Validator(each.input_schema) for each in versions)
        forth, back = compare(*versions), compare(*versions[::-1])
        for found, one, other in ((forth, first, second), (back, second, first)):
            witnesses = [c.witness for c in found.breaking if c.side == "requests"]
            assert all(accepted(one, each) and refused(other, each) for each in witnesses)
            assert not (found.requests == "compatible" and witnesses)


def test_prose_in_a_condition_does_not_hide_the_proof() -> None:
    def contract(text: str, maximum: int) -> Contract:
        schema = {
            "type": "object",
            "properties": {"n": {"type": "integer", "maximum": maximum}},
            "if": {"description": text, "required": ["n"]},
            "then": {"required": ["m"]},
        }
        schemas = {"input": schema, "output": True}
        return Contract.from_entry({"model_id": "test/one", "schema": schemas})

    assert compare(contract("One.", 5), contract("Another.", 6)).requests == "compatible"
