"""Which values a conjunction lists, and which types it admits, the likeliest first."""

from __future__ import annotations

from typing import Any

from aleph_contract.schema.document import admitted_types, listed_types
from aleph_contract.schema.pointers import SchemaStep


def listed(schemas: list[Any]) -> list[Any] | None:
    """All the values there can be, if some schema lists them."""
    schemas = [schema for schema in schemas if isinstance(schema, dict)]
    for schema in schemas:
        if "const" in schema:
            return [schema["const"]]
    return next((list(schema["enum"]) for schema in schemas if "enum" in schema), None)


#: What each type is recognised by where `type` is not given, the likeliest type first.
_SIGNS = {
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
_COMMONEST = ("string", "integer", "number", "boolean", "object", "array", "null")


def likely_types(schemas: list[Any], rest: tuple[SchemaStep, ...]) -> list[str]:
    """Types that a value may have, the likeliest first."""
    if rest:
        return ["array" if rest[0].keyword in ("items", "prefixItems") else "object"]
    likely = (kind for kind, signs in _SIGNS.items() if any(map(signs.intersection, schemas)))
    named = (kind for s in schemas for kind in listed_types(s))
    opposite = [kind for s in schemas for kind in listed_types(s.get("not", {}))]
    order = dict.fromkeys([*named, *likely, *_COMMONEST])
    return [kind for kind in admitted_types(schemas, order) if kind not in opposite]
