"""The keywords of draft 2020-12 that hold schemas: one table, and the walks over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

Holding = Literal["schema", "list", "map"]

#: Every keyword whose value is a schema, a list of schemas, or an object of schemas (JSON Schema
#: Core 2020-12, sections 8 and 10 and 11; `definitions` as its meta-schema keeps it).
SUBSCHEMAS: dict[str, Holding] = {
    "$defs": "map",
    "definitions": "map",
    "properties": "map",
    "patternProperties": "map",
    "additionalProperties": "schema",
    "propertyNames": "schema",
    "dependentSchemas": "map",
    "prefixItems": "list",
    "items": "schema",
    "contains": "schema",
    "allOf": "list",
    "anyOf": "list",
    "oneOf": "list",
    "not": "schema",
    "if": "schema",
    "then": "schema",
    "else": "schema",
    "unevaluatedItems": "schema",
    "unevaluatedProperties": "schema",
    "contentSchema": "schema",
}

_NAMED = ("list", "map")

#: Keywords that allow no further members or items when they are `false`. Their violation names the
#: keyword and the whole object or array; that of any other `false` names the single value.
CLOSING = frozenset({"additionalProperties", "items", "unevaluatedItems", "unevaluatedProperties"})

#: Every keyword that rejects values by itself (JSON Schema Validation 2020-12, section 6, and the
#: applicators that do more than apply their subschemas).
ASSERTIONS = frozenset(
    {"type", "enum", "const"}
    | {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
    | {"maxLength", "minLength", "pattern"}
    | {"maxItems", "minItems", "uniqueItems", "contains", "maxContains", "minContains"}
    | {"maxProperties", "minProperties", "required", "dependentRequired"}
    | {"anyOf", "oneOf", "not"}
)

#: Annotation of ours: names of properties that the builders of inputs add although `required` does
#: not list them. Validators ignore it.
PREFERRED = "x-preferred"

Path = tuple[str | int, ...]


def children(schema: Any) -> Iterator[tuple[Path, Any]]:
    """The direct subschemas of `schema`, each with its path from there."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        holding = SUBSCHEMAS.get(keyword)
        if holding == "schema":
            yield (keyword,), value
        elif holding == "list":
            yield from (((keyword, index), child) for index, child in enumerate(value))
        elif holding == "map":
            yield from (((keyword, name), child) for name, child in value.items())


def walk(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """`schema` and all its subschemas, each with its path; `$ref` is not followed."""
    yield path, schema
    for step, child in children(schema):
        yield from walk(child, path + step)


def ends_in_keyword(path: Path) -> bool:
    """Whether the path of a schema ends in a keyword, not in the name of a member."""
    named = name_next = False
    for part in path:
        named, name_next = name_next, not name_next and SUBSCHEMAS.get(str(part)) in _NAMED
    return bool(path) and not named


def rewrite(schema: Any, change: Callable[[Any, Path, Path], Any], path: Path = ()) -> Any:
    """A copy of the document with every schema put through `change`, innermost first.

    Args:
        schema: The document.
        change: Takes a fresh copy of one schema, its path from the root, and its path from the
            schema around it (one part, or two inside a list or an object); returns the schema
            that replaces it.
        path: Path of `schema` itself.
    """
    return _rewrite(schema, change, path, ())


def _rewrite(schema: Any, change: Callable[[Any, Path, Path], Any], path: Path, step: Path) -> Any:
    if isinstance(schema, dict):
        schema = {key: _rewritten(key, held, change, path) for key, held in schema.items()}
    return change(schema, path, step)


def _rewritten(
    keyword: str, held: Any, change: Callable[[Any, Path, Path], Any], path: Path
) -> Any:
    """A copy of the value of a keyword, with the schemas in it put through `change`."""

    def inner(child: Any, *step: str | int) -> Any:
        return _rewrite(child, change, path + step, step)

    holding = SUBSCHEMAS.get(keyword)
    if holding == "schema":
        return inner(held, keyword)
    if holding == "list":
        return [inner(child, keyword, index) for index, child in enumerate(held)]
    if holding == "map":
        return {name: inner(child, keyword, name) for name, child in held.items()}
    return copied(held)


def copied(value: Any) -> Any:
    """A deep copy of a JSON value, in plain objects and arrays."""
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list) else value
