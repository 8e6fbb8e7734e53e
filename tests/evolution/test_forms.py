"""A schema, and an `allOf` that holds only this schema, are one form or the other of the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from contract_edits import INPUT, OUTPUT, entry

from aleph_contract import Contract
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.forms import in_form_of


def contract(input_schema: Any = INPUT, output_schema: Any = OUTPUT) -> Contract:
    return Contract.from_entry(entry(input_schema, output_schema))


def wrapped(schema: Any, *path: str) -> Any:
    """The schema with the one at a path alone in an `allOf`."""
    changed = copy.deepcopy(schema)
    place = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = {"description": "One.", "allOf": [place[path[-1]]]}
    return changed


SEED = ("properties", "seed")


@pytest.mark.parametrize("path", [SEED, ("properties", "parts"), ("properties", "parts", "items")])
def test_another_form_is_no_change_of_requests(path: tuple[str, ...]) -> None:
    versions = contract(), contract(wrapped(INPUT, *path))
    for found in (compare(*versions), compare(*versions[::-1])):
        assert (found.requests, found.turned) == (None, ())
        assert {change.side for change in found.changes} == {"documentation"}


def test_a_change_inside_another_form_has_the_place_of_the_new_version() -> None:
    old, lower = contract(), wrapped(INPUT, *SEED)
    lower["properties"]["seed"]["allOf"][0]["maximum"] = 8
    (change,) = compare(old, contract(lower)).breaking
    assert (change.pointer, change.old, change.new) == (
        "/properties/seed/allOf/0/maximum", 9, 8,
    )  # fmt: skip
    (change,) = compare(contract(wrapped(INPUT, *SEED)), contract(changed_seed(8))).breaking
    assert change.pointer == "/properties/seed/maximum"


def changed_seed(maximum: int) -> Any:
    schema = copy.deepcopy(INPUT)
    schema["properties"]["seed"]["maximum"] = maximum
    return schema


@pytest.mark.parametrize(
    "beside",
    [{"maximum": 5}, {"unevaluatedProperties": False}, {"$defs": {"a": {}}}, {"$ref": "#/$defs/a"}],
)
def test_an_all_of_beside_another_assertion_is_kept(beside: Any) -> None:
    schema = {**wrapped(INPUT, *SEED), "$defs": {"a": True}}
    schema["properties"]["seed"].update(beside)
    old = contract(schema)
    assert in_form_of(old, contract()) is old


def test_a_reference_into_an_all_of_keeps_the_form() -> None:
    schema = wrapped(INPUT, *SEED)
    schema["properties"]["other"] = {"$ref": "#/properties/seed/allOf/0"}
    old = contract(schema)
    assert in_form_of(old, contract()) is old
