"""The constraints that an input hits are those that the catalogue says it probes."""

from __future__ import annotations

from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.cases import Case, cases
from aleph_contract.contract import Contract
from aleph_contract.rules.constraint_hits import ConstraintHits

INPUT = sample.INPUT
HITS = ConstraintHits()


def _hits(value: Any, polarity: str) -> set[str]:
    return {key for key, found in HITS(value) if found == polarity}


PROBING = [c for c in cases() if c.constraint and c.text is None and not c.compound]


@pytest.mark.parametrize("case", PROBING, ids=lambda case: case.name)
def test_every_certified_case_hits_the_constraint_it_probes(case: Case) -> None:
    """The catalogue names the constraint of a case; the hits find it from the input alone."""
    assert case.constraint
    assert (case.constraint.key, case.polarity) in set(HITS(case.input))


def test_an_input_off_every_bound_hits_no_bound() -> None:
    bounds = ("minimum", "maximum", "Length", "Items", "Minimum", "Maximum")
    assert not [key for key in _hits({**INPUT, "seed": 7}, "valid") if key.endswith(bounds)]
    assert _hits(INPUT, "violating") == set()


def test_values_on_a_bound_hit_it() -> None:
    frames = [{"uri": "a", "at": 1}, {"uri": "b", "seconds": 30.0}]
    hit = _hits({**INPUT, "seed": 0, "duration": 0.5, "keyframes": frames}, "valid")
    assert {
        "seed/minimum",
        "duration/exclusiveMinimum",
        "keyframes/*/anyOf/1/at/maximum",
        "keyframes/*/anyOf/0/seconds/maximum",
    } <= hit
    assert not {"seed/maximum", "keyframes/*/anyOf/1/at/minimum", "keyframes/maxItems"} & hit


def test_a_far_value_is_not_on_an_exclusive_bound() -> None:
    assert "duration/exclusiveMinimum" not in _hits({**INPUT, "duration": 5}, "valid")


def test_a_branch_that_does_not_match_is_not_hit() -> None:
    by_time = _hits({**INPUT, "keyframes": [{"uri": "a", "seconds": 1}]}, "valid")
    assert "keyframes/*/anyOf/0/required" in by_time
    assert "keyframes/*/anyOf/1/required" not in by_time


def test_a_violating_input_hits_only_constraints_that_it_breaks() -> None:
    assert _hits({**INPUT, "seed": -1}, "violating") == {"seed/minimum"}
    assert _hits({**INPUT, "seed": -1}, "valid") == set()


def test_a_violation_in_a_union_hits_the_nearest_branch() -> None:
    hit = _hits({**INPUT, "keyframes": [{"uri": "a", "at": 2}]}, "violating")
    assert hit == {"keyframes/*/anyOf", "keyframes/*/anyOf/1/at/maximum"}


def test_a_missing_member_hits_required() -> None:
    assert _hits({"prompt": "x"}, "violating") == {"required"}


def test_the_hits_work_for_any_contract() -> None:
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
    hits = ConstraintHits(Contract.from_entry(entry))
    pairs = {p: {k for k, found in hits({"who": 3}) if found == p} for p in ("valid", "violating")}
    assert any(key.endswith("maximum") for key in pairs["valid"])
    assert not any(key.endswith("maxLength") for key in pairs["valid"])
    broken = {key for key, polarity in hits({"who": "abc"}) if polarity == "violating"}
    assert any(key.endswith("maxLength") for key in broken)
