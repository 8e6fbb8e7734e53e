"""Every constraint of a schema is listed and named; an unsupported keyword is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from aleph_contract.cases.constraints import constraints, walk
from aleph_contract.contract import Contract
from aleph_contract.errors import ContractError
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.schema.document import Document
from aleph_contract.schema.keywords import SUBSCHEMAS
from aleph_contract.schema.pointers import follow, without


def keys(schema: Any) -> list[str]:
    return [constraint.key for constraint in walk(Document(schema))]


#: Keywords of draft 2020-12 that assert nothing themselves; those that hold schemas are walked.
ANNOTATIONS = {
    "$id $schema $anchor $dynamicAnchor $vocabulary $comment $defs definitions title description",
    "default examples deprecated readOnly writeOnly contentEncoding contentMediaType format",
    "contentSchema dependencies $recursiveAnchor $recursiveRef",
}


def test_every_keyword_of_the_specification_is_handled_or_asserts_nothing() -> None:
    base = "https://json-schema.org/draft/2020-12/"
    names = ["schema", *(f"meta/{part}" for part in ("core", "applicator", "unevaluated"))]
    names += [f"meta/{part}" for part in ("validation", "meta-data", "content")]
    names += ["meta/format-annotation"]
    known = {name for n in names for name in REGISTRY.contents(base + n)["properties"]}
    quiet = {word for line in ANNOTATIONS for word in line.split()}
    references = {"$ref", "$dynamicRef"}
    assert known - quiet - references == (set(BOUNDARIES) | set(SUBSCHEMAS)) - quiet - {"false"}


def test_the_shipped_contract_has_59_constraints() -> None:
    found = constraints()
    assert len(found) == 59
    assert len({constraint.key for constraint in found}) == 59
    schema = Contract.load().input_schema
    assert all(follow(schema, c.schema) == c.limit for c in found)
    assert all(c.schema.endswith(f"/{c.keyword}") for c in found)


def test_a_constraint_has_its_location_keyword_and_limit() -> None:
    by_key = {constraint.key: constraint for constraint in constraints()}
    seed = by_key["seed/maximum"]
    assert (seed.instance, seed.keyword, seed.limit) == ("/seed", "maximum", 4294967295)
    seconds = by_key["keyframes/*/anyOf/0/seconds/maximum"]
    assert seconds.instance == "/keyframes/*/seconds"
    assert seconds.schema == "/properties/keyframes/items/anyOf/0/properties/seconds/maximum"
    assert [step.keyword for step in seconds.path] == [
        "properties",
        "items",
        "anyOf",
        "properties",
    ]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, ["allOf/0/minimum", "allOf/1/maximum"]),
        ({"oneOf": [{"type": "null"}, {}]}, ["oneOf", "oneOf/0/type"]),
        ({"not": {"type": "null"}}, ["not"]),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxProperties": 1}},
            ["then/required", "else/maxProperties"],
        ),
        ({"then": {"required": ["b"]}}, []),
        (
            {"prefixItems": [{"minimum": 1}, {"minimum": 2}], "items": {"minimum": 3}},
            ["0/minimum", "1/minimum", "*/minimum"],
        ),
        ({"prefixItems": [{}], "items": False}, ["items"]),
        ({"contains": {"minimum": 1}}, ["contains"]),
        ({"contains": {"minimum": 1}, "minContains": 2}, ["minContains"]),
        (
            {"contains": {}, "minContains": 0, "maxContains": 2},
            ["maxContains"],
        ),
        ({"minContains": 2, "maxContains": 3}, []),
        ({"dependentRequired": {"a": ["b"]}}, ["dependentRequired"]),
        ({"dependentRequired": {"a": []}}, []),
        ({"dependentSchemas": {"a": {"maxProperties": 1}}}, ["dependentSchemas/a/maxProperties"]),
        ({"patternProperties": {"^x-": {"minLength": 1}}}, ["patternProperties/x/minLength"]),
        ({"propertyNames": {"maxLength": 3}}, ["propertyNames/maxLength"]),
        ({"additionalProperties": {"minLength": 1}}, ["additionalProperties/minLength"]),
        ({"additionalProperties": {}}, []),
        ({"unevaluatedProperties": False}, ["unevaluatedProperties"]),
        (
            {"unevaluatedProperties": {"minLength": 1}},
            ["unevaluatedProperties", "unevaluatedProperties/minLength"],
        ),
        ({"unevaluatedItems": True}, []),
        ({"properties": {"a": False}}, ["a"]),
        ({"minLength": 0, "minItems": 0, "minProperties": 0, "uniqueItems": False}, []),
        ({"required": []}, []),
        ({"format": "uri", "title": "A", "x-unknown": {"type": "string"}}, []),
        ({"properties": {"type": {"type": "string"}}}, ["type/type"]),
    ],
)
def test_each_keyword_is_walked(schema: Any, expected: list[str]) -> None:
    assert keys(schema) == expected


def test_a_reference_is_followed_to_its_target() -> None:
    schema = {
        "$defs": {"uri": {"minLength": 8}},
        "properties": {"a": {"$ref": "#/$defs/uri"}, "b": {"$ref": "#/$defs/uri", "minLength": 9}},
    }
    found = walk(Document(schema))
    assert [c.key for c in found] == ["a/minLength", "b/minLength", "b/minLength-2"]
    assert [c.schema for c in found] == [
        "/$defs/uri/minLength",
        "/properties/b/minLength",
        "/$defs/uri/minLength",
    ]


@pytest.mark.parametrize(
    ("schema", "where", "left"),
    [
        ({"minimum": 1, "maximum": 2}, "/minimum", {"maximum": 2}),
        ({"additionalProperties": False}, "/additionalProperties", {}),
        ({"properties": {"items": False}}, "/properties/items", {"properties": {"items": True}}),
        ({"properties": {"a": False}}, "/properties/a", {"properties": {"a": True}}),
        ({"if": {}, "then": False}, "/then", {"if": {}, "then": True}),
        ({"contains": {}, "minContains": 2, "minItems": 1}, "/minContains", {"minItems": 1}),
        (
            {"properties": {"minContains": False, "contains": {}}},
            "/properties/minContains",
            {"properties": {"minContains": True, "contains": {}}},
        ),
        ({"allOf": [{}, {"items": False}]}, "/allOf/1/items", {"allOf": [{}, {}]}),
        (
            {"properties": {"properties": {"items": False}}},
            "/properties/properties/items",
            {"properties": {"properties": {}}},
        ),
        (False, "", True),
    ],
)
def test_a_keyword_can_be_removed(schema: Any, where: str, left: Any) -> None:
    before = json.dumps(schema)
    assert without(schema, [where]) == left
    assert json.dumps(schema) == before


def test_nested_keywords_can_be_removed_together() -> None:
    schema = {"anyOf": [{"minimum": 1}], "maximum": 3}
    assert without(schema, ["/anyOf", "/anyOf/0/minimum"]) == {"maximum": 3}


def test_a_limit_is_reported_as_published() -> None:
    schema = {
        "$defs": {"a": {"type": "null"}},
        "anyOf": [{"$ref": "#/$defs/a"}],
        "$id": "https://a/b",
    }
    (union, _) = walk(Document(schema))
    assert union.limit == [{"$ref": "#/$defs/a"}]


def test_a_schema_that_contains_itself_is_entered_once() -> None:
    node = {"required": ["name"], "properties": {"next": {"$ref": "#/$defs/node"}}}
    assert keys({"$defs": {"node": node}, "$ref": "#/$defs/node"}) == ["required"]
    assert keys({"maxProperties": 2, "properties": {"next": {"$ref": "#"}}}) == ["maxProperties"]


@pytest.mark.parametrize(
    "reference",
    ["#/$defs/a", "#here", "https://example.com/s#here", "s", "https://example.com/s", "#/$defs/b"],
)
def test_a_reference_may_be_a_pointer_an_anchor_or_a_uri(reference: str) -> None:
    inner = {"$anchor": "here", "maxLength": 3}
    schema = {
        "$id": "https://example.com/root",
        "$defs": {
            "a": {"maxLength": 3},
            "b": {"$id": "s", **inner},
            "c": {"$anchor": "here", "maxLength": 3},
        },
        "properties": {"p": {"$ref": reference}},
    }
    assert keys(schema) == ["p/maxLength"]


def test_a_reference_may_point_below_an_unknown_keyword() -> None:
    parts = {"a": {"$ref": "#/components/b"}, "b": {"maxLength": 3}}
    schema = {"components": parts, "properties": {"p": {"$ref": "#/components/a"}}}
    assert keys(schema) == ["p/maxLength"]


def test_a_ref_inside_a_const_is_no_reference() -> None:
    assert keys({"const": {"$ref": "#/nowhere", "$id": 7}}) == ["const"]


@pytest.mark.parametrize(
    ("schema", "location"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "/properties/a/$ref"),
        ({"$ref": "#none"}, "/$ref"),
        ({"$ref": "other.json"}, "/$ref"),
        ({"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}, "/items/$schema"),
        ({"patternProperties": {"a/(": {}}}, "/patternProperties/a~1("),
        ({"pattern": "^[a-z]{1,4000000}$"}, "/pattern"),
        ({"not": {"pattern": r"\p{Script=Greek}"}}, "/not/pattern"),
    ],
)
def test_an_unsupported_assertion_is_an_error_at_load(schema: Any, location: str) -> None:
    with pytest.raises(ContractError) as caught:
        Document(schema, source="file", location="/schema/input")
    assert (caught.value.source, caught.value.location) == ("file", f"/schema/input{location}")
