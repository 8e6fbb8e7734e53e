"""The doubts of a model: data of that model alone, which fits its schema."""

from __future__ import annotations

from importlib import resources

import pytest

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.contract.doubts import Above, Together, doubts_of
from aleph_contract.schema.subschemas import nodes


def test_another_contract_of_the_same_shape_has_no_doubts() -> None:
    """Two arrays together, and a number beyond `duration`, are in doubt for aleph-2 alone."""
    shipped = Contract.load()
    entry = {
        "model_id": "someone/else",
        "schema_version": "1.0.0",
        "schema": {"input": shipped.input_schema, "output": shipped.output_schema},
        "metadata": {"Max Input Duration": "30 seconds"},
        "examples": [
            {"name": e.name, "input": dict(e.input), "raw_response": dict(e.reply)}
            for e in shipped.examples
        ],
    }
    found = {case.name: case for case in cases(Contract.from_entry(entry))}
    assert found["combination/all"].portable
    assert not [name for name in found if name.startswith("probe/together/")]
    assert not [name for name in found if name.endswith(("after-the-end", "beyond-the-prose"))]


def test_a_copy_of_the_shipped_entry_has_the_same_doubts() -> None:
    assert doubts_of(Contract.load().model) == doubts_of("runwayml/aleph-2")
    assert len(doubts_of("runwayml/aleph-2")) == 4
    assert doubts_of("runwayml/aleph-3") == ()


def test_every_location_of_a_doubt_is_in_the_schema() -> None:
    """A misspelt location would silently put nothing in doubt."""
    instances = {node.instance for node in nodes(Contract.load().document)}
    for doubt in doubts_of("runwayml/aleph-2"):
        if isinstance(doubt, Together):
            assert instances.issuperset(doubt.locations)
        else:
            assert doubt.at in instances
            assert not isinstance(doubt.limit, str) or doubt.limit in instances


@pytest.mark.parametrize(
    ("value", "applies"),
    [
        ({"a": [{"b": 3}, {"b": 1}], "c": 2}, True),
        ({"a": [{"b": 2}], "c": 2}, False),
        ({"a": [{"b": 3}]}, False),
        ({"a": [{"b": True}], "c": 0}, False),
        ({"a": {"b": 3}, "c": 2}, False),
        (None, False),
    ],
)
def test_a_number_above_another(value: object, applies: bool) -> None:
    assert Above("/a/*/b", "/c", "").applies(value) is applies


@pytest.mark.parametrize(
    ("value", "applies"),
    [({"a": [1], "b": [1]}, True), ({"a": [1], "b": []}, False), ({"a": [1]}, False), ([], False)],
)
def test_values_together(value: object, applies: bool) -> None:
    assert Together(("/a", "/b"), "").applies(value) is applies


def test_the_data_files_belong_to_shipped_entries() -> None:
    names = {
        file.name for file in (resources.files("aleph_contract.contract") / "entries").iterdir()
    }
    doubts = {name for name in names if name.endswith(".doubts.json")}
    assert doubts
    assert {name.replace(".doubts.json", ".json") for name in doubts} <= names
