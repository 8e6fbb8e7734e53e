"""Schemas of older drafts and of OpenAPI 3.0 are read by what `$schema` says."""

from __future__ import annotations

from typing import Any

import pytest

from aleph_contract.schema.dialects import translated

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_6 = "http://json-schema.org/draft-06/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
OPENAPI = "https://spec.openapis.org/oas/3.0/schema/2021-09-28"

TRANSLATIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (DRAFT_4, {"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
    (DRAFT_4, {"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
    (DRAFT_4, {"exclusiveMaximum": True}, {}),
    (DRAFT_4, {"id": "urn:a"}, {"$id": "urn:a"}),
    (DRAFT_4, {"const": 1, "contains": {}}, {}),
    (DRAFT_6, {"const": 1, "if": {}}, {"const": 1}),
    (DRAFT_7, {"exclusiveMinimum": 0}, {"exclusiveMinimum": 0}),
    (DRAFT_7, {"nullable": True, "type": "string"}, {"nullable": True, "type": "string"}),
    (DRAFT_7, {"$id": "#a"}, {"$anchor": "a"}),
    (DRAFT_7, {"items": [{}], "additionalItems": False}, {"prefixItems": [{}], "items": False}),
    (DRAFT_7, {"items": {}, "additionalItems": False}, {"items": {}}),
    (
        DRAFT_7,
        {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
        {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
    ),
    (DRAFT_7, {"dependentRequired": {"a": ["b"]}}, {}),
    (
        DRAFT_7,
        {"definitions": {"a": {"type": "null"}}, "$ref": "#/definitions/a", "minLength": 3},
        {"definitions": {"a": {"type": "null"}}, "$ref": "#/definitions/a"},
    ),
    (DRAFT_2019, {"$recursiveRef": "#", "minLength": 3}, {"$ref": "#", "minLength": 3}),
    (DRAFT_2019, {"items": [True]}, {"prefixItems": [True]}),
    (OPENAPI, {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    (OPENAPI, {"type": "string", "nullable": False}, {"type": "string"}),
    (OPENAPI, {"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
]


@pytest.mark.parametrize(("dialect", "schema", "expected"), TRANSLATIONS)
def test_a_keyword_is_read_as_its_dialect_says(
    dialect: str, schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert translated({"$schema": dialect, **schema}) == (expected, ())
    nested = {"$schema": dialect, "properties": {"a": {"anyOf": [schema]}}}
    assert translated(nested) == ({"properties": {"a": {"anyOf": [expected]}}}, ())


@pytest.mark.parametrize("dialect", [DRAFT_2020, "https://example.com/private", 7])
def test_the_current_draft_and_unknown_dialects_are_left_alone(dialect: Any) -> None:
    schema = {"$schema": dialect, "nullable": True, "items": [{}]}
    assert translated(schema).schema is schema


#: A keyword that means nothing in draft 2020-12, and the dialect that the warning names.
FOREIGN: list[tuple[dict[str, Any], str]] = [
    ({"nullable": True}, "OpenAPI 3.0"),
    ({"exclusiveMinimum": True}, "draft 4"),
    ({"exclusiveMaximum": False}, "draft 4"),
    ({"items": [{}]}, "before 2020-12"),
    ({"additionalItems": False}, "before 2020-12"),
    ({"dependencies": {"a": ["b"]}}, "before 2019-09"),
    ({"id": "urn:a"}, "draft 4"),
    ({"$recursiveRef": "#"}, "2019-09"),
    ({"divisibleBy": 2}, "draft 3"),
]


@pytest.mark.parametrize(("part", "dialect"), FOREIGN)
def test_without_a_dialect_a_foreign_keyword_is_dropped_and_named(
    part: dict[str, Any], dialect: str
) -> None:
    (keyword,) = part
    read, ((where, reason),) = translated({"properties": {"a": {"type": "string", **part}}})
    assert read == {"properties": {"a": {"type": "string"}}}
    assert where == f"/properties/a/{keyword}"
    assert dialect in reason


def test_a_property_named_like_a_keyword_is_no_keyword() -> None:
    schema = {"properties": {"nullable": {"type": "boolean"}, "id": {"type": "string"}}}
    assert translated(schema) == (schema, ())


def test_a_malformed_schema_is_left_for_the_check_of_the_schema() -> None:
    malformed: list[Any] = [True, {"properties": 5}, {"allOf": {}}, {"items": 3}, {"anyOf": [7]}]
    for schema in malformed:
        assert translated(schema).schema == schema
