"""On the bound and just outside, by the closest representable step, for every keyword."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]

from aleph_contract.cases.catalogue import build
from aleph_contract.contract import Contract
from aleph_contract.schema.boundaries import BOUNDARIES, Site, asserts
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.strings import FORMATS, PLAIN, stretched
from aleph_contract.schema.keywords import ASSERTIONS
from aleph_contract.schema.regex_samples import matching, near_misses

EPSILON = 2.220446049250313e-16


def made(schema: Any, keyword: str, key: str = "x") -> dict[str, Any]:
    """The values of the property `x` that the catalogue holds for one keyword, by label."""
    whole = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    entry = {
        "model_id": "acme/model-1",
        "schema_version": "1.0.0",
        "schema": {"input": whole, "output": True},
    }
    cases = build(Contract.from_entry(entry)).cases
    start = f"boundary/{key}/{keyword}/"
    return {
        ("+" if case.polarity == "valid" else "-") + case.name.removeprefix(start): plain_texts_cut(
            case.input["x"]
        )
        for case in cases
        if case.name.startswith(start) and "/" not in case.name.removeprefix(start)
    }


@pytest.mark.parametrize(
    ("schema", "keyword", "expected"),
    [
        (
            {"type": "integer", "minimum": 3, "maximum": 7},
            "maximum",
            {"+on": 7, "-above": 8},
        ),
        ({"type": "integer", "minimum": 3, "maximum": 7}, "minimum", {"+on": 3, "-below": 2}),
        (
            {"type": "number", "maximum": 30},
            "maximum",
            {"+on": 30, "-above": 30.000000000000004, "-above-by-one": 31},
        ),
        (
            {"type": "number", "minimum": 0},
            "minimum",
            {"+on": 0, "-below": -EPSILON, "-below-by-the-least": -5e-324, "-below-by-one": -1},
        ),
        (
            {"type": "number", "minimum": 1},
            "minimum",
            {"+on": 1, "-below": 0.9999999999999999, "-below-by-one": 0},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0},
            "exclusiveMinimum",
            {
                "-on": 0,
                "-below": -EPSILON,
                "+above": EPSILON,
                "+above-by-the-least": 5e-324,
                "-below-by-one": -1,
            },
        ),
        (
            {"type": "integer", "exclusiveMaximum": 10},
            "exclusiveMaximum",
            {"-on": 10, "-above": 11, "+below": 9},
        ),
        (
            {"type": "integer", "exclusiveMaximum": 3.5},
            "exclusiveMaximum",
            {"-above": 4, "+below": 3},
        ),
        ({"type": "integer", "maximum": 10, "multipleOf": 4}, "maximum", {"+on": 8, "-above": 12}),
        (
            {"type": "integer", "maximum": 2**63, "minimum": 2**63 - 2},
            "maximum",
            {"+on": 2**63, "-above": 2**63 + 1},
        ),
        (
            {"type": "integer", "multipleOf": 64, "minimum": 256},
            "multipleOf",
            {"+on": 256, "-off": 257},
        ),
        ({"type": "string", "minLength": 1}, "minLength", {"+on": "A", "-below": ""}),
        ({"type": "string", "minLength": 1.0}, "minLength", {"+on": "A", "-below": ""}),
        (
            {"type": "array", "items": {"const": 1.0}, "minItems": 2.0},
            "minItems",
            {"+on": [1, 1], "-below": [1]},
        ),
        (
            {"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 2},
            "maxItems",
            {"+on": [None, None], "-above": [None, None, None]},
        ),
        (
            {"type": "object", "maxProperties": 1},
            "maxProperties",
            {"+on": {"note": "x"}, "-above": {"note": "x", "extra": "x"}},
        ),
        (
            {"const": 255},
            "const",
            {"+on": 255, "-one-more": 256, "-one-less": 254, "-text": "255", "-off": "x"},
        ),
        (
            {"const": True},
            "const",
            {"+on": True, "-opposite": False, "-number": 1, "-text": "true", "-off": "x"},
        ),
        (
            {"const": None},
            "const",
            {"+on": None, "-false": False, "-zero": 0, "-empty": "", "-text": "null", "-off": "x"},
        ),
        (
            {"type": "integer"},
            "type",
            {
                "+on": 5,
                "-null": None,
                "-boolean": True,
                "-fraction": 0.5,
                "-string": "text",
                "-array": [],
                "-object": {},
            },
        ),
        (
            {"type": ["string", "null"]},
            "type",
            {
                "+on-string": "x",
                "+on-null": None,
                "-boolean": True,
                "-integer": 1,
                "-fraction": 0.5,
                "-array": [],
                "-object": {},
            },
        ),
        (
            {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2]}},
            "uniqueItems",
            {"+on": [1, 2], "-twice": [1, 1]},
        ),
        (
            {"type": "array", "prefixItems": [{"const": 1}], "items": False},
            "items",
            {"+on": [1], "-above": [1, "x"]},
        ),
        (
            {"type": "array", "contains": {"const": 1}, "items": {"enum": [1, 2]}},
            "contains",
            {"+on": [1], "-none": [2]},
        ),
        (
            {
                "type": "array",
                "contains": {"const": 1},
                "items": {"enum": [1, 2]},
                "maxContains": 2,
            },
            "maxContains",
            {"+on": [1, 1], "-above": [1, 1, 1]},
        ),
        (
            {
                "type": "array",
                "contains": {"const": 1},
                "items": {"enum": [1, 2]},
                "minContains": 2,
            },
            "minContains",
            {"+on": [1, 1], "-below": [1, 2]},
        ),
        (
            {
                "type": "object",
                "dependentRequired": {"a": ["b"]},
                "properties": {"a": {"const": 1}, "b": {"const": 2}},
            },
            "dependentRequired",
            {"+with-a": {"a": 1, "b": 2}, "-a-without-b": {"a": 1}},
        ),
        ({"not": {"type": "string"}}, "not", {"+on": 5, "-ruled-out": "x"}),
        (
            {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
            "oneOf",
            {
                "+on-0": 1,
                "+on-1": 2.5,
                "-none-null": None,
                "-none-string": "text",
                "-none-object": {},
                "-both-0-and-1": 5,
            },
        ),
    ],
    ids=str,
)
def test_the_values_of_each_keyword(schema: Any, keyword: str, expected: dict[str, Any]) -> None:
    found = made(schema, keyword)
    assert list(found) == list(expected)
    assert str(found) == str(expected)  # which tells 30 from 30.0 and 1 from true


def plain_texts_cut(value: Any) -> Any:
    """`value` with `x` for the text that is put where any will do."""
    if isinstance(value, dict):
        return {name: plain_texts_cut(child) for name, child in value.items()}
    if isinstance(value, list):
        return [plain_texts_cut(child) for child in value]
    return "x" if isinstance(value, str) and value.startswith(PLAIN[:20]) else value


def test_near_misses_of_an_enum_differ_in_case_space_and_length() -> None:
    assert made({"enum": ["low", "auto"], "type": "string"}, "enum") == {
        "+on-low": "low",
        "+on-auto": "auto",
        "-low-upper-case": "LOW",
        "-low-capital": "Low",
        "-low-leading-space": " low",
        "-low-trailing-space": "low ",
        "-low-longer": "lows",
        "-low-shorter": "lo",
        "-auto-upper-case": "AUTO",
        "-auto-capital": "Auto",
        "-auto-leading-space": " auto",
        "-auto-trailing-space": "auto ",
        "-auto-longer": "autos",
        "-auto-shorter": "aut",
        "-off": "x",
    }


def test_a_neighbouring_type_is_a_near_miss_where_no_type_stands_beside() -> None:
    found = made({"enum": ["low", 3]}, "enum")
    assert found["-low-in-a-list"] == ["low"]
    assert found["-3-text"] == "3"


def test_near_misses_of_a_pattern_are_one_step_from_it() -> None:
    found = made({"type": "string", "pattern": "^[a-z]{2}-[A-Z]{2}$"}, "pattern")
    assert found == {
        "+on": "aa-AA",
        "-one-short": "aa-A",
        "-one-more": "aa-AA!",
        "-wrong-start": "!a-AA",
        "-wrong-case": "AA-aa",
        "-leading-space": " aa-AA",
        "-trailing-space": "aa-AA ",
        "-trailing-line-feed": "aa-AA\n",
        "-other-characters": "%%-%%",
        "-digits": "77-77",
        "-empty": "",
    }


def test_an_absent_key_is_left_out_and_nothing_else() -> None:
    properties = {name: {"const": name} for name in "ab"}
    found = made({"type": "object", "properties": properties, "required": ["a", "b"]}, "required")
    assert found == {
        "+on": {"a": "a", "b": "b"},
        "-without-a": {"b": "b"},
        "-without-b": {"a": "a"},
    }


def test_an_unknown_key_is_also_a_known_one_in_another_case() -> None:
    properties = {name: {"const": 1} for name in ("video_uri", "mixedCase", "plain")}
    found = made(
        {"type": "object", "properties": properties, "additionalProperties": False},
        "additionalProperties",
    )
    assert found.pop("-unknown") == {"unknown_key": "x"}
    assert found == {
        "+on": {"video_uri": 1, "mixedCase": 1, "plain": 1},
        "+on-fewest": {},
        "-as-videoUri": {"videoUri": 1},
        "-as-mixed_case": {"mixed_case": 1},
        "-as-Plain": {"Plain": 1},
    }


def test_what_belongs_to_another_branch_is_tried_in_each() -> None:
    def branch(name: str) -> Any:
        one = {"type": "object", "properties": {name: {"const": 1}}, "required": [name]}
        return one | {"additionalProperties": False}

    both = {"anyOf": [branch("a"), branch("b")]}
    assert made(both, "additionalProperties", "x/anyOf/0")["-with-b"] == {"b": 1, "a": 1}
    assert made(both, "required", "x/anyOf/1")["-without-b"] == {}
    assert made(both, "anyOf")["-none-object"] == {}


@pytest.mark.parametrize(
    ("keyword", "limit", "schema"),
    [
        ("minLength", 0, {}),
        ("additionalProperties", True, {}),
        ("additionalProperties", {"type": "string"}, {}),
        ("unevaluatedItems", {}, {}),
        ("maxContains", 1, {}),
        ("contains", {}, {"minContains": 0}),
        ("format", "uri", {}),
        ("title", "A", {}),
    ],
)
def test_what_turns_nothing_down_has_no_boundary(keyword: str, limit: Any, schema: Any) -> None:
    assert not asserts(keyword, limit, schema)


def test_every_boundary_speaks_of_both_sides() -> None:
    """But for `false`, whose good side is that nothing is there."""
    limits = {
        "type": "string", "enum": ["a"], "const": 1, "pattern": "^a$", "required": ["a"],
        "dependentRequired": {"a": ["b"]}, "contains": {"const": 1}, "anyOf": [{}], "oneOf": [{}],
        "not": {}, "additionalProperties": False, "unevaluatedProperties": False, "items": False,
        "unevaluatedItems": False, "uniqueItems": True, "false": False,
    }  # fmt: skip
    site = Site({"contains": {"const": 1}}, {})
    for keyword, boundary in BOUNDARIES.items():
        polarities = {proposal.polarity for proposal in boundary(limits.get(keyword, 2), site)}
        assert polarities == ({"violating"} if keyword == "false" else {"valid", "violating"})


@pytest.mark.parametrize("length", [1, 2, 3, 12, 43, 44, 45, 1000, 1001])
def test_a_text_to_order_has_the_length_and_no_space_at_its_ends(length: int) -> None:
    texts = [text for text, _ in zip(stretched(PLAIN, length, length), range(20), strict=False)]
    assert {len(text) for text in texts} == {length}
    assert len(set(texts)) == len(texts)
    assert all(text == text.strip() for text in texts)


@pytest.mark.parametrize(
    ("pattern", "low", "high"),
    [
        ("^[a-z]{2,5}$", 4, 4),
        (r"^(foo|bar)-\d+$", 30, 30),
        (r"^https?://[^/]+/", 1000, 1000),
        (r"(?=.*\d).{4,}", 0, 9),
        (r"^\S+$", 1, 1),
        (r"(a|b)\1", 2, 2),
        ("", 3, 3),
    ],
)
def test_a_text_of_a_pattern_is_found_in_the_length_asked_for(
    pattern: str, low: int, high: int
) -> None:
    text = next(matching(pattern, low, high))
    assert low <= len(text) <= high
    assert text.isascii()
    assert re.search(pattern, text)
    assert not any(re.search(f"(?:{pattern})(?!\\n)", t) for _, t in near_misses(pattern))


def test_a_text_is_given_for_every_format_of_the_specification() -> None:
    """`format` asserts nothing, so the other text of each is a probe and never a violation."""
    assert len(FORMATS) == 19
    assert all(good != bad for good, bad in FORMATS.values())


def test_a_value_is_found_in_depth_where_unions_must_end_a_recursion() -> None:
    node = {"anyOf": [{"type": "array", "items": {"$ref": "#"}, "minItems": 1}, {"const": 0}]}
    assert next(Builder(Document(node), {}).values()) == [[[0]]]
    assert next(Builder(Document(node), {}, branch=1).values()) == 0


def test_a_size_asks_for_all_properties_at_one_end() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 2, "maximum": 9},
            "l": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
        },
    }
    built = {
        size: next(Builder(Document(schema), {}, size).values())
        for size in ("small", "full", "smallest", "largest")
    }
    assert built["small"] == {}
    assert built["smallest"] == {"n": 2, "l": [True]}
    assert built["largest"] == {"n": 9, "l": [True, True, True]}
    assert built["full"].keys() == {"n", "l"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "not": {"uniqueItems": True}, "items": {"const": 1}}, [1, 1]),
        ({"type": "number", "not": {"type": "integer"}, "minimum": 7}, 7.5),
        ({"type": "integer", "not": {"multipleOf": 5}, "minimum": 10}, 11),
        ({"type": "string", "not": {"pattern": "^A"}, "minLength": 3, "maxLength": 3}, "!.."),
        ({"not": {"not": {"const": 3}}}, 3),
        ({"type": "object", "not": {"properties": {"a": {"type": "null"}}}}, {"a": True}),
        ({"if": {"type": "null"}, "then": False, "enum": [None, 2]}, 2),
        (
            {"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}, "required": ["a"]},
            {"a": "x", "b": "x"},
        ),
        ({"propertyNames": {"pattern": "^k"}, "minProperties": 2}, {"k": "x", "ka": "x"}),
        ({"oneOf": [{"minimum": 0}, {"type": "integer"}], "type": "number"}, 0.5),
    ],
    ids=str,
)
def test_a_value_is_found_for_what_only_tells_what_it_is_not(schema: Any, value: Any) -> None:
    found = next(Builder(Document(schema), {}).values())
    assert Document(schema).accepts([schema])(value)
    assert plain_texts_cut(found) == value


def test_what_cannot_be_found_ends_in_finite_time() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}
    assert list(Builder(Document(schema), {}).values()) == []
    puzzle = {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": [1, 2]}}
    assert list(Builder(Document(puzzle), {}).values()) == []


def test_bounds_beyond_the_doubles_are_kept() -> None:
    found = made({"type": "integer", "minimum": 10**400}, "minimum")
    assert found == {"+on": 10**400, "-below": 10**400 - 1}
    assert math.isfinite(next(iter(made({"type": "number", "maximum": 1e308}, "maximum").values())))


def test_every_assertion_of_the_specification_is_known_and_has_a_function() -> None:
    """A closed table: what asserts and has no function is refused at load, never skipped."""
    vocabulary = "https://json-schema.org/draft/2020-12/meta/validation"
    specified = SPECIFICATIONS[vocabulary].contents["properties"]
    assert specified.keys() <= ASSERTIONS
    assert BOUNDARIES.keys() >= ASSERTIONS
