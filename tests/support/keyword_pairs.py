"""Small schemas that combine two keywords, to draw from and to list."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

_ABC = {"type": "string", "pattern": "^[a-c]+$"}

#: Keyword -> the members of a schema that state it, each with a limit of its own.
KEYWORDS: dict[str, tuple[dict[str, Any], ...]] = {
    "type": ({"type": "string"}, {"type": ["integer", "null"]}, {"type": ["array", "object"]}),
    "enum": ({"enum": ["a", "b", 4, None]}, {"enum": [1, "1", [], {}]}),
    "const": ({"const": "ab"}, {"const": [1, 2]}, {"const": {"a": 1}}),
    "multipleOf": ({"multipleOf": 0.5}, {"multipleOf": 4}),
    "minimum": ({"minimum": 0}, {"minimum": 2.5}),
    "maximum": ({"maximum": 5}, {"maximum": -1}),
    "exclusiveMinimum": ({"exclusiveMinimum": 0},),
    "exclusiveMaximum": ({"exclusiveMaximum": 5.5},),
    "minLength": ({"minLength": 1}, {"minLength": 5}),
    "maxLength": ({"maxLength": 0}, {"maxLength": 6}),
    "pattern": ({"pattern": "^[a-c]+$"}, {"pattern": "[0-9]"}),
    "format": ({"format": "email"}, {"format": "date"}, {"format": "uri"}),
    "minItems": ({"minItems": 1}, {"minItems": 3}),
    "maxItems": ({"maxItems": 0}, {"maxItems": 3}),
    "uniqueItems": ({"uniqueItems": True},),
    "items": ({"items": {"type": "integer", "maximum": 3}}, {"items": False}),
    "prefixItems": ({"prefixItems": [{"type": "string"}, {"minimum": 1}]},),
    "contains": (
        {"contains": {"const": 1}},
        {"contains": _ABC, "minContains": 2},
        {"contains": {"type": "integer"}, "minContains": 0, "maxContains": 1},
    ),
    "unevaluatedItems": ({"unevaluatedItems": False}, {"unevaluatedItems": {"type": "integer"}}),
    "properties": (
        {"properties": {"a": {"type": "integer", "minimum": 1}, "": {"type": "string"}}},
        {"properties": {"a/b": _ABC, "~": False}},
    ),
    "required": ({"required": ["a"]}, {"required": ["", "__proto__"]}),
    "minProperties": ({"minProperties": 2},),
    "maxProperties": ({"maxProperties": 1},),
    "additionalProperties": (
        {"additionalProperties": False},
        {"additionalProperties": {"type": "integer"}},
    ),
    "patternProperties": ({"patternProperties": {"^a": {"type": "integer"}}},),
    "propertyNames": ({"propertyNames": {"maxLength": 3}},),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}},),
    "dependentSchemas": ({"dependentSchemas": {"a": {"required": ["c"]}}},),
    "unevaluatedProperties": (
        {"unevaluatedProperties": False},
        {"unevaluatedProperties": {"type": "integer", "maximum": 2}},
    ),
    "anyOf": (
        {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer", "minimum": 3}]},
        {"anyOf": [{"required": ["a"]}, {"minItems": 2}]},
    ),
    "oneOf": ({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]},),
    "allOf": ({"allOf": [{"multipleOf": 4}, {"multipleOf": 6}]}, {"allOf": [_ABC]}),
    "not": ({"not": {"type": "null"}}, {"not": {"const": "ab"}}),
    "if": ({"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"not": {"const": 1}}},),
}

#: The type of values that a schema without `type` is tried with.
_TYPES = (None, "string", "number", "integer", "array", "object")


def pairs() -> Iterator[dict[str, Any]]:
    """Every combination of two keywords, each with its first limit."""
    for one, other in combinations(KEYWORDS, 2):
        yield KEYWORDS[other][0] | KEYWORDS[one][0]


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas with two keywords, alone, with a `type`, or one of them in a branch."""
    names = draw(st.lists(st.sampled_from(sorted(KEYWORDS)), min_size=2, max_size=2, unique=True))
    one: dict[str, Any] = draw(st.sampled_from(KEYWORDS[names[0]]))
    other: dict[str, Any] = draw(st.sampled_from(KEYWORDS[names[1]]))
    shape = draw(st.sampled_from(["flat", "typed", "allOf", "anyOf", "property", "item"]))
    kind = draw(st.sampled_from(_TYPES))
    typed = {} if kind is None or "type" in {**one, **other} else {"type": kind}
    if shape == "allOf":
        return {"allOf": [one, other], **typed}
    if shape == "anyOf":
        return {"anyOf": [{**typed, **one, **other}, {"const": True}]}
    if shape == "property":
        return {"type": "object", "properties": {"p": one | other | typed}, "required": ["p"]}
    if shape == "item":
        return {"type": "array", "items": one | other | typed, "maxItems": 2}
    return one | other | typed
