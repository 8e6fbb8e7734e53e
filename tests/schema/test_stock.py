"""The libraries as installed have a verdict where they can read the schema."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.schema.validation.stock import StockValidators
from aleph_contract.schema.validation.validator import Validator


@pytest.mark.parametrize(
    ("schema", "value", "differ"),
    [
        ({"pattern": "^a$"}, "a", False),
        ({"pattern": "^a$"}, "b", False),
        ({"pattern": "^a$"}, "a\n", True),
        ({"pattern": r"^\d$"}, "\u0663", True),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"multipleOf": 0.5}, 1.5, False),
        ({"properties": {"a": {"patternProperties": {"x$": False}}}}, {"a": {"x\n": 1}}, True),
    ],
)
def test_a_library_that_differs_from_us_is_seen(schema: Any, value: Any, differ: bool) -> None:
    ours = Validator(schema).is_valid(value)
    assert (StockValidators(schema).verdicts(value) != {ours}) is differ


@pytest.mark.parametrize(
    ("schema", "verdicts"),
    [
        ({"type": "string"}, set[bool]()),  # no keyword on which they differ: none is asked
        ({"pattern": r"^\p{L}$"}, {True}),  # Python's `re` cannot read it
        ({"pattern": "["}, set[bool]()),
    ],
)
def test_a_library_that_cannot_read_the_schema_has_no_verdict(
    schema: Any, verdicts: set[bool]
) -> None:
    assert StockValidators(schema).verdicts("a") == verdicts
