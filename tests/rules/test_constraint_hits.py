"""The constraints that an input hits are those that the catalogue says it probes."""

from __future__ import annotations

from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.rules.constraint_hits import ConstraintHits

INPUT = sample.INPUT
HITS = ConstraintHits()


def _hits(value: Any, polarity: str) -> set[str]:
    return {key for key, found in HITS(value) if found == polarity}


PROBING = [c for c in cases() if c.constraint and c.text is None and not c.compound]


def test_every_certified_case_hits_the_constraint_it_probes() -> None:
    """The catalogue names the constraint of a case; the hits find it from the input alone."""
    assert len(PROBING) > 300
    missed = [
        case.name
        for case in PROBING
        if case.constraint and (case.constraint.key, case.polarity) not in set(HITS(case.input))
    ]
    assert missed == []


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


def hits_of(properties: dict[str, Any], value: Any, **more: Any) -> dict[str, str]:
    """The constraints that an input of another model hits, with the polarity."""
    schema = {"type": "object", "properties": properties, **more}
    output = {"type": "object", "properties": {"video": {"type": "string"}}}
    entry = {"model_id": "acme/x", "schema": {"input": schema, "output": output}}
    return dict(ConstraintHits(Contract.from_entry(entry))(value))


@pytest.mark.parametrize(
    ("keyword", "limit", "on", "off"),
    [
        ("minimum", 2, [2, 2.0], [3, 2.5]),
        ("maximum", 2, [2, 2.0], [1, 1.5]),
        ("exclusiveMinimum", 2, [3, 2.5], [3.5, 4]),
        ("exclusiveMaximum", 2, [1, 1.5], [0.5, 0]),
        ("minLength", 2, ["ab"], ["abc", [1, 2]]),
        ("maxLength", 2, ["ab"], ["a", [1, 2]]),
        ("minItems", 2, [[1, 2]], [[1, 2, 3], "ab"]),
        ("maxItems", 2, [[1, 2]], [[1], "ab"]),
        ("minProperties", 2, [{"a": 1, "b": 2}], [{"a": 1, "b": 2, "c": 3}, "ab"]),
        ("maxProperties", 2, [{"a": 1, "b": 2}], [{"a": 1}, "ab"]),
        ("exclusiveMinimum", 0, [1], [True, "a"]),
        ("exclusiveMaximum", 1, [0], [False, "a"]),
    ],
)
def test_a_bound_is_hit_by_the_values_on_it(
    keyword: str, limit: int, on: list[Any], off: list[Any]
) -> None:
    found = [hits_of({"v": {keyword: limit}}, {"v": value}) for value in (*on, *off)]
    assert [f"v/{keyword}" in hit for hit in found] == [True] * len(on) + [False] * len(off)


def test_a_value_is_found_by_its_name_and_in_every_item() -> None:
    bound = {"minimum": 2}
    assert list(hits_of({"a/b~c": bound}, {"a/b~c": 2}).values()) == ["valid", "valid"]
    assert list(hits_of({"a/b~c": bound}, {"a/b~c": 1}).values()) == ["violating"]
    items = {"list": {"items": bound}}
    assert hits_of(items, {"list": [9, 2]})["list/*/minimum"] == "valid"
    assert hits_of(items, {"list": [9, 1]})["list/*/minimum"] == "violating"
    assert "list/*/minimum" not in hits_of(items, {"list": [9, 8]})
    members = {"map": {"additionalProperties": bound}}
    assert any(key.endswith("minimum") for key in hits_of(members, {"map": {"x": 9, "y": 2}}))
    assert not any(key.endswith("minimum") for key in hits_of(members, {"map": {"x": 9}}))


def test_a_value_elsewhere_hits_nothing() -> None:
    bound = {"minimum": 2}
    assert "v/minimum" not in hits_of({"v": bound}, {"v": 9, "w": 2})
    assert "v/n/minimum" not in hits_of({"v": {"properties": {"n": bound}}}, {"v": [2]})
    assert "list/*/minimum" not in hits_of({"list": {"items": bound}}, {"list": 2})


def test_a_shared_definition_is_hit_where_it_is_broken() -> None:
    name = {"$ref": "#/$defs/name"}
    shared = {"$defs": {"name": {"maxLength": 2}}}
    found = hits_of({"a": name, "b": name, "c": {"items": name}}, {"a": "abc"}, **shared)
    assert list(found.values()) == ["violating"]
    assert all(key.startswith("a/") for key in found)


BRANCHES = {
    "v": {
        "anyOf": [
            {"properties": {"n": {"$ref": "#/$defs/small"}}, "required": ["n"]},
            {"properties": {"n": {"minimum": 5}, "m": {"minimum": 1}}, "required": ["m"]},
        ]
    }
}
SMALL = {"small": {"maximum": 3}}


def test_a_branch_is_read_with_the_definitions_of_the_schema() -> None:
    small = hits_of(BRANCHES, {"v": {"n": 3}}, **{"$defs": SMALL})
    assert small["v/anyOf/0/required"] == "valid"
    assert not [key for key in small if key.startswith("v/anyOf/1/")]
    large = hits_of(BRANCHES, {"v": {"n": 5, "m": 1}}, **{"$defs": SMALL})
    assert (large["v/anyOf/1/n/minimum"], large["v/anyOf/1/m/minimum"]) == ("valid", "valid")
    assert "v/anyOf/0/required" not in large


def test_a_union_is_not_mistaken_for_one_whose_name_begins_alike() -> None:
    union = {"anyOf": [{"type": "string"}]}
    found = hits_of({"a": union, "ab": {"anyOf": [{"minimum": 1}]}}, {"a": "x", "ab": 1})
    assert found["ab/anyOf/0/minimum"] == "valid"


def test_a_violating_input_hits_the_single_violations_of_every_branch() -> None:
    union = {"v": {"anyOf": [{"minimum": 5}, {"multipleOf": 2}, {"type": "string"}]}}
    found = hits_of(union, {"v": 3})
    assert {key for key, polarity in found.items() if polarity == "violating"} == {
        "v/anyOf", "v/anyOf/0/minimum", "v/anyOf/1/multipleOf", "v/anyOf/2/type",
    }  # fmt: skip
