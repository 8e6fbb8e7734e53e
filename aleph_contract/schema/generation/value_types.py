"""The values that a conjunction lists, and the types that it admits, the likeliest first."""

from __future__ import annotations

from typing import Any

from aleph_contract.schema.document import admitted_types, listed_types
from aleph_contract.schema.pointers import SchemaStep


def listed(schemas: list[Any]) -> list[Any] | None:
    """The values of the first `const`, else of the first `enum`; `None` if there is neither."""
    schemas = [schema for schema in schemas if isinstance(schema, dict)]
    for schema in schemas:
        if "const" in schema:
            return [schema["const"]]
    return next((list(schema["enum"]) for schema in schemas if "enum" in schema), None)


#: Keywords that suggest a type where `type` is absent, the likeliest type first.
_TYPE_KEYWORDS = {
    "object": frozenset(
        [
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ]
    ),
    "array": frozenset(
        [
            "items",
            "prefixItems",
            "contains",
            "minContains",
            "maxContains",
            "minItems",
            "maxItems",
            "uniqueItems",
            "unevaluatedItems",
        ]
    ),
    "string": frozenset(["minLength", "maxLength", "pattern", "format"]),
    "number": frozenset(
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
    ),
}
_DEFAULT_ORDER = ("string", "integer", "number", "boolean", "object", "array", "null")


_ITEM_STEPS = frozenset({"items", "prefixItems", "unevaluatedItems"})


def likely_types(schemas: list[Any], remaining: tuple[SchemaStep, ...]) -> list[str]:
    """Types that a value may have, the likeliest first."""
    if remaining:
        return ["array" if remaining[0].keyword in _ITEM_STEPS else "object"]
    likely = (
        type_name
        for type_name, keywords in _TYPE_KEYWORDS.items()
        if any(map(keywords.intersection, schemas))
    )
    named = (type_name for s in schemas for type_name in listed_types(s))
    opposite = [type_name for s in schemas for type_name in listed_types(s.get("not", {}))]
    order = dict.fromkeys([*named, *likely, *_DEFAULT_ORDER])
    return [type_name for type_name in admitted_types(schemas, order) if type_name not in opposite]
