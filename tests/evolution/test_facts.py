"""Changes outside the schemas: model id, prices, examples, prose, defaults."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from contract_edits import INPUT, entry

from aleph_contract import Contract
from aleph_contract.evolution.comparison import compare
from aleph_contract.evolution.records import Change

EXAMPLE = {"name": "One", "input": {"text": "a"}, "output": {"video": "v"}}
OLD: dict[str, Any] = {
    **entry(),
    "pricing": {"Default (per second)": 0.3},
    "metadata": {"Max Parts": "3"},
    "examples": [EXAMPLE],
    "created_at": "2026-01-01",
    "supports_async": False,
}


def changes(**members: Any) -> list[Change]:
    """The changes to `OLD` with other members."""
    return list(compare(Contract.from_entry(OLD), Contract.from_entry({**OLD, **members})).changes)


@pytest.mark.parametrize(
    ("members", "title", "pointer"),
    [
        ({"pricing": {"Default (per second)": 0.31}}, "breaking for billing",
         "/pricing/Default (per second)"),
        ({"pricing": {"Default (per second)": 0.29}}, "compatible for billing",
         "/pricing/Default (per second)"),
        ({"pricing": {}}, "unproved for billing", "/pricing/Default (per second)"),
        ({"pricing": {"Default (per second)": 0.3, "Per image": 1}}, "unproved for billing",
         "/pricing/Per image"),
        ({"examples": []}, "compatible for documentation", "/examples/One"),
        ({"metadata": {"Max Parts": "2"}}, "unproved for documentation", "/metadata/Max Parts"),
        ({"created_at": "2026-01-02"}, "compatible for documentation", "/created_at"),
        ({"supports_async": True}, "unproved for documentation", "/supports_async"),
        ({"failures": {"429": "too many"}}, "unproved for documentation", "/failures"),
        ({"model_id": "test/two"}, "breaking for requests", "/model_id"),
    ],
)  # fmt: skip
def test_a_changed_fact_is_classed(members: Any, title: str, pointer: str) -> None:
    (change,) = changes(**members)
    assert (change.title, change.pointer) == (title, pointer)


def test_a_higher_price_shows_both_prices_as_published() -> None:
    (change,) = changes(pricing={"Default (per second)": 0.31})
    assert (change.old, change.new) == ("0.3", "0.31")
    assert change.witness == {"unit": "Default (per second)", "usd": "0.31"}


@pytest.mark.parametrize(
    ("before", "after", "classed"),
    [
        ("At most 5 parts.", "At most 5 of them.", "compatible"),
        ("At most 5 parts.", "At most 4 parts.", "unproved"),
        ("At most 5 parts.", None, "unproved"),
        (None, "Some parts.", "compatible"),
    ],
)
def test_a_number_in_a_description_may_be_a_limit(
    before: str | None, after: str | None, classed: str
) -> None:
    (change,) = compare(*(with_text("description", text) for text in (before, after))).changes
    assert (change.classed, change.side) == (classed, "documentation")
    assert change.pointer == "/schema/input/properties/parts/description"


def test_another_default_is_unproved() -> None:
    (change,) = compare(with_text("default", ["a"]), with_text("default", ["b"])).changes
    assert change.title == "unproved for documentation"


def test_a_member_named_description_is_a_member() -> None:
    schema = copy.deepcopy(INPUT)
    schema["properties"]["description"] = {"type": "string"}
    found = compare(Contract.from_entry(entry()), Contract.from_entry(entry(schema)))
    assert [change.title for change in found.changes] == ["compatible for requests"]


def with_text(keyword: str, text: Any) -> Contract:
    """A contract with an annotation of its member `parts`."""
    schema = copy.deepcopy(INPUT)
    if text is not None:
        schema["properties"]["parts"][keyword] = text
    return Contract.from_entry(entry(schema))


def test_the_other_format_of_entries_is_another_request() -> None:
    own = {"name": "test/one", "properties": [], "schema": entry()["schema"]}
    found = compare(Contract.from_entry(entry()), Contract.from_entry(own))
    (change,) = found.breaking
    assert (change.pointer, change.old, change.new) == ("/format", "third-party", "provider")
