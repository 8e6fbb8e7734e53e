"""Classified changes: a breaking one has a witness, a compatible one no counterexample."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from contract_edits import INPUT, OUTPUT, edited, entry

from aleph_contract import Contract
from aleph_contract.cases import cases
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.containment import is_contained
from aleph_contract.evolution.records import Comparison
from aleph_contract.evolution.witnesses import accepted, of_replies, refused
from aleph_contract.schema.document import Document
from aleph_contract.schema.validation.validator import Validator


def contract(input_schema: Any = INPUT, output_schema: Any = OUTPUT) -> Contract:
    return Contract.from_entry(entry(input_schema, output_schema))


def changed(*path: str, **keywords: Any) -> Any:
    """The input schema with other keywords at a path."""
    schema = copy.deepcopy(INPUT)
    place = schema
    for part in path:
        place = place[part]
    place.update(keywords)
    return schema


def test_identical_entries_have_no_changes() -> None:
    assert compare(contract(), contract()) == Comparison(
        "test/one", "entry", "entry", None, None, ()
    )


def test_a_lower_maximum_breaks_requests_with_the_smallest_witness() -> None:
    found = compare(contract(), contract(changed("properties", "seed", maximum=8)))
    (change,) = found.breaking
    assert (change.side, change.pointer) == ("requests", "/properties/seed/maximum")
    assert (change.old, change.new) == (9, 8)
    assert change.witness == {"seed": 9, "text": change.witness["text"]}
    assert len(change.witness["text"]) == 1


def test_a_higher_maximum_is_compatible() -> None:
    found = compare(contract(), contract(changed("properties", "seed", maximum=10)))
    assert found.requests == "compatible"
    assert [change.classed for change in found.changes] == ["compatible"]


def test_a_new_member_of_a_result_breaks_replies_only() -> None:
    output = copy.deepcopy(OUTPUT)
    output["properties"]["note"] = {"type": "string"}
    found = compare(contract(), contract(output_schema=output))
    assert (found.requests, found.replies) == (None, "breaking")
    assert "note" in found.breaking[0].witness


def test_only_the_breaking_one_of_two_changes_is_breaking() -> None:
    schema = changed("properties", "text", maxLength=9, minLength=2)
    found = compare(contract(), contract(schema))
    assert {change.pointer: change.classed for change in found.changes} == {
        "/properties/text/maxLength": "compatible",
        "/properties/text/minLength": "breaking",
    }


NODE = {
    "type": "object",
    "properties": {"size": {"maximum": 5}, "next": {"$ref": "#/$defs/node"}},
}
WIDER = {**NODE, "properties": {**NODE["properties"], "size": {"maximum": 6}}}  # type: ignore[dict-item]


def recursive(node: Any) -> Document:
    return Document({"$ref": "#/$defs/node", "$defs": {"node": node}})


def test_schemas_that_contain_themselves_are_compared() -> None:
    assert is_contained(recursive(NODE), recursive(WIDER))
    assert not is_contained(recursive(WIDER), recursive(NODE))


@pytest.mark.parametrize(
    ("narrow", "wide", "contained"),
    [
        ({"type": "integer"}, {"type": "number"}, True),
        ({"type": "number"}, {"type": "integer"}, False),
        ({"exclusiveMinimum": 0, "type": "number"}, {"minimum": 0}, True),
        ({"minimum": 0, "type": "number"}, {"exclusiveMinimum": 0}, False),
        ({"const": 1.0}, {"type": "integer"}, True),
        ({"enum": [1, "a"]}, {"anyOf": [{"const": 1}, {"type": "string"}]}, True),
        ({"type": "integer"}, {"multipleOf": 2}, False),
        ({"multipleOf": 4, "type": "integer"}, {"multipleOf": 2}, True),
        ({"maximum": 5}, {"maximum": 6}, True),
        ({"maximum": 5}, {"type": "number", "maximum": 6}, False),
        ({"anyOf": [{"type": "null"}, {"const": 2}]}, {"enum": [None, 2, 3]}, True),
        ({"oneOf": [{"type": "null"}, {"const": 2}]}, {"enum": [None]}, False),
        ({"type": "string"}, {"oneOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"type": "string"}, {"oneOf": [{"type": "string"}, {"minLength": 2}]}, False),
        ({"properties": {"a": False}}, {"properties": {"a": {"type": "null"}}}, True),
        ({"properties": {"a": {"type": "null"}}}, {"additionalProperties": False}, False),
        (
            {"properties": {"a": {"type": "null"}}, "additionalProperties": False},
            {"additionalProperties": {"type": ["null", "string"]}},
            True,
        ),
        ({"patternProperties": {"x": False}}, {"patternProperties": {"x": {}, "y": False}}, False),
        ({"not": {"type": ["null", "string"]}}, {"not": {"type": "null"}}, True),
        ({"not": {"type": "null"}}, {"not": {"type": ["null", "string"]}}, False),
        ({"items": {"type": "null"}, "maxItems": 1}, {"prefixItems": [{"type": "null"}]}, True),
        ({"prefixItems": [{"type": "null"}]}, {"items": {"type": "null"}}, False),
        ({"if": {"const": 1}, "then": False}, {"if": {"const": 1}, "then": False, "type": "null"},
         False),
    ],
)  # fmt: skip
def test_containment(narrow: Any, wide: Any, contained: bool) -> None:
    assert is_contained(Document(narrow), Document(wide)) is contained


#: Pairs of entries that the suite compares.
PAIRS = 20


@pytest.mark.parametrize("first_seed", range(0, PAIRS, 10))
def test_random_edits_are_classified_rightly(first_seed: int) -> None:
    """Both validators judge every case of both catalogues against every class."""
    unproved, old = 0, contract()
    old_replies = of_replies(old)
    for seed in range(first_seed, first_seed + 10):
        rng = random.Random(seed)  # noqa: S311 - reproducible edits
        new = contract(edited(INPUT, rng), edited(OUTPUT, rng))
        found = compare(old, new)
        check_side(found, "requests", old, new)
        check_side(found, "replies", of_replies(new), old_replies)
        unproved += "unproved" in (found.requests, found.replies)
    assert unproved <= 1


def check_side(found: Comparison, side: str, narrow: Contract, wide: Contract) -> None:
    first, second = Validator(narrow.input_schema), Validator(wide.input_schema)
    for change in found.breaking:
        if change.side == side:
            assert accepted(first, change.witness)
            assert refused(second, change.witness)
    if getattr(found, side) in (None, "compatible"):
        inputs = [case.input for one in (narrow, wide) for case in cases(one)]
        assert [v for v in inputs if accepted(first, v) and refused(second, v)] == []
