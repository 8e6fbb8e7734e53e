"""What an input touches, by its bytes alone, is what the catalogue says it probes."""

from __future__ import annotations

from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.cases import Case, cases
from aleph_contract.contract import Contract
from aleph_contract.rules.constraint_hits import ConstraintHits

INPUT = sample.INPUT
TOUCH = ConstraintHits()


def _touched(value: Any, polarity: str) -> set[str]:
    return {key for key, found in TOUCH(value) if found == polarity}


PROBING = [c for c in cases() if c.constraint and c.text is None and not c.compound]


@pytest.mark.parametrize("case", PROBING, ids=lambda case: case.name)
def test_every_certified_case_touches_the_constraint_it_probes(case: Case) -> None:
    """Two ways to the same fact: the catalogue knows it, and the bytes alone show it."""
    assert case.constraint
    assert (case.constraint.key, case.polarity) in set(TOUCH(case.input))


def test_a_plain_input_touches_no_bound_of_a_number_or_length() -> None:
    bounds = ("minimum", "maximum", "Length", "Items", "Minimum", "Maximum")
    assert not [key for key in _touched({**INPUT, "seed": 7}, "valid") if key.endswith(bounds)]
    assert _touched(INPUT, "violating") == set()


def test_values_on_the_bound_touch_it() -> None:
    frames = [{"uri": "a", "at": 1}, {"uri": "b", "seconds": 30.0}]
    touched = _touched({**INPUT, "seed": 0, "duration": 0.5, "keyframes": frames}, "valid")
    assert {
        "seed/minimum",
        "duration/exclusiveMinimum",
        "keyframes/*/anyOf/1/at/maximum",
        "keyframes/*/anyOf/0/seconds/maximum",
    } <= touched
    assert not {"seed/maximum", "keyframes/*/anyOf/1/at/minimum", "keyframes/maxItems"} & touched


def test_a_far_value_is_not_on_an_exclusive_bound() -> None:
    assert "duration/exclusiveMinimum" not in _touched({**INPUT, "duration": 5}, "valid")


def test_a_branch_that_was_not_taken_is_not_touched() -> None:
    by_time = _touched({**INPUT, "keyframes": [{"uri": "a", "seconds": 1}]}, "valid")
    assert "keyframes/*/anyOf/0/required" in by_time
    assert "keyframes/*/anyOf/1/required" not in by_time


def test_a_violating_input_touches_only_what_it_breaks() -> None:
    assert _touched({**INPUT, "seed": -1}, "violating") == {"seed/minimum"}
    assert _touched({**INPUT, "seed": -1}, "valid") == set()


def test_within_a_union_the_near_branch_is_meant() -> None:
    touched = _touched({**INPUT, "keyframes": [{"uri": "a", "at": 2}]}, "violating")
    assert touched == {"keyframes/*/anyOf", "keyframes/*/anyOf/1/at/maximum"}


def test_a_missing_name_touches_required() -> None:
    assert _touched({"prompt": "x"}, "violating") == {"required"}


def test_another_contract_needs_no_line_of_code() -> None:
    entry = {
        "model_id": "m",
        "schema_version": "1",
        "schema": {
            "input": {
                "$defs": {"name": {"type": "string", "maxLength": 2}},
                "type": "object",
                "properties": {
                    "who": {"oneOf": [{"$ref": "#/$defs/name"}, {"type": "integer", "maximum": 3}]}
                },
            },
            "output": {"type": "object", "properties": {"video": {"type": "string"}}},
        },
    }
    touch = ConstraintHits(Contract.from_entry(entry))
    pairs = {p: {k for k, found in touch({"who": 3}) if found == p} for p in ("valid", "violating")}
    assert any(key.endswith("maximum") for key in pairs["valid"])
    assert not any(key.endswith("maxLength") for key in pairs["valid"])
    broken = {key for key, polarity in touch({"who": "abc"}) if polarity == "violating"}
    assert any(key.endswith("maxLength") for key in broken)
